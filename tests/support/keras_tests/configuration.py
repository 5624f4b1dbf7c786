"""One layer as a call of `run_layer_test` describes it, and a model of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from support.export_check import draw_plain
from support.keras_tests.sites import Site

ONE_SAMPLE = (
    "random_crop_test:RandomCropTest.test_random_crop:1",
    "mel_spectrogram_test:MelSpectrogramTest.test_mel_spectrogram_basics:1",
)
"""Calls whose input is one sample: its first size is no batch."""


LONGEST = 4000
"""Longer axes are cut: Keras tests spectrograms of 160,000 samples, 37 million
logarithms of float32, of which the smallest tell rounding only."""


@dataclass(frozen=True)
class Configuration:
    """A layer as one run of a call describes it.

    Attributes:
        site: The call.
        run: Which of the call's runs it is: parametrized tests run one call often.
        arguments: What the call was given.
    """

    site: Site
    run: int
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.site}:{self.run}"

    @property
    def obstacle(self) -> str | None:
        """Why it describes no model that could be exported, None if it does."""
        for condition, reason in (
            (self.site.raises, "Keras expects an error"),
            (
                self.arguments["layer_cls"] is keras.layers.Equalization,
                "Keras can't make a functional model of a layer that returns its input",
            ),
            (self.arguments["input_sparse"], "ONNX has no sparse inputs"),
            (self.arguments["input_ragged"], "ONNX has no ragged inputs"),
            (self._specs is None, "it gives no input"),
        ):
            if condition:
                return reason
        return None

    @property
    def _specs(self) -> Any:
        shape = self.arguments["input_shape"]
        return self.arguments["input_data"] if shape is None else shape

    @property
    def is_wide(self) -> bool:
        """Whether the call gives numbers of 64 bits, which JAX reads as 32."""
        data = keras.tree.flatten(self.arguments["input_data"])
        return any(getattr(x, "dtype", None) in (np.int64, np.float64) for x in data)

    def model(self) -> keras.Model:
        """Return a model of this one layer, its batch size unknown."""
        layer = self.arguments["layer_cls"](**(self.arguments["init_kwargs"] or {}))
        inputs = self._inputs()
        call = dict(self.arguments["call_kwargs"] or {})
        if "training" in call:
            call["training"] = False  # a file is for inference
        if isinstance(inputs, dict):
            outputs = layer(**inputs, **call)
        else:
            outputs = layer(inputs, **call)
        return keras.Model(inputs, outputs)

    def _inputs(self) -> Any:
        data, dtype = self.arguments["input_data"], self.arguments["input_dtype"]
        if data is not None:
            tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, data)
            return keras.tree.map_structure(self._input_like, tensors)
        shapes = self.arguments["input_shape"]
        dtypes = dtype or keras.tree.map_shape_structure(lambda _: "float32", shapes)
        if isinstance(shapes, dict):  # Keras names an argument's shape "query_shape"
            names = {key: key.removesuffix("_shape") for key in shapes}
            return {n: self._input(shapes[k], dtypes[k], n) for k, n in names.items()}
        return keras.tree.map_structure_up_to(
            dtypes, lambda dtype, shape: self._input(shape, dtype), dtypes, shapes
        )

    def _input(self, shape: Any, dtype: str, name: str | None = None) -> Any:
        first = shape[0] if str(self.site) in ONE_SAMPLE else None
        sizes = (n and min(n, LONGEST) for n in shape[1:])
        return keras.Input(batch_shape=(first, *sizes), dtype=dtype, name=name)

    def _input_like(self, x: Any) -> Any:
        return self._input(x.shape, keras.backend.standardize_dtype(x.dtype))

    def arrays(self, model: keras.Model, batch: int) -> list[np.ndarray]:
        """Return the input that the call gives, or a drawn one of a batch size."""
        data = self.arguments["input_data"]
        if data is not None:
            return [_array(x)[:batch] for x in keras.tree.flatten(data)]
        rng = np.random.default_rng(7)
        layer = model.layers[-1]
        return [
            self._draw(rng, (x.shape[0] or batch, *x.shape[1:]), x.dtype, layer)
            for x in model.inputs
        ]

    def _draw(
        self, rng: np.random.Generator, shape: Any, dtype: str, layer: Any
    ) -> np.ndarray:
        """Draw values; those of images from the range that their layer takes."""
        values = getattr(layer, "value_range", None)
        if values is None:
            return draw_plain(rng, shape, dtype)
        return rng.uniform(*values, shape).astype(dtype)


def _array(x: Any) -> np.ndarray:
    """Return an array in the dtype that the backend gives it: JAX has no int64."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(x)))
