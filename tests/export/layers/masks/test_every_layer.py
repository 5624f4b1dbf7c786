"""The mask that each layer of Keras passes on, beside that of a real call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from support.keras_tests import Configuration, collect
from support.masks import attach_mask, check_masks, masks_of

pytestmark = [
    pytest.mark.runs_once(
        "the layers call the same operations on each backend, whose own masks "
        "test_returned_tensors.py compares"
    ),
    pytest.mark.filterwarnings("ignore:.*destroy the mask:UserWarning"),
]

BATCH = 5
WITHOUT = {
    "RandomRGBToHSVLayer": "it draws random numbers in inference too",
    "HashedCrossing": "ONNX has no operator for the hash",
    "Normalization": "it is adapted to data in a call before",
}
"""Layers that are not exported here, with the reason."""


def _first_of_each() -> Iterator[Any]:
    """Yield the first configuration of each layer in Keras's own tests."""
    found: dict[str, Configuration] = {}
    for one in collect().models:
        found.setdefault(one.arguments["layer_cls"].__name__, one)
    for name in sorted(set(found) - set(WITHOUT)):
        yield pytest.param(found[name], id=name)


CASES = list(_first_of_each())


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.filterwarnings("ignore:Tensor.T is deprecated:UserWarning")
@pytest.mark.parametrize("configuration", CASES)
def test_a_layer_passes_on_the_mask_of_a_real_call(
    configuration: Configuration,
) -> None:
    arrays = configuration.arrays(configuration.model(), BATCH)
    if any(x.ndim < 2 for x in arrays):
        pytest.skip("its input has no axis of time")
    structure = configuration._inputs()
    layer = configuration.arguments["layer_cls"](
        **(configuration.arguments["init_kwargs"] or {})
    )
    call = dict(configuration.arguments["call_kwargs"] or {})
    if "training" in call:
        call["training"] = False

    def compute(*tensors: Any) -> Any:
        x = keras.tree.pack_sequence_as(structure, list(tensors))
        return layer(**x, **call) if isinstance(x, dict) else layer(x, **call)

    masks = [masks_of(len(x), x.shape[1], i) for i, x in enumerate(arrays)]
    try:
        tensors = [keras.ops.convert_to_tensor(x) for x in arrays]
        for x, mask in zip(tensors, masks, strict=True):
            attach_mask(x, keras.ops.convert_to_tensor(mask))
        compute(*tensors)
    except ValueError as error:
        if "mask" not in str(error):
            raise
        pytest.skip("Keras refuses a mask over the time here")
    check_masks(compute, arrays, masks, layer, outputs=False)


def test_each_layer_of_keras_is_among_them() -> None:
    tested = {case.values[0].arguments["layer_cls"] for case in CASES}
    every = {
        one
        for one in vars(keras.layers).values()
        if isinstance(one, type) and issubclass(one, keras.layers.Layer)
    }
    missing = {one.__name__ for one in every - tested} - set(WITHOUT)
    assert missing == NOT_IN_KERAS_TESTS


NOT_IN_KERAS_TESTS = {
    # They are parts of layers, or what layers are made of.
    *("GRUCell", "InputLayer", "LSTMCell", "Layer", "SimpleRNNCell", "StackedRNNCells"),
    "Wrapper",
    # Those of other frameworks, whose code is not of `keras.ops`.
    *("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
    # Strings and numbers, which have no axis of time, and images.
    *("CategoryEncoding", "Equalization", "Hashing", "IntegerLookup", "StringLookup"),
    "TextVectorization",
    # Keras tests them without its checker; they pass no mask on.
    *(
        f"{name}{rank}D"
        for rank in (1, 2, 3)
        for name in ("AdaptiveAveragePooling", "AdaptiveMaxPooling", "ZeroPadding")
    ),
}
"""The layers that Keras's own tests don't describe."""


@pytest.mark.parametrize("kind", ["AdaptiveMaxPooling1D", "ZeroPadding1D"])
def test_layers_that_keras_tests_otherwise(kind: str) -> None:
    given = {"output_size": 2} if kind.startswith("Adaptive") else {}
    layer = getattr(keras.layers, kind)(**given)
    x = np.random.default_rng(0).normal(size=(BATCH, 6, 3)).astype("float32")
    check_masks(layer, [x], [masks_of(BATCH, 6)], layer)
