"""`if` on a size that is unknown until the model runs becomes an ONNX `If`."""

from __future__ import annotations

import keras
import numpy as np
import onnx
import pytest
from keras import ops

from keras_acts.export import UnsupportedOperationError, to_onnx
from support.export_check import randomize
from support.python_code import WIDTH, Calls, check_sizes, kinds, model_of

# Torch's tensors and NumPy's arrays have no other way to be added.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array_wrap__:DeprecationWarning")

# In all functions x has the shape (batch, n, 4), batch and n unknown.


def padded_to_a_multiple(layer, x):
    pad = (4 - ops.shape(x)[1] % 4) % 4
    if pad > 0:
        x = ops.pad(x, [[0, 0], [0, pad], [0, 0]])
    return x * 2.0


def windows_of_a_padded_one(layer, x):
    n = ops.shape(x)[1]
    pad = -n % 4
    if pad:
        x = ops.pad(x, [[0, 0], [0, pad], [0, 0]])
    x = layer.dense(ops.reshape(x, (-1, 4, WIDTH)))
    x = ops.reshape(x, (-1, n + pad, WIDTH))
    if pad:
        x = x[:, :n]
    return x


def one_after_another(layer, x):
    n = ops.shape(x)[1]
    x = x * layer.scale if n > 4 else x + layer.scale
    if n % 2 == 0:
        x = layer.dense(x)
    return x - layer.scale


def chained_and_combined(layer, x):
    n = ops.shape(x)[1]
    if n > 4 and n < 9:
        return layer.dense(x)
    if n in (1, 3) or not (n < 12 or n > 12):
        return x * 3.0
    return -x


def nested_conditions(layer, x):
    n = ops.shape(x)[1]
    if n > 3:
        if n % 3 == 0:
            return x * layer.scale
        return layer.dense(x)
    return x


def by_remainders(layer, x):
    rest = ops.shape(x)[1] % 3
    if rest == 0:
        return x
    if rest == 1:
        return ops.pad(x, [[0, 0], [1, 1], [0, 0]])
    return ops.pad(x, [[0, 0], [0, 1], [0, 0]])


def known_size_on_one_side(layer, x):
    return ops.mean(x, 1, keepdims=True) if ops.shape(x)[1] > 3 else x


def shapes_compared(layer, x):
    y = x[:, :3] * 2.0
    return x * y if x.shape[1] == y.shape[1] else x


def whole_shapes_compared(layer, x):
    return x * 2.0 if ops.shape(x) == ops.shape(x[:, :3]) else x


def least_and_most(layer, x):
    n = ops.shape(x)[1]
    x = x[:, : min(n, 5)]
    return ops.pad(x, [[0, 0], [0, max(3 - n, 0)], [0, 0]])


def number_on_each_side(layer, x):
    def half(n):
        if n > 4:
            return n // 2
        return 1

    return x[:, : half(ops.shape(x)[1])]


def condition_of_a_numpy_number(layer, x):
    return x * 2.0 if np.int64(4) < ops.shape(x)[1] else x


def condition_of_values(layer, x):
    return x * 2.0 if ops.sum(x) > 0 else x - 1.0


def array_on_one_side(layer, x):
    n = ops.shape(x)[1]
    return x + layer.array[:n] if n > 4 else x


def in_a_loop_over_time(layer, x):
    n = ops.shape(x)[1]

    def step(carry, row):
        carry = carry + row if n > 4 else carry - row
        return carry, carry * 2.0

    start = ops.zeros_like(x[:, 0])
    return ops.swapaxes(ops.scan(step, start, ops.swapaxes(x, 0, 1))[1], 0, 1)


def on_a_counter(layer, x):
    def body(t, y):
        if t % 2 == 0:
            y = y + x[:, t][:, None]
        return y * 0.5

    return ops.fori_loop(0, ops.shape(x)[1], body, ops.zeros_like(x[:, :1]))


def beside_loops_that_are_known(layer, x):
    weights = ops.fori_loop(0, 3, lambda i, v: v + i, ops.zeros((WIDTH,)))
    x = x + ops.map(lambda v: v * 2.0, layer.scale * 1.0)
    return x * weights if ops.shape(x)[1] > 4 else x - weights


BRANCHES = (
    *(padded_to_a_multiple, windows_of_a_padded_one, one_after_another),
    *(chained_and_combined, nested_conditions, by_remainders),
    *(known_size_on_one_side, shapes_compared, whole_shapes_compared, least_and_most),
    *(number_on_each_side, condition_of_a_numpy_number, condition_of_values),
    *(array_on_one_side, in_a_loop_over_time, on_a_counter),
    beside_loops_that_are_known,
)


PROMOTED = pytest.mark.files_differ("each backend promotes NumPy's integers by itself")


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(f, marks=PROMOTED if f is condition_of_a_numpy_number else ())
        for f in BRANCHES
    ],
    ids=lambda f: f.__name__,
)
def test_each_side_answers_its_sizes(function):
    # JAX compiles bodies of loops, where a counter has no truth.
    refused_by = ("jax",) if function is on_a_counter else ()
    proto = check_sizes(model_of(function), refused_by=refused_by)
    assert "If" in _all_kinds(proto.graph)


def _all_kinds(graph):
    """Return the operators of a graph and of the graphs inside it."""
    found = set()
    for node in graph.node:
        found.add(node.op_type)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found |= _all_kinds(attribute.g)
    return found


def never_negative(layer, x):
    n = ops.shape(x)[1]
    if n < 0 or n % 4 > 3 or n * ops.shape(x)[0] + 1 <= 0 or n != n:
        return ops.sum(x)
    assert n >= 0
    return x * 2.0


def implied_by_an_earlier_one(layer, x):
    n = ops.shape(x)[1]
    y = x * 2.0 if n > 4 else x
    if n > 4:
        assert n >= 5
        assert n != 3
        y = y + 1.0
    return y if n >= 5 else y * 3.0


@pytest.mark.parametrize(
    ("function", "count"), [(never_negative, 0), (implied_by_an_earlier_one, 1)]
)
def test_what_follows_from_what_is_known_is_no_branch(function, count):
    proto = check_sizes(model_of(function))
    assert kinds(proto.graph).count("If") == count
    inner = [a.g for node in proto.graph.node for a in node.attribute if a.g.node]
    assert not any("If" in _all_kinds(graph) for graph in inner)


def test_weights_of_branches_are_stored_once():
    def twice(layer, x):
        y = layer.dense(x)
        return layer.dense(y) if ops.shape(x)[1] > 4 else layer.dense(y + 1.0)

    proto = check_sizes(model_of(twice))
    names = [x.name for x in proto.graph.initializer if "kernel" in x.name]
    assert names == ["model/calls/dense/kernel"] or len(names) == 1


class Inner(keras.layers.Layer):
    """Branches, and is called by a layer that branches."""

    def call(self, x):
        return x * 2.0 if ops.shape(x)[1] % 2 else x - 1.0


def test_branches_of_layers_within_branches():
    inner = Inner()

    def outer(layer, x):
        x = inner(x)
        if ops.shape(x)[1] > 4:
            x = inner(layer.dense(x))
        return inner(x) + 1.0

    check_sizes(model_of(outer))


def test_a_mask_chosen_by_a_branch():
    def masks(layer, x):
        n = ops.shape(x)[1]
        if n > 4:
            return layer.first(ops.round(x))
        return layer.second(ops.round(x))

    x = keras.Input((None, WIDTH), name="x")
    layer = Calls(masks, name="calls")
    layer.first, layer.second = keras.layers.Masking(0.0), keras.layers.Masking(1.0)
    y = keras.layers.GlobalAveragePooling1D()(layer(x))
    model = keras.Model(x, y)
    randomize(model)
    check_sizes(model)


def raises(layer, x):
    n = ops.shape(x)[1]
    if n > 16:
        raise ValueError(f"Too long. Received: {n}")
    return x * 2.0


def asserts(layer, x):
    n = ops.shape(x)[1]
    assert n != 7, "unlucky"
    return x * n


@pytest.mark.parametrize(("function", "error"), [(raises, "Too"), (asserts, "unlucky")])
def test_what_the_code_refuses_is_answered_with_a_warning(function, error):
    with pytest.warns(UserWarning, match=rf"(?s)raises an error depending on.*{error}"):
        proto = check_sizes(model_of(function))
    assert "If" not in kinds(proto.graph)


def refuses_no_steps(layer, x):
    n = ops.shape(x)[1]
    if n * 2 <= 0:
        raise ValueError("Empty.")
    return x * n


def test_what_is_refused_of_empty_inputs_alone_needs_no_warning():
    proto = check_sizes(model_of(refuses_no_steps))
    assert "If" not in kinds(proto.graph)


def over_a_size(layer, x):
    for i in range(ops.shape(x)[1]):
        x = x + i
    return x


def over_a_shape(layer, x):
    return sum(x[:, i : i + 1] for i in range(x.shape[1])) + x


def over_samples(layer, x):
    return ops.stack([row * 2.0 for row in x])


def while_it_is_large(layer, x):
    n = ops.shape(x)[1]
    while n > 1:
        n, x = n // 2, x + 1.0
    return x


def many_ways(layer, x):
    n = ops.shape(x)[1]
    for i in range(2, 8):
        x = x * 2.0 if n % i == 0 else x
    return x


def other_ranks(layer, x):
    return ops.mean(x, axis=1) if ops.shape(x)[1] > 3 else x


def other_dtypes(layer, x):
    return ops.cast(x, "int32") if ops.shape(x)[1] > 3 else x


def other_structures(layer, x):
    return (x, x) if ops.shape(x)[1] > 3 else (x,)


def several_conditions(layer, x):
    return x * 2.0 if ops.shape(x)[1] > ops.arange(3) else x


REFUSED = {
    over_a_size: r"can't be traced at `.*`.*ops\.fori_loop\(0, n",
    over_a_shape: r"ops\.fori_loop\(0, n",
    over_samples: r"ops\.map\(step, x\)",
    while_it_is_large: r"can go more than 16 ways.*ops\.while_loop.*`n > 1`",
    many_ways: r"can go more than 16 ways.*the conditions `n % i == 0`",
    other_ranks: r"depending on `ops\.shape\(x\)\[1\] > 3`.*\(None, 4\)",
    other_dtypes: r"returns different.*int32 where it is true.*float32 where not",
    other_structures: r"returns different structures",
    several_conditions: r"it has several elements",
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__name__)
@pytest.mark.runs_once("the error doesn't depend on the backend")
def test_what_has_no_form_is_refused_in_a_sentence(function):
    model = model_of(function, name="refusing")
    with pytest.raises(
        UnsupportedOperationError, match="(?s)" + REFUSED[function]
    ) as e:
        to_onnx(model, engine="native")
    assert "refusing" in str(e.value)
