"""Every model of `keras.applications`, random weights, at any image size and at one.

torch is the quickest here: `pytest --backend torch -m heavy` runs the smallest of each
family, `--sweep` beside it all. It has no NASNetMobile, which
`pytest --backend tensorflow -m heavy -k NASNetMobile` runs.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from keras_acts.export import to_onnx
from support import tolerances
from support.compilation import compiled
from support.export_check import open_session, run, varies

pytestmark = pytest.mark.heavy

Array = np.ndarray
Constructor = Callable[..., keras.Model]

BUDGET = 180
"""Seconds that one model may take, on a busy machine."""

SIDES = (32, 71, 75, 96)
"""Image sizes to try: the models know what is too small for them."""

SHAPES = ((1, 96, 128), (2, 128, 96))
"""Batches and image sizes for a model that takes any."""

CALIBRATION = 128
"""The side of the images that the statistics of a model are taken from."""

KNOWN_SIZE = {"nasnet"}
"""Families for one image size: Keras compares sizes while it builds a NASNet, and adds
tensors of different ones where they are unknown."""

TRANSPOSES = {"convnext": None}
"""Most transposes by family, where these are not two: before the first convolution and
behind the last. A ConvNeXt normalizes and mixes channels behind each convolution."""


def constructors() -> dict[str, Constructor]:
    """Return every public function of `keras.applications` that makes a model."""
    public = vars(keras.applications)
    return {
        name: make
        for name, make in sorted(public.items())
        if inspect.isfunction(make) and not name.startswith("_")
    }


def family(make: Constructor) -> str:
    return make.__module__.rsplit(".", 1)[-1]


def first_of_each_family() -> dict[str, Constructor]:
    """Return the models that their modules define first, which are the smallest."""
    found: dict[str, tuple[str, Constructor]] = {}
    for name, make in constructors().items():
        present = found.get(family(make))
        if present is None or line(make) < line(present[1]):
            found[family(make)] = name, make
    return dict(found.values())


def line(make: Constructor) -> int:
    return inspect.unwrap(make).__code__.co_firstlineno


def test_the_list_is_whole() -> None:
    names = set(constructors())
    assert {"ResNet50", "ConvNeXtXLarge", "NASNetLarge", "VGG19"} <= names
    assert len(names) >= 40
    assert len(first_of_each_family()) >= 15


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail what takes longer."""
    begun = time.monotonic()

    def too_long(*_: object) -> None:
        raise TimeoutError(f"{time.monotonic() - begun:.0f} s are over the budget")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def _one_at_a_time() -> Iterator[None]:
    """Keep the budget, and free a model before the next is made."""
    with within(BUDGET):
        yield
    keras.backend.clear_session()
    gc.collect()


def made(make: Constructor, **arguments: Any) -> keras.Model:
    """Return a model with the weights that Keras starts with."""
    try:
        return make(weights=None, **arguments)
    except ValueError as error:
        if "not available with the torch backend" in str(error):
            pytest.skip(str(error))
        raise


def without_top(make: Constructor) -> keras.Model:
    """Return a calibrated model for images of any size, if there is such a one."""
    side = CALIBRATION if family(make) in KNOWN_SIZE else None
    model = made(make, include_top=False, input_shape=(side, side, 3))
    calibrate(model)
    return model


def of_least_size(make: Constructor) -> tuple[keras.Model, int]:
    """Return a classifier of the smallest images that it can take, and their side."""
    for side in SIDES[:-1]:
        with contextlib.suppress(ValueError):
            return application(make, side), side
    return application(make, SIDES[-1]), SIDES[-1]


def application(make: Constructor, side: int) -> keras.Model:
    top = {"classes": 10, "classifier_activation": None}
    return made(make, input_shape=(side, side, 3), **top)


def images(batch: int, height: int, width: int, seed: int = 1) -> Array:
    """Draw images of large patches and noise, in the range of pixels."""
    rng = np.random.default_rng(seed)
    patches = rng.uniform(0, 255, (batch, 4, 4, 3))
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    noise = rng.normal(0, 20, (batch, height, width, 3))
    whole = patches[:, rows][:, :, columns] + noise
    return np.clip(whole, 0, 255).astype("float32")


def calibrate(model: keras.Model) -> None:
    """Give a model random weights with which each layer's numbers keep their size.

    Kernels are Keras's initial ones. The statistics of each batch normalization are
    those of one batch of images. Scales below 1 and offsets above 0 let most numbers
    pass the activations behind: else each of hundreds of random layers would enlarge
    the rounding errors of those before it.
    """
    rng = np.random.default_rng(3)
    for variable in model.trainable_variables:
        if variable.name == "gamma":
            variable.assign(rng.uniform(0.3, 0.7, variable.shape).astype("float32"))
        elif variable.name == "beta":
            variable.assign(rng.uniform(0.2, 0.8, variable.shape).astype("float32"))
        elif variable.name == "bias":
            variable.assign(rng.normal(0, 0.1, variable.shape).astype("float32"))
    parts = model._flatten_layers()
    normalized = [x for x in parts if isinstance(x, keras.layers.BatchNormalization)]
    if not normalized:
        return
    momenta = [layer.momentum for layer in normalized]
    for layer in normalized:
        layer.momentum = 0.0
    model(images(8, CALIBRATION, CALIBRATION, seed=2), training=True)
    for layer, momentum in zip(normalized, momenta, strict=True):
        layer.momentum = momentum


def inference(model: keras.Model) -> Callable[[Array], Array]:
    """Return the model in inference: whole on JAX, which compiles anyway."""
    call = lambda x: model(x, training=False)  # noqa: E731
    whole = compiled(call) if keras.backend.backend() == "jax" else call
    return lambda x: np.asarray(keras.ops.convert_to_numpy(whole(x)))


def assert_answers(
    model: keras.Model, proto: onnx.ModelProto, shapes: Sequence[tuple[int, ...]]
) -> None:
    """Compare the largest difference with the largest answer."""
    expected, session = inference(model), open_session(proto)
    for batch, *sizes in shapes:
        x = images(batch, *sizes)
        want, got = expected(x), run(session, [x])[0]
        assert got.shape == want.shape
        assert np.isfinite(want).all()
        largest = float(np.abs(want).max())
        assert batch == 1 or varies(want), "the outputs do not vary"
        bound = tolerances.EXPORTED_DEEP * largest
        np.testing.assert_allclose(got, want, rtol=0, atol=bound)


def assert_few_transposes(make: Constructor, proto: onnx.ModelProto) -> None:
    found = [node.op_type for node in proto.graph.node].count("Transpose")
    most = TRANSPOSES.get(family(make), 2)
    assert most is None or found <= most, f"{found} transposes"


def assert_folded(proto: onnx.ModelProto) -> None:
    """Assert that no batch norm stands behind a convolution that it alone reads."""
    reads = Counter(name for node in proto.graph.node for name in node.input)
    convolved = {node.output[0] for node in proto.graph.node if node.op_type == "Conv"}
    left = [
        node.name
        for node in proto.graph.node
        if node.op_type == "BatchNormalization"
        and node.input[0] in convolved
        and reads[node.input[0]] == 1
    ]
    assert not left


def smallest_first() -> list[Any]:
    """Return each model's name: the first of each family, the others for the night."""
    first = first_of_each_family()
    others = [name for name in constructors() if name not in first]
    return [*first, *(pytest.param(name, marks=pytest.mark.sweep) for name in others)]


@pytest.mark.parametrize("name", smallest_first())
def test_at_any_image_size(name: str) -> None:
    make = constructors()[name]
    model = without_top(make)
    proto = to_onnx(model, engine="native")
    assert_few_transposes(make, proto)
    assert_folded(proto)
    known = [(batch, *model.input_shape[1:3]) for batch, *_ in SHAPES]
    assert_answers(model, proto, known if family(make) in KNOWN_SIZE else SHAPES)


@pytest.mark.parametrize("name", first_of_each_family())
def test_whole_at_one_image_size(name: str) -> None:
    make = first_of_each_family()[name]
    kept = without_top(make).get_weights()
    model, side = of_least_size(make)
    model.set_weights([*kept, *model.get_weights()[len(kept) :]])
    proto = to_onnx(model, engine="native")
    assert_few_transposes(make, proto)
    assert_folded(proto)
    assert_answers(model, proto, [(1, side, side), (3, side, side)])
