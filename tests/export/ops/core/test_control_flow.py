"""Conditions, loops, maps and scans of `keras.ops`, in layers and in models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts.export import to_onnx
from support.control_flow import calling_model
from support.export_check import check_model, open_session, operators, run

# In all functions x has the shape (batch, time, 4), batch and time unknown.


def branch_of_each_sample(layer, x):
    def one(sample):
        return ops.cond(
            ops.sum(sample) > 0, lambda: sample * layer.scale, lambda: sample - 1.0
        )

    return ops.map(one, x)


def branches_of_several_results(layer, x):
    a, rest = ops.cond(
        ops.max(x) > 100.0,
        lambda: (x, {"b": x * 2.0, "c": None}),
        lambda: (x + 1.0, {"b": layer.dense(x), "c": None}),
    )
    return a + rest["b"]


def condition_known_beforehand(layer, x):
    return ops.cond(len(x.shape) == 3, lambda: x * layer.scale, lambda: -x)


def one_of_three_for_each_sample(layer, x):
    branches = [lambda v: v * 2.0, lambda v: v - layer.scale, ops.tanh]

    def one(sample):
        # From below the first to beyond the last.
        index = ops.cast(ops.sum(sample), "int32")
        return ops.switch(index, branches, sample)

    return ops.map(one, x)


def one_of_three_known_beforehand(layer, x):
    return ops.switch(5, [ops.exp, ops.sin, ops.tanh], x * layer.scale)


def double_until_large(layer, x):
    def grows(i, v):
        return ops.logical_and(ops.max(ops.abs(v)) < 50.0, i < 20)

    return ops.while_loop(grows, lambda i, v: (i + 1, v + v * ops.abs(x)), (0, x))[1]


def at_most_three_times(layer, x):
    return ops.while_loop(
        lambda v: ops.max(v) < 1e6,
        lambda v: v * layer.scale + 1.0,
        x,
        maximum_iterations=3,
    )


def loop_over_a_dictionary(layer, x):
    start = {"count": 0, "total": ops.zeros_like(x[:, 0])}

    def step(now):
        place = now["count"]
        return {"count": place + 1, "total": now["total"] * 0.5 + x[:, place]}

    time = ops.shape(x)[1]
    end = ops.while_loop(lambda now: now["count"] < time, step, start)
    return x + end["total"][:, None]


def as_often_as_there_are_steps(layer, x):
    def step(i, total):
        return total + x * ops.cast(i, "float32")

    return ops.fori_loop(1, ops.shape(x)[1], step, ops.zeros_like(x))


def a_known_number_of_times(layer, x):
    return ops.fori_loop(-1, 3, lambda i, v: layer.dense(v) * 0.3, x)


def not_once(layer, x):
    return ops.fori_loop(3, 1, lambda i, v: v * 2.0, x)


def sum_over_time(layer, x):
    def step(total, now):
        total = total * 0.5 + layer.dense(now)
        return total, total * layer.scale

    total, sums = ops.scan(step, ops.zeros_like(x[:, 0]), ops.swapaxes(x, 0, 1))
    return ops.swapaxes(sums, 0, 1) + total[:, None]


def sums_over_time_backwards(layer, x):
    def step(carry, now):
        a, b = carry["a"], carry["b"]
        new = {"a": a + now[0], "b": b * 0.9 + now[1]}
        return new, {"a": new["a"] - b, "b": new["b"] * layer.scale}

    start = {"a": x[:, 0], "b": x[:, -1]}
    steps = ops.swapaxes(x, 0, 1)
    end, sums = ops.scan(step, start, [steps, steps * 2.0], reverse=True)
    return ops.swapaxes(sums["a"] + sums["b"], 0, 1) + (end["a"] * end["b"])[:, None]


def steps_without_a_sequence(layer, x):
    def step(carry, nothing):
        return carry * 0.5 + 1.0, carry * layer.scale

    end, values = ops.scan(step, x, length=3, reverse=True)
    return end + values[0] * 2.0 - values[2]


def several_of_each_sample(layer, x):
    def one(pair):
        a, b = pair
        return {"sum": a + layer.scale, "scaled": a * ops.max(b)}

    both = ops.map(one, (x, x * 2.0))
    return both["sum"] + both["scaled"]


def samples_as_vectors(layer, x):
    return ops.vectorized_map(lambda v: v * ops.sum(v) + layer.scale, x)


def cumulated_in_pairs(layer, x):
    return ops.associative_scan(lambda a, b: a + b + a * b * 0.1, x, axis=-1)


def cumulated_backwards(layer, x):
    def both(a, b):
        return a[0] * b[0], a[1] * b[0] + b[1]

    start = (ops.tanh(x), x)
    return ops.associative_scan(both, start, reverse=True, axis=2)[1]


def cumulated_over_unknown_time(layer, x):
    return ops.associative_scan(lambda a, b: a + b, x, axis=1)


def cumulated_over_unknown_time_backwards(layer, x):
    def both(a, b):
        return {"m": ops.maximum(a["m"], b["m"]), "s": a["s"] + b["s"]}

    found = ops.associative_scan(both, {"m": x, "s": x}, axis=1, reverse=True)
    return found["m"] - found["s"]


def loops_in_loops(layer, x):
    def outer(i, v):
        def inner(total, now):
            total = ops.cond(
                ops.cast(i, "float32") + ops.sum(now) > 0,
                lambda: total + now,
                lambda: total - layer.scale * v[:, 0],
            )
            return total, total

        return ops.swapaxes(ops.scan(inner, v[:, 0], ops.swapaxes(x, 0, 1))[1], 0, 1)

    return ops.fori_loop(0, 2, outer, x)


def not_at_all(layer, x):
    """What no input and no weight takes part in is computed once, beforehand."""
    table = ops.vectorized_map(lambda v: v * 2.0, ops.arange(4, dtype="float32"))

    def step(i, v):
        return v + ops.cond(i > 1, lambda: 2.0, lambda: 1.0)

    return x * ops.fori_loop(0, 3, step, ops.zeros(())) + table


def only_around_it(layer, x):
    """The arguments are numbers; the functions use what is around them."""
    _, total = ops.while_loop(
        lambda i, total: i < ops.shape(x)[1],
        lambda i, total: (i + 1, total + ops.sum(x[:, i])),
        (0, 0.0),
    )
    return x + total


CASES = {
    condition_known_beforehand: {"Mul"},
    one_of_three_known_beforehand: {"Mul", "Tanh"},
    cumulated_in_pairs: {"Add", "Concat", "Gather", "Mul", "Slice"},
    cumulated_backwards: {"Add", "Concat", "Gather", "Mul", "Slice", "Tanh"},
    branch_of_each_sample: {"Scan"},
    branches_of_several_results: {"Add", "Greater", "If", "ReduceMax"},
    one_of_three_for_each_sample: {"Scan"},
    double_until_large: {"Abs", "And", "Less", "Loop", "ReduceMax"},
    at_most_three_times: {"Less", "Loop", "ReduceMax"},
    loop_over_a_dictionary: None,
    as_often_as_there_are_steps: None,
    a_known_number_of_times: {"Loop"},
    not_once: {"Loop"},
    sum_over_time: None,
    sums_over_time_backwards: None,
    steps_without_a_sequence: None,
    several_of_each_sample: {"Add", "Mul", "Scan"},
    samples_as_vectors: {"Scan"},
    cumulated_over_unknown_time: {"Scan", "Slice"},
    cumulated_over_unknown_time_backwards: {"Scan", "Slice", "Sub"},
    loops_in_loops: {"Loop"},
    not_at_all: {"Add", "Mul"},
    only_around_it: None,
}


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_in_a_layer(function: Callable[..., Any]) -> None:
    proto = check_model(calling_model(function))
    expected = CASES[function]
    assert expected is None or operators(proto) == expected, operators(proto)


@pytest.mark.parametrize("opset", [17, 26])
@pytest.mark.parametrize("function", [sums_over_time_backwards, loops_in_loops])
def test_other_opsets(function: Callable[..., Any], opset: int) -> None:
    check_model(calling_model(function), opset=opset)


def test_half_precision() -> None:
    model = calling_model(sum_over_time)
    proto = to_onnx(model, dtype="float16")
    x = np.random.default_rng(2).normal(size=(2, 3, 4)).astype("float16")
    (got,) = run(open_session(proto), [x])
    assert got.dtype == np.float16
    want = keras.ops.convert_to_numpy(model(x.astype("float32")))
    np.testing.assert_allclose(got, want, rtol=5e-3, atol=5e-3 * np.abs(want).max())


def test_in_a_functional_model() -> None:
    x = keras.Input((3,))
    doubled = ops.map(lambda v: v * 2.0, x)
    total, sums = ops.scan(lambda c, v: (c + v, c + v), x[0], x)
    large = ops.while_loop(lambda v: ops.max(v) < 9.0, lambda v: v + 1.0, (sums,))[0]
    model = keras.Model(x, [doubled, total, large])
    session = open_session(to_onnx(model))
    for batch in (1, 3):
        array = np.random.default_rng(batch).normal(size=(batch, 3)).astype("float32")
        cumulated = array[0] + np.cumsum(array, axis=0)
        steps = max(0, int(np.ceil(9.0 - cumulated.max())))
        got = run(session, [array])
        for have, want in zip(
            got, (array * 2, cumulated[-1], cumulated + steps), strict=True
        ):
            np.testing.assert_allclose(have, want, rtol=1e-5, atol=1e-6)


def fewer_steps_than_there_are(layer, x):
    """JAX refuses a length that is not the sequence's."""
    steps = ops.swapaxes(x, 0, 1)
    _, sums = ops.scan(lambda c, v: (c + v, c + v), x[:, 0], steps, length=4)
    return x * 0.0 + sums[3][:, None]


def no_results_of_the_steps(layer, x):
    """torch and TensorFlow make a result of nothing; JAX gives nothing, as here."""
    end, nothing = ops.scan(
        lambda c, v: (c * 0.5 + v, None), x[:, 0], ops.swapaxes(x, 0, 1)
    )
    assert nothing is None
    return x * 0.0 + end[:, None]


def nothing_carried_on(layer, x):
    """TensorFlow and torch make a tensor of what is carried."""
    steps = ops.swapaxes(x, 0, 1)
    nothing, sums = ops.scan(lambda c, v: (c, ops.sum(v, axis=-1)), None, steps)
    assert nothing is None
    return x * ops.swapaxes(sums, 0, 1)[..., None]


def _reference(function: Callable[..., Any], x: np.ndarray) -> np.ndarray:
    if function is nothing_carried_on:
        return x * x.sum(axis=-1, keepdims=True)
    total = x[:, 0]
    for step in range(4 if function is fewer_steps_than_there_are else x.shape[1]):
        halves = function is no_results_of_the_steps
        total = total * (0.5 if halves else 1.0) + x[:, step]
    return x * 0.0 + total[:, None]


@pytest.mark.parametrize(
    "function",
    [fewer_steps_than_there_are, no_results_of_the_steps, nothing_carried_on],
)
def test_where_the_backends_differ(function: Callable[..., Any]) -> None:
    check_model(calling_model(function), lambda x: _reference(function, x))
