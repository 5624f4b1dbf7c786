"""Random numbers in inference: new ones in each run, or the same by an integer seed.

Each row is drawn by Keras and by the file, and the distributions are compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers, ops, random

from keras_acts import layers as ours
from keras_acts.export import UnsupportedOperationError, to_onnx, verify
from keras_acts.export.parity.draws.distribution import compare_draws
from support.export_check import open_session, run
from support.runs.evidence import compares_answers

SAMPLES = 4000


class Drawing(layers.Layer):
    """A layer whose call is a function of its input and a seed."""

    def __init__(self, function: Callable[..., Any], seed: Any) -> None:
        super().__init__()
        self.function, self.seed = function, seed

    def call(self, x: Any) -> Any:
        return self.function(x, self.seed)

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(x.shape, "float32")


class Training(layers.Layer):
    """A layer that calls another one in training."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x, training=True) * 2.0

    def compute_output_spec(self, x: Any) -> Any:
        return self.inner.compute_output_spec(x)


class SelfAttention(layers.Layer):
    """Attention with dropout of its scores."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = layers.MultiHeadAttention(2, 3, dropout=0.5)

    def build(self, shape: Any) -> None:
        self.attend.build(shape, shape)

    def call(self, x: Any, training: Any = None) -> Any:
        return self.attend(x, x, training=training)

    def compute_output_spec(self, x: Any, training: Any = None) -> Any:
        return keras.KerasTensor(x.shape, x.dtype)


def model_of(layer: Any, shape: Any = (4,), batch: int | None = None) -> keras.Model:
    x = keras.Input(shape, batch_size=batch, name="x")
    return keras.Model(x, layer(x))


def of_shape(draw: Callable[..., Any], **kwargs: Any) -> Callable[[Any, Any], Any]:
    return lambda x, seed: (
        x + ops.cast(draw(ops.shape(x), seed=seed, **kwargs), "float32")
    )


def scaled(x: Any, seed: Any) -> Any:
    spread = ops.exp(x[:1])
    return x + random.normal(ops.shape(x), seed=seed) * spread


def categories(x: Any, seed: Any) -> Any:
    logits = x + ops.convert_to_tensor([-2.0, 0.5, -1.0, 0.0])
    return x + ops.cast(random.categorical(logits, 4, seed=seed), "float32")


def shuffled(x: Any, seed: Any) -> Any:
    places = ops.cast(ops.arange(ops.shape(x)[0]), "float32")
    return x + ops.expand_dims(random.shuffle(places, seed=seed), 1)


def in_a_loop(x: Any, seed: Any) -> Any:
    def step(_i: Any, y: Any) -> Any:
        return y + random.normal((4,), seed=seed)

    return x + ops.fori_loop(0, 3, step, ops.zeros((4,)))


def of_a_weight(x: Any, seed: Any) -> Any:
    # Backends round roots by rules of their own, and sums of integers are often alike.
    many = ops.convert_to_tensor(np.sqrt(np.arange(64, dtype="float32")))
    return x + ops.mean(random.dropout(many, 0.5, seed=seed))


PER_SAMPLE = {
    "normal": of_shape(random.normal, mean=1.0, stddev=2.0),
    "normal, scaled": scaled,
    "uniform": of_shape(random.uniform, minval=-1.0, maxval=3.0),
    "truncated normal": of_shape(random.truncated_normal, dtype="float32"),
    "integers": of_shape(random.randint, minval=-3, maxval=9),
    "categories": categories,
    "dropout": lambda x, seed: random.dropout(x + 1.0, 0.3, seed=seed),
    "dropout of rows": lambda x, seed: random.dropout(
        x + 1.0, 0.3, noise_shape=(ops.shape(x)[0], 1), seed=seed
    ),
    "shuffle": shuffled,
}
"""What draws for each sample: those of one run are a distribution."""

PER_RUN = {
    "known sizes": lambda x, seed: x + random.normal((4,), seed=seed),
    "a loop": in_a_loop,
    "dropout of a constant": of_a_weight,
}


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, "float32")


def assert_same_distribution(got: np.ndarray, want: np.ndarray) -> None:
    found, compared = compare_draws("test", want, got, 1e-5)
    assert found is not None
    assert compared.problem is None, compared.problem


SEEDS = ("a generator", "the global one", "an integer")

drawn_by_the_backend = pytest.mark.files_differ("each backend draws its own numbers")

DRAWN_BY_THE_BACKEND = [
    pytest.param(name, "an integer", marks=drawn_by_the_backend) for name in PER_RUN
]


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *itertools.product(PER_SAMPLE, SEEDS),
        *itertools.product(PER_RUN, SEEDS[:2]),
        *DRAWN_BY_THE_BACKEND,
    ],
)
def test_a_draw(name: str, seed: str) -> None:
    if (keras.backend.backend(), name, seed) == ("jax", "a loop", "the global one"):
        pytest.skip("Keras refuses the global generator in a loop of JAX")
    seeds = {"a generator": random.SeedGenerator(1), "an integer": 7}
    function = {**PER_SAMPLE, **PER_RUN}[name]
    model = model_of(Drawing(function, seeds.get(seed)))
    proto = to_onnx(model, engine="native")
    if not compares_answers():
        return
    session, x = open_session(proto), zeros(SAMPLES, 4)
    first, second = (run(session, [x])[0] for _ in range(2))
    assert np.array_equal(first, second) == (seed == "an integer")
    want = ops.convert_to_numpy(model(x))
    assert first.shape == want.shape
    if name in PER_SAMPLE:
        assert_same_distribution(first, want)
    elif seed == "an integer":
        np.testing.assert_allclose(first, want, rtol=1e-5, atol=1e-5)
    assert run(session, [zeros(0, 4)])[0].shape == (0, 4)


@drawn_by_the_backend
@pytest.mark.parametrize("name", ["normal", "uniform", "dropout", "shuffle"])
def test_an_integer_seed_draws_what_keras_does_where_sizes_are_known(name: str) -> None:
    """The backend's own numbers, so that the file depends on it."""
    model = model_of(Drawing(PER_SAMPLE[name], 3), batch=50)
    x = zeros(50, 4)
    (got,) = run(open_session(to_onnx(model, engine="native")), [x])
    np.testing.assert_allclose(got, ops.convert_to_numpy(model(x)), rtol=1e-5)


@pytest.mark.parametrize("name", ["gamma", "beta", "binomial"])
def test_a_draw_without_an_operator(name: str) -> None:
    arguments = {"gamma": (2.0,), "beta": (2.0, 3.0), "binomial": (4, 0.5)}[name]
    draw = getattr(random, name)
    generator = random.SeedGenerator(1)
    model = model_of(
        Drawing(lambda x, s: x + draw((4,), *arguments, seed=s), generator)
    )
    with pytest.raises(
        UnsupportedOperationError, match=rf"random\.{name}: ONNX has no"
    ):
        to_onnx(model, engine="native")


@dataclass(frozen=True)
class InTraining:
    """A layer called with `training=True`."""

    make: Callable[[], Any]
    shape: tuple[int | None, ...] = (4,)
    operator: str = "RandomUniformLike"
    samples: int = 1000


IN_TRAINING = {
    "Dropout": InTraining(lambda: layers.Dropout(0.3), operator="Dropout"),
    "Dropout of rows": InTraining(lambda: layers.Dropout(0.3, noise_shape=(None, 1))),
    "GaussianNoise": InTraining(
        lambda: layers.GaussianNoise(0.5), operator="RandomNormalLike"
    ),
    "GaussianDropout": InTraining(
        lambda: layers.GaussianDropout(0.3), operator="RandomNormalLike"
    ),
    "AlphaDropout": InTraining(lambda: layers.AlphaDropout(0.3)),
    "SpatialDropout1D": InTraining(lambda: layers.SpatialDropout1D(0.3), (None, 3)),
    "SpatialDropout2D": InTraining(lambda: layers.SpatialDropout2D(0.3), (3, 3, 2)),
    "SpatialDropout3D": InTraining(lambda: layers.SpatialDropout3D(0.3), (2, 2, 2, 2)),
    "MultiHeadAttention": InTraining(SelfAttention, (5, 4), operator="Dropout"),
    "RReLU": InTraining(ours.RReLU),
    "LSTM": InTraining(lambda: layers.LSTM(3, dropout=0.5), (5, 2)),
    "GRU": InTraining(
        lambda: layers.GRU(3, dropout=0.3, recurrent_dropout=0.4),
        (None, 2),
        samples=300,
    ),
    "SimpleRNN": InTraining(lambda: layers.SimpleRNN(3, dropout=0.5), (5, 2)),
    "Bidirectional": InTraining(
        lambda: layers.Bidirectional(layers.LSTM(2, dropout=0.5)), (5, 2)
    ),
    "RandomFlip": InTraining(layers.RandomFlip, (4, 4, 1)),
    "RandomBrightness": InTraining(lambda: layers.RandomBrightness(0.3), (4, 4, 3)),
    "RandomRotation": InTraining(
        lambda: layers.RandomRotation(0.2), (6, 6, 1), samples=60
    ),
}


@pytest.mark.parametrize("name", IN_TRAINING)
def test_a_layer_in_training(name: str) -> None:
    case = IN_TRAINING[name]
    model = model_of(Training(case.make()), case.shape)
    proto = to_onnx(model, engine="native")
    assert case.operator in {node.op_type for node in proto.graph.node}
    if not compares_answers():
        return
    one = np.random.default_rng(2).uniform(0.2, 3, [1, *(n or 3 for n in case.shape)])
    x = np.repeat(one.astype("float32"), case.samples, axis=0)
    x = -x if name == "RReLU" else x
    session = open_session(proto)
    first, second = (run(session, [x])[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert_same_distribution(first, ops.convert_to_numpy(model(x)))


def test_dropout_in_training_in_a_functional_model() -> None:
    """`training=True` of one layer holds, and the others stay in inference."""
    x = keras.Input((4,), name="x")
    y = layers.Dropout(0.5)(layers.Dropout(0.5)(x), training=True)
    model = keras.Model(x, y)
    proto = to_onnx(keras.Sequential([x, model]), engine="native")
    assert [node.op_type for node in proto.graph.node].count("Dropout") == 1
    image = keras.Input((4, 4, 3))
    flipped = keras.Model(image, layers.RandomFlip()(image))
    assert [n.op_type for n in to_onnx(flipped).graph.node] == ["Identity"]


@pytest.mark.slow
def test_an_export_leaves_the_random_state() -> None:
    generator = random.SeedGenerator(5)
    model = model_of(Drawing(PER_SAMPLE["normal"], generator))
    before = ops.convert_to_numpy(generator.state.value).copy()
    proto = to_onnx(model)
    verify(model, proto)
    np.testing.assert_array_equal(ops.convert_to_numpy(generator.state.value), before)
    assert not any("seed" in x.name for x in proto.graph.initializer)


class Sampling(layers.Layer):
    """The sampling of a variational autoencoder, as Keras's example has it."""

    def __init__(self, spread: float = 0.5, seed: Any = None) -> None:
        super().__init__()
        self.spread = spread
        self.seed_generator = seed or random.SeedGenerator(1337)

    def call(self, inputs: Any) -> Any:
        mean, log_var = inputs
        batch, size = ops.shape(mean)[0], ops.shape(mean)[1]
        epsilon = random.normal(shape=(batch, size), seed=self.seed_generator)
        return mean + ops.exp(self.spread * log_var) * epsilon

    def compute_output_shape(self, shapes: Any) -> Any:
        return shapes[0]


def encoder(spread: float = 0.5, seed: Any = None) -> keras.Model:
    x = keras.Input((6,), name="x")
    mean = layers.Dense(2, kernel_initializer="ones", name="mean")(x)
    log_var = layers.Dense(2, kernel_initializer="zeros", name="log_var")(x) - 1.0
    z = Sampling(spread, seed)([mean, log_var])
    return keras.Model(x, {"mean": mean, "z": z})


@pytest.mark.runs_once("judges `verify`, not a backend")
@pytest.mark.parametrize("seed", [None, 3], ids=["new", "fixed"])
def test_a_report_by_distribution(seed: Any) -> None:
    model = encoder(seed=seed)
    report = verify(model, to_onnx(model))
    assert report.status == "passed"
    by_name = {one.name: one for one in report.outputs}
    assert by_name["mean"].distribution is None
    found = by_name["z"].distribution
    assert found is not None
    assert found.distance < found.allowed
    assert found.expected.deviation == pytest.approx(found.got.deviation, rel=0.1)
    assert "output 'z' draws random numbers: compared by distribution" in str(report)
    assert report.to_dict()["outputs"][1]["distribution"]["samples"] >= 50


def shifted(model: keras.Model) -> keras.Model:
    outputs = {**model.output, "z": model.output["z"] + 0.3}
    return keras.Model(model.input, outputs)


def frozen(model: keras.Model) -> keras.Model:
    return keras.Model(model.input, {**model.output, "z": model.output["mean"] * 1.0})


@pytest.mark.runs_once("judges `verify`, not a backend")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: encoder(0.8), "another distribution"),
        (lambda: shifted(encoder()), "another distribution"),
        (lambda: frozen(encoder()), "the same numbers in each run"),
    ],
    ids=["another deviation", "another mean", "frozen"],
)
def test_a_file_that_draws_otherwise(wrong: Any, message: str) -> None:
    report = verify(encoder(), to_onnx(wrong()))
    assert report.status == "failed"
    by_name = {one.name: one for one in report.outputs}
    assert by_name["mean"].passed
    assert message in str(by_name["z"].problems)


@pytest.mark.runs_once("judges `verify`, not a backend")
def test_a_file_that_draws_where_keras_does_not() -> None:
    report = verify(frozen(encoder()), to_onnx(encoder()))
    assert report.status == "failed"


@pytest.mark.parametrize("opset", [17, 22, 26])
@pytest.mark.parametrize("target", ["cpu", "cuda", "portable"])
def test_each_opset_and_target(opset: int, target: str) -> None:
    def call(x: Any, seed: Any) -> Any:
        x = random.normal(ops.shape(x), seed=seed) + random.dropout(x, 0.5, seed=seed)
        return x * random.uniform(ops.shape(x), seed=seed)

    model = model_of(Drawing(call, random.SeedGenerator(1)))
    proto = to_onnx(model, engine="native", opset=opset, target=target)
    if not compares_answers():
        return
    onnx.checker.check_model(proto, full_check=True)
    session = open_session(proto)
    first, second = (run(session, [zeros(9, 4) + 1.0])[0] for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", [*PER_SAMPLE, *PER_RUN])
def test_a_draw_of_opset_23(name: str) -> None:
    draw = {**PER_SAMPLE, **PER_RUN}[name]
    twice = lambda x, seed: ops.stack([draw(x, seed), draw(x, seed)])  # noqa: E731
    model = model_of(Drawing(twice, random.SeedGenerator(1)))
    proto = to_onnx(model, engine="native", opset=23)
    if compares_answers():
        session, x = open_session(proto), zeros(SAMPLES, 4)
        (first, other), (new, _) = (run(session, [x])[0] for _ in range(2))
        assert not any(np.array_equal(first, one) for one in (other, new))
        if name in PER_SAMPLE:
            assert_same_distribution(first, ops.convert_to_numpy(model(x))[0])
