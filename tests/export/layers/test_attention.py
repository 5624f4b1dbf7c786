"""Attention: what each layer and `ops.dot_product_attention` becomes, at any length."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.src.ops.nn import DotProductAttention

from keras_acts.export import to_onnx
from support.export_check import assert_alike, each, open_session, operators, run
from support.runs.evidence import compares_answers
from support.zoo import (
    NAMED_SIZES,
    ModelCase,
    check_at_sizes,
    mask,
    model_case,
    real,
    tokens,
)

ONES = {"kernel_initializer": "ones"}
PLAIN = {"Add", "MatMul", "Mul", "Softmax"}
SCALED = PLAIN - {"Mul"}  # where the weights of the queries take the factor
CAUSAL = PLAIN | {"GreaterOrEqual", "Range", "Where"}
MASKED = PLAIN | {"Where"}


# The operation


def attention(name: str, *, heads: tuple[int, int] = (2, 2), **row: Any) -> ModelCase:
    """The operation on queries, keys and values, with one more input for a mask.

    Keras computes it with one head of keys for each of queries: not every backend takes
    fewer.
    """
    of_queries, of_keys = heads
    given = row.pop("given", {})
    arguments = {k: v for k, v in row.items() if k != "dtype"}

    def call(q: Any, k: Any, v: Any, **more: Any) -> Any:
        return ops.dot_product_attention(q, k, v, **more, **arguments)

    def repeated(q: Any, k: Any, v: Any, **more: Any) -> Any:
        k, v = (ops.repeat(x, of_queries // of_keys, axis=2) for x in (k, v))
        return call(q, k, v, **more)

    inputs = {
        "q": real("T", of_queries, 4),
        "k": real("S", of_keys, 4),
        "v": real("S", of_keys, 4),
    }
    return model_case(name, call, reference=repeated, **inputs, **given)


OPERATION = [
    attention("plain"),
    attention("causal", is_causal=True),
    attention("scale", scale=0.25),
    attention("mask", given={"mask": mask(2, "T", "S")}),
    attention("mask of keys", given={"mask": mask(1, 1, "S")}),
    attention("mask and causal", given={"mask": mask(1, 1, "S")}, is_causal=True),
    attention("bias", given={"bias": real(2, "T", "S")}),
    attention("grouped", heads=(4, 2)),
    attention("one key", heads=(4, 1), is_causal=True),
    attention("grouped mask", heads=(4, 2), given={"mask": mask(4, "T", "S")}),
    attention("grouped bias", heads=(4, 2), given={"bias": real(1, "T", "S")}),
]


@each(*OPERATION)
def test_the_operation(case: ModelCase) -> None:
    check_at_sizes(case)


@pytest.mark.parametrize("opset", [17, 26])
@pytest.mark.parametrize("target", ["cpu", "cuda", "portable"])
def test_the_operation_at_other_opsets(opset: int, target: str) -> None:
    options = {"opset": opset, "target": target}
    given = {"mask": mask(1, 1, "S")}
    row = attention("mask and causal", heads=(4, 2), given=given, is_causal=True)
    check_at_sizes(dataclasses.replace(row, options=options))


def reference(
    q: Any, k: Any, v: Any, kept: Any = True, cap: float | None = None
) -> Any:
    """Attention in float64; a row without a key is the mean of all, as in Keras."""
    q, k, v = (np.moveaxis(x.astype("float64"), 1, 2) for x in (q, k, v))
    logits = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    logits = logits if cap is None else cap * np.tanh(logits / cap)
    logits = np.where(kept, logits, -1e300)
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.moveaxis(powers / powers.sum(-1, keepdims=True) @ v, 2, 1)


def drawn(dtype: str, scale: float = 1.0) -> list[Any]:
    rng = np.random.default_rng(4)
    return [
        (scale * rng.normal(size=(3, 5, 2, 4))).astype(dtype),
        (scale * rng.normal(size=(3, 7, 2, 4))).astype(dtype),
        rng.normal(size=(3, 7, 2, 4)).astype(dtype),
    ]


def answered(call: Callable[..., Any], arrays: list[Any], **options: Any) -> Any:
    inputs = [keras.Input((None, *x.shape[2:]), dtype=str(x.dtype)) for x in arrays[:3]]
    inputs += [keras.Input(x.shape[1:], dtype="bool") for x in arrays[3:]]
    proto = to_onnx(keras.Model(inputs, call(*inputs)), engine="native", **options)
    return run(open_session(proto), arrays)[0]


@pytest.mark.parametrize("target", ["cpu", "portable"])
def test_logits_beyond_float16(target: str) -> None:
    arrays = drawn("float16", scale=300.0)
    got = answered(ops.dot_product_attention, arrays, target=target)
    assert np.isfinite(got).all()
    assert_alike(got, reference(*arrays).astype("float16"))


@pytest.mark.parametrize("written", [None, "float16"])
@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_rows_without_keys_in_float16(target: str, written: str | None) -> None:
    kept = np.ones((3, 1, 1, 7), bool)
    kept[1], kept[2, ..., 2:] = False, False
    arrays = drawn("float32" if written else "float16", scale=6.0)
    wanted = reference(*arrays, kept)
    given = [x.astype("float16") for x in arrays] if written else arrays

    def call(q: Any, k: Any, v: Any, kept: Any) -> Any:
        return ops.dot_product_attention(q, k, v, mask=kept)

    inputs = [keras.Input((None, 2, 4), dtype=str(x.dtype)) for x in arrays]
    inputs.append(keras.Input((1, 1, None), dtype="bool"))
    model = keras.Model(inputs, call(*inputs))
    proto = to_onnx(model, engine="native", target=target, dtype=written)
    got = run(open_session(proto), [*given, kept])[0]
    assert got.dtype == "float16"
    np.testing.assert_allclose(got[1], wanted[1], atol=4e-3)
    np.testing.assert_allclose(got, wanted, atol=4e-2)


def test_float64(x64: None) -> None:
    arrays = drawn("float64")
    got = answered(ops.dot_product_attention, arrays)
    assert_alike(got, reference(*arrays))


def test_a_cap_of_the_logits() -> None:
    """Keras takes it on TPUs alone, where the kernel bounds the logits by tanh."""
    arrays = drawn("float32", scale=3.0)
    capped = DotProductAttention(attn_logits_soft_cap=2.0)
    assert_alike(
        answered(lambda *x: capped.symbolic_call(*x), arrays),
        reference(*arrays, cap=2.0).astype("float32"),
    )


# The layers of many heads


def of_heads(name: str, found: set[str] | None = None, **row: Any) -> Any:
    """A layer of two heads on two sequences, or on one with itself."""
    call, given = row.pop("call", {}), row.pop("given", {})
    cross = row.pop("cross", False)
    layer = {"num_heads": 2, "key_dim": 4, **ONES, **row}

    def outputs(query: Any, value: Any = None, **more: Any) -> Any:
        made = layers.MultiHeadAttention(**layer)
        return made(query, query if value is None else value, **call, **more)

    inputs = {"query": real("T", 8), **({"value": real("S", 6)} if cross else {})}
    return pytest.param(model_case(name, outputs, **inputs, **given), found, id=name)


MULTI_HEAD = [
    of_heads("self", PLAIN),
    of_heads("cross", PLAIN, cross=True),
    of_heads("no bias", {"MatMul", "Mul", "Softmax"}, use_bias=False),
    of_heads("causal", CAUSAL, call={"use_causal_mask": True}),
    of_heads("causal cross", CAUSAL, cross=True, call={"use_causal_mask": True}),
    of_heads("mask", MASKED, cross=True, given={"attention_mask": mask("T", "S")}),
    of_heads("mask of each head", MASKED, given={"attention_mask": mask(2, "T", "T")}),
    of_heads("dropout", SCALED, dropout=0.5),
    of_heads("dropout and causal", None, dropout=0.5, call={"use_causal_mask": True}),
    of_heads("output shape", PLAIN, output_shape=(3, 2)),
    of_heads("gate", PLAIN | {"Sigmoid"}, use_gate=True),
    of_heads("window", None, sliding_window=3, call={"use_causal_mask": True}),
    of_heads("scores", SCALED, call={"return_attention_scores": True}),
    of_heads(
        "masked scores",
        None,
        cross=True,
        call={"return_attention_scores": True},
        given={"attention_mask": mask("T", "S")},
    ),
]


@pytest.mark.parametrize(("case", "found"), MULTI_HEAD)
def test_multi_head_attention(case: ModelCase, found: set[str] | None) -> None:
    proto = check_at_sizes(case)
    assert found is None or operators(proto) == found


def with_key(query: Any, value: Any, key: Any) -> Any:
    return layers.MultiHeadAttention(2, 4, **ONES)(query, value, key)


def with_masks(query: Any, value: Any, of_query: Any, of_value: Any) -> Any:
    layer = layers.MultiHeadAttention(2, 4, **ONES)
    return layer(query, value, query_mask=of_query, value_mask=of_value)


def embedded(words: Any) -> Any:
    x = layers.Embedding(6, 8, "ones", mask_zero=True)(words)
    return layers.MultiHeadAttention(2, 4, **ONES)(x, x, use_causal_mask=True)


def masked(query: Any, value: Any) -> Any:
    value = layers.Masking()(value * ops.cast(value[..., :1] > 0, "float32"))
    layer = layers.MultiHeadAttention(2, 4, **ONES)
    return layer(query, value, return_attention_scores=True)


def over_axes(*axes: int, **call: Any) -> Callable[[Any], Any]:
    def outputs(x: Any) -> Any:
        layer = layers.MultiHeadAttention(2, 4, attention_axes=axes, **ONES)
        return layer(x, x, **call)

    return outputs


def flash(enabled: bool | None) -> Callable[[Any], Any]:
    def outputs(x: Any) -> Any:
        return layers.MultiHeadAttention(2, 4, flash_attention=enabled, **ONES)(x, x)

    return outputs


def fused(**row: Any) -> dict[str, Any]:
    """A layer that calls the operation, which JAX has not for each size and dtype.

    With the scores asked for, Keras computes the same of other operations.
    """

    def outputs(query: Any) -> Any:
        return layers.MultiHeadAttention(2, 4, **ONES, **row)(query, query)

    def reference(query: Any) -> Any:
        layer = layers.MultiHeadAttention(2, 4, **ONES, **row)
        return layer(query, query, return_attention_scores=True)[0]

    return {"outputs": outputs, "reference": reference, "query": real("T", 8)}


OTHERS = [
    model_case(
        "key", with_key, query=real("T", 8), value=real("S", 6), key=real("S", 5)
    ),
    model_case(
        "masks as inputs",
        with_masks,
        query=real("T", 8),
        value=real("S", 6),
        of_query=mask("T"),
        of_value=mask("S"),
    ),
    model_case("mask of an embedding", embedded, words=tokens("T")),
    model_case("mask of a masking", masked, query=real("T", 8), value=real("S", 8)),
    model_case("one of two axes", over_axes(2), x=real(3, "T", 8)),
    model_case("the first of two axes", over_axes(1), x=real("T", "S", 8)),
    model_case("two axes", over_axes(1, 2), x=real("T", "S", 8)),
    model_case("flash", flash(True), reference=flash(None), x=real("T", 8)),
    model_case("value_dim", **fused(value_dim=3)),
    model_case("mixed precision", **fused(dtype="mixed_float16")),
]


@each(*OTHERS)
def test_masks_and_axes(case: ModelCase) -> None:
    check_at_sizes(case)


def grouped(name: str, **row: Any) -> ModelCase:
    call, given = row.pop("call", {}), row.pop("given", {})

    def outputs(query: Any, value: Any, **more: Any) -> Any:
        layer = layers.GroupQueryAttention(4, 4, 2, **ONES, **row)
        return layer(query, value, **call, **more)

    inputs = {"query": real("T", 8), "value": real("S", 8)}
    return model_case(name, outputs, **inputs, **given)


GROUPED = [
    grouped("plain"),
    grouped("causal", call={"use_causal_mask": True}, use_bias=False),
    grouped("mask", given={"attention_mask": mask("T", "S")}),
    grouped("masks", given={"query_mask": mask("T"), "value_mask": mask("S")}),
    grouped("window", sliding_window=2),
    grouped("scores", call={"return_attention_scores": True}, use_gate=True),
]


@each(*GROUPED)
def test_group_query_attention(case: ModelCase) -> None:
    check_at_sizes(case)


# The layers of one head


def single(name: str, layer: Any = layers.Attention, **row: Any) -> ModelCase:
    call, given = row.pop("call", {}), row.pop("given", {})

    def outputs(query: Any, value: Any, key: Any = None, **masks: Any) -> Any:
        several = [x for x in (query, value, key) if x is not None]
        more = {"mask": list(masks.values())} if masks else {}
        return layer(**row)(several, **call, **more)

    inputs = {"query": real("T", 4), "value": real("S", 4)}
    return model_case(name, outputs, **inputs, **given)


MASKS = {"of_query": mask("T"), "of_value": mask("S")}
ADDITIVE = layers.AdditiveAttention
SINGLE = [
    single("plain", given={"key": real("S", 4)}),
    single("scale", use_scale=True),
    single("causal", call={"use_causal_mask": True}),
    single("masks", given=MASKS),
    single("causal masks", given=MASKS, call={"use_causal_mask": True}),
    single("scores", given=MASKS, call={"return_attention_scores": True}),
    single("concat", score_mode="concat"),
    single("concat scale", score_mode="concat", use_scale=True, given=MASKS),
    single("dropout", dropout=0.5),
    single("float16", dtype="float16", given=MASKS, use_scale=True),
    single("additive", ADDITIVE),
    single("additive without scale", ADDITIVE, use_scale=False),
    single("additive masks", ADDITIVE, given=MASKS, call={"use_causal_mask": True}),
    single("additive scores", ADDITIVE, call={"return_attention_scores": True}),
]


@each(*SINGLE)
def test_single_head(case: ModelCase) -> None:
    check_at_sizes(case)


def test_the_runs_tell_lengths_apart() -> None:
    assert all(one["T"] != one["S"] for one in NAMED_SIZES)


@pytest.mark.parametrize("extra", ["", "mask", "causal"])
@pytest.mark.parametrize("unknown", ["q", "k", "qk"])
@pytest.mark.parametrize("heads", [(4, 4), (4, 2), (4, 1)], ids=str)
def test_heads_whose_number_is_unknown(
    heads: tuple[int, int], unknown: str, extra: str
) -> None:
    def attend(q: Any, k: Any, v: Any, keep: Any) -> Any:
        causal, mask = extra == "causal", keep if extra == "mask" else None
        y = keras.ops.dot_product_attention(q, k, v, mask=mask, is_causal=causal)
        return y + 0.0 * keras.ops.cast(keep[:, :1, :1, :1], y.dtype)

    rng = np.random.default_rng(0)
    arrays = [
        rng.normal(size=(2, 3, n, 4)).astype("float32") for n in (*heads, heads[1])
    ]
    arrays.append(rng.random((2, 1, 3, 3)) > 0.4)
    known = [
        None if name in unknown else n for name, n in zip("qk", heads, strict=True)
    ]
    signature = [
        *(keras.InputSpec(shape=(None, None, n, 4)) for n in (*known, known[1])),
        keras.InputSpec(shape=(None, 1, None, None), dtype="bool"),
    ]
    proto = to_onnx(attend, engine="native", input_signature=signature)
    if not compares_answers():
        return
    q, *shared, keep = arrays
    each_its_own = [np.repeat(x, heads[0] // heads[1], axis=2) for x in shared]
    want = np.asarray(keras.ops.convert_to_numpy(attend(q, *each_its_own, keep)))
    assert_alike(run(open_session(proto), arrays)[0], want)
