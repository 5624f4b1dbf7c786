"""What the passes make of attention: masks, sums before norms, what layers share."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import keras
import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from keras import layers
from onnx_ir.passes import PassBase
from onnx_ir.passes.common import NameFixPass

from keras_acts.export.passes.masks import MultiplyMasksPass
from keras_acts.export.passes.norm_sums import SumBeforeNormsPass
from keras_acts.export.passes.shared import ShareResultsPass
from support.export_check import assert_alike, open_session, outputs_of, randomize, run
from support.exported import exported, node_types
from support.foreign import SHAPE, Foreign, answers, check
from support.runs.evidence import compares_answers

once = pytest.mark.runs_once("the passes read an ONNX graph alone")

KEPT = np.array(
    [[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]], "bool"
)  # a row without a kept element among others
LOW, ZERO = np.float32(-1e9), np.float32(0)
MASKED = {"keep": KEPT, "low": LOW, "zero": ZERO}

LOGITS = "t = Transpose<perm = [0,1,3,2]>(x) l = MatMul(x, t) "
CHOICE = "w = Where(keep, l, low) s = Softmax<axis = -1>(w) "
CHOICES = f"{LOGITS}{CHOICE}z = Where(keep, s, zero) "
ATTENTION = f"{CHOICES}y = MatMul(z, x)"


def rewritten(case: Foreign, one: PassBase) -> Counter[str]:
    """Run a pass on a graph, check that it answers as before, and count operators."""
    model = onnx.shape_inference.infer_shapes(case.model())
    x = np.random.default_rng(0).normal(size=case.shape).astype("float32")
    converted = ir.from_proto(model)
    NameFixPass()(converted)
    one(converted)
    after = ir.to_proto(converted)
    onnx.checker.check_model(after, full_check=True)
    for got, want in zip(answers(after, x), answers(model, x), strict=True):
        assert_alike(got, want)
    return Counter(node_types(after))


KEYS = np.array([[1, 0, 1, 1]], "bool")
BY_KEYS = {**MASKED, "keep": KEYS}
LOGITS_OF_ONE = "t = Transpose<perm = [0,1,3,2]>(x) l = MatMul(q, t) "
CHOSEN, MULTIPLIED = {"Where": 2}, {"Where": 1, "Mul": 1}
MASKS = [
    # A graph, and what it has besides LOGITS, a Softmax and a last MatMul.
    (Foreign("by-keys", ATTENTION, BY_KEYS), MULTIPLIED),
    (Foreign("opset-17", ATTENTION, BY_KEYS, opset=17), MULTIPLIED),
    (Foreign("no-key", ATTENTION, {**BY_KEYS, "keep": KEPT[1:2]}), MULTIPLIED),
    (
        Foreign("one-axis", ATTENTION, {**BY_KEYS, "keep": KEPT[0]}),
        {**MULTIPLIED, "Reshape": 1},
    ),
    (
        Foreign("by-rows", ATTENTION, {**BY_KEYS, "keep": np.tile(KEYS, (2, 1, 1, 1))}),
        MULTIPLIED,
    ),
    (Foreign("by-queries", ATTENTION, MASKED), MULTIPLIED),
    (
        Foreign(
            "one-query",
            ATTENTION.replace(LOGITS, LOGITS_OF_ONE),
            {**BY_KEYS, "q": (2, 3, 1, 5)},
        ),
        MULTIPLIED,
    ),
    (
        Foreign("no-choice-after", f"{LOGITS}{CHOICE}y = MatMul(s, x)", BY_KEYS),
        {"Where": 1},
    ),
    (
        Foreign(
            "no-choice-before",
            ATTENTION.replace(CHOICE, "s = Softmax<axis = -1>(l) "),
            {"keep": KEYS, "zero": ZERO},
        ),
        {"Where": 1},
    ),
    (
        Foreign(
            "read-twice",
            f"{CHOICES}a = MatMul(z, x) y = Concat<axis = -1>(a, z)",
            BY_KEYS,
        ),
        {**CHOSEN, "Concat": 1},
    ),
    (
        Foreign("as-large", ATTENTION, {**MASKED, "keep": np.tile(KEPT, (2, 3, 1, 1))}),
        CHOSEN,
    ),
    (
        Foreign("infinitely-low", ATTENTION, {**BY_KEYS, "low": np.float32("-inf")}),
        CHOSEN,
    ),
    (
        Foreign("not-zero", ATTENTION, {**BY_KEYS, "zero": np.float32(1)}),
        CHOSEN,
    ),
    (
        Foreign("another-axis", ATTENTION.replace("axis = -1", "axis = 2"), BY_KEYS),
        CHOSEN,
    ),
]  # fmt: skip


@once
@pytest.mark.parametrize(
    ("case", "expected"), MASKS, ids=[str(case) for case, _ in MASKS]
)
def test_a_mask_is_multiplied(case, expected):
    found = rewritten(case, MultiplyMasksPass())
    found.subtract({"Transpose": found["Transpose"], "MatMul": 2, "Softmax": 1})
    found.subtract({"Cast": found["Mul"]})
    assert +found == expected


NAN, INF = float("nan"), float("inf")
WILD = {
    # A mask, and what is added to the logits; what is not kept is hidden.
    "hidden-nan": (KEYS, [0, NAN, 0, 0]),
    "hidden-inf": (KEYS, [0, INF, 0, 0]),
    "hidden-minus-inf": (KEYS, [0, -INF, 0, 0]),
    "kept-minus-inf": (KEYS, [0, 1, -INF, 0]),
    "all-kept-minus-inf": (KEYS, [-INF, 1, -INF, -INF]),
    "below-what-masks": (KEYS, [-2e9, 1, -2e9, -3e9]),
    "no-key": (KEPT[1:2], [NAN, INF, -INF, 0]),
    "by-queries": (KEPT, np.where(KEPT, 0, NAN)),
    "by-queries-inf": (KEPT, np.where(KEPT, 0, INF)),
}


@once
@pytest.mark.parametrize("name", WILD)
def test_what_a_mask_hides_stays_hidden(name):
    keep, added = WILD[name]
    weights = {**MASKED, "keep": keep, "wild": np.asarray(added, "float32")}
    body = ATTENTION.replace("l = MatMul(x, t)", "p = MatMul(x, t) l = Add(p, wild)")
    case = Foreign(name, body, weights)
    x = np.random.default_rng(0).normal(size=case.shape).astype("float32")
    model = case.model()
    (want,) = answers(model, x)
    assert np.isfinite(want).all()
    for changed in (check(model, x), _by_pass(model)):
        (got,) = answers(changed, x)
        assert_alike(got, want)


def _by_pass(model: onnx.ModelProto) -> onnx.ModelProto:
    converted = ir.from_proto(onnx.shape_inference.infer_shapes(model))
    NameFixPass()(converted)
    MultiplyMasksPass()(converted)
    return ir.to_proto(converted)


SHARED = [
    (Foreign("equal", "a = Exp(x) b = Exp(x) y = Add(a, b)"), 2),
    (Foreign("chains", "a = Exp(x) c = Abs(a) b = Exp(x) d = Abs(b) y = Add(c, d)"), 3),
    (Foreign("other-input", "a = Exp(x) b = Exp(a) y = Add(a, b)"), 3),
    (
        Foreign(
            "other-attribute",
            "a = Softmax<axis = 1>(x) b = Softmax<axis = 2>(x) y = Add(a, b)",
        ),
        3,
    ),
    (Foreign("an-output", "a = Exp(x) y = Exp(x)"), 2),
]


@once
@pytest.mark.parametrize(
    ("case", "count"), SHARED, ids=[str(case) for case, _ in SHARED]
)
def test_equal_computations_are_shared(case, count):
    assert rewritten(case, ShareResultsPass()).total() == count


@once
@pytest.mark.parametrize(
    "draw", ["RandomNormalLike(x)", "Bernoulli(x)", "Dropout(x, half, train)"]
)
def test_draws_are_not_shared(draw):
    weights = {"half": np.float32(0.5), "train": np.bool_(True)}
    case = Foreign("draws", f"a = {draw} b = {draw} y = Add(a, b)", weights)
    converted = ir.from_proto(case.model())
    ShareResultsPass()(converted)
    assert len(converted.graph) == 3


NORM = {"w": SHAPE[1:], "g": (5,), "b": (5,)}
NORMED = "a = Add(x, w) y = LayerNormalization(a, g, b)"
RANK_3 = {"shape": SHAPE[1:], "sizes": "batch, 4, 5"}
NORMS = [
    (Foreign("one-reader", NORMED, NORM, **RANK_3), "Sum"),
    (
        Foreign(
            "two-readers",
            "a = Add(x, w) n = LayerNormalization(a, g, b) y = Add(n, a)",
            NORM,
            **RANK_3,
        ),
        "Add",
    ),
    (Foreign("a-bias", NORMED, {**NORM, "w": (5,)}, **RANK_3), "Add"),
    (Foreign("rank-4", NORMED, NORM), "Add"),
]


@once
@pytest.mark.parametrize(
    ("case", "expected"), NORMS, ids=[str(case) for case, _ in NORMS]
)
def test_what_only_a_norm_reads_is_a_sum(case, expected):
    found = rewritten(case, SumBeforeNormsPass())
    assert found[expected] >= 1
    assert found["Sum"] == (expected == "Sum")


def encoder() -> keras.Model:
    """Two blocks, normalized after each addition, that share a mask of keys."""
    x, kept = keras.Input((None, 8)), keras.Input((None,), dtype="bool")
    y = x
    for _ in range(2):
        # With a dropout Keras masks by its layer Softmax.
        attend = layers.MultiHeadAttention(2, 4, dropout=0.1)
        y = layers.LayerNormalization()(
            attend(y, y, attention_mask=kept[:, None, :]) + y
        )
    model = keras.Model([x, kept], y)
    randomize(model)
    return model


def test_an_encoder_makes_its_mask_once():
    model = encoder()
    proto = exported(model)
    found = Counter(node_types(proto))
    assert found["Cast"] == 1
    # One for the logits of each block, and one for its values; the queries are scaled
    # in their weights.
    assert found["Where"] == found["Mul"] == 2
    assert found["Sum"] == found["LayerNormalization"] == 2
    if compares_answers():
        rng = np.random.default_rng(1)
        kept = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 0]], "bool")
        arrays = [rng.normal(size=(3, 3, 8)).astype("float32"), kept]
        got, want = run(open_session(proto), arrays)[0], outputs_of(model, arrays)[0]
        assert_alike(got, want)


@once
@pytest.mark.parametrize(("target", "merged"), [("cpu", 0), ("portable", 2)])
def test_onnxruntime_merges_no_addition_into_a_norm(tmp_path: Path, target, merged):
    """The second row shows that it would: then the pass is of use."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3  # it warns that the file is for this machine alone
    proto = exported(encoder(), target=target)
    onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = node_types(onnx.load(options.optimized_model_filepath))
    assert found.count("SkipLayerNormalization") == merged
