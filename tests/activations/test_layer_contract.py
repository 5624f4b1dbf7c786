"""What each layer owes its user, for each row."""

import keras
import numpy as np
import pytest
from keras import ops

from support import floats
from support.compilation import compiled
from support.models import jiggle, random
from support.rows import CASES, each_row, one_of_each_kind
from support.tolerances import COMPILED, assert_within_epsilons

pytestmark = pytest.mark.in_turn("what Keras and this package do, whatever the backend")

POLICIES = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
"""The mixed policies and their compute dtypes; the pure ones run in test_values.py
and test_axis.py."""


def _array(y):
    return ops.convert_to_numpy(y)


def _shape_and_known_axis(case, rank):
    """Return a shape of another rank, and the axis that must keep the case's size."""
    first = "channels_first" in case.kwargs.values() or case.kwargs.get("axis") == 1
    free = (3, 5, 2)[: rank - 2]
    if first:
        return (2, case.shape[1], *free), 1
    return (2, *free, case.shape[-1]), rank - 1


def _is_free_of_shape(case):
    return case.kwargs.get("sharing") != "none" and "shared_axes" not in case.kwargs


@pytest.mark.parametrize("policy", POLICIES)
@each_row(CASES)
def test_mixed_policy_gives_its_compute_dtype(case, policy):
    layer = case.make_built(dtype=policy)
    assert {w.dtype for w in layer.trainable_weights} <= {"float32"}
    y = _array(layer(random(*case.shape)))
    assert y.dtype == floats.numpy_dtype(POLICIES[policy])
    assert np.isfinite(y.astype("float64")).all()
    assert np.unique(y).size > 1


@each_row(CASES)
def test_integers_are_taken_as_the_compute_dtype(case):
    layer = case.make_built()
    x = np.random.default_rng(4).integers(-5, 5, case.shape)
    y = _array(layer(ops.convert_to_tensor(x, dtype="int32")))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, _array(layer(x.astype("float32"))))


def _keeps_time(case):
    """Whether a layer leaves the axis alone that a mask of time steps has."""
    resizes = case.row.layer.resizes
    return resizes is None or getattr(case.make(), resizes) % len(case.shape) != 1


@each_row([case for case in CASES if len(case.shape) == 3 and _keeps_time(case)])
def test_mask_passes_through(case):
    x = random(*case.shape)
    x[0, 1] = 0
    layer = case.make_built()
    masked = keras.layers.Masking()(x)
    mask = _array(masked._keras_mask)
    assert not mask.all()
    np.testing.assert_array_equal(_array(layer(masked)._keras_mask), mask)


@each_row([case for case in CASES if _is_free_of_shape(case)])
def test_unknown_sizes_but_the_channels(case):
    for rank in case.ranks:
        shape, known = _shape_and_known_axis(case, rank)
        sizes = [size if axis == known else None for axis, size in enumerate(shape)]
        inputs = keras.Input(batch_shape=sizes)
        layer = case.make()
        outputs = layer(inputs)
        assert len(outputs.shape) == len(layer.compute_output_shape(shape))
        assert outputs.shape[0] is None
        if rank == len(case.shape):
            jiggle(layer)
            x = random(*shape)
            y = _array(keras.Model(inputs, outputs)(x))
            np.testing.assert_array_equal(y, _array(layer(x)))


@each_row([case for case in CASES if not case.make_built().weights])
def test_all_sizes_unknown(case):
    inputs = keras.Input(batch_shape=(None,) * len(case.shape))
    x = random(*case.shape)
    model = keras.Model(inputs, case.make()(inputs))
    np.testing.assert_array_equal(_array(model(x)), _array(case.make()(x)))


@each_row(
    [c for c in CASES if "data_format" in c.row.defaults and _is_free_of_shape(c)]
)
def test_channels_first_is_channels_last_moved(case):
    kwargs = {k: v for k, v in case.kwargs.items() if k != "data_format"}
    last = case.row.layer(**kwargs, data_format="channels_last")
    first = case.row.layer(**kwargs, data_format="channels_first")
    x = random(2, 3, 5, 4)
    last.build(x.shape)
    moved = np.moveaxis(x, -1, 1)
    first.build(moved.shape)
    for i, (a, b) in enumerate(zip(first.weights, last.weights, strict=True)):
        if "float" in b.dtype:
            values = 0.5 + np.abs(random(*b.shape, seed=i, scale=0.2))
            b.assign(values)
            a.assign(np.moveaxis(values, -1, 0) if a.shape != b.shape else values)
    np.testing.assert_allclose(
        np.moveaxis(_array(first(moved)), 1, -1), _array(last(x)), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("dtype", ["float32"])
@each_row(one_of_each_kind(CASES))
def test_compiled_is_eager(case, dtype):
    layer = case.make_built()
    x = ops.convert_to_tensor(random(*case.shape))
    assert_within_epsilons(
        _array(compiled(layer)(x)), _array(layer(x)), dtype, COMPILED
    )


class _Subclassed(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs)


def _functional(layer, shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@each_row(CASES)
def test_every_kind_of_model(case):
    layer = case.make_built()
    x = random(*case.shape)
    shape = case.shape[1:]
    kinds = (
        keras.Sequential([keras.Input(shape), layer]),
        _functional(layer, shape),
        _Subclassed(layer),
    )
    for model in kinds:
        np.testing.assert_array_equal(_array(model(x)), _array(layer(x)))
        assert len(model.weights) == len(layer.weights)


@each_row(one_of_each_kind([c for c in CASES if c.make_built().trainable_weights]))
def test_a_training_step_moves_every_weight(case):
    layer = case.make()
    inputs = keras.Input(case.shape[1:])
    model = keras.Model(inputs, layer(inputs))
    case.set_weights(layer)
    before = [_array(w) for w in layer.trainable_weights]
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    x = random(64, *case.shape[1:], scale=3)
    model.train_on_batch(x, np.ones_like(_array(model(x))))
    still = []
    for weight, old in zip(layer.trainable_weights, before, strict=True):
        new = _array(weight)
        assert np.isfinite(new).all()
        if np.array_equal(new, old):
            still.append(weight.name)
    # MetaACON's second batch normalization takes away what the first one's beta adds.
    assert still in ([], ["beta"] if case.row.name == "MetaACON" else []), still
