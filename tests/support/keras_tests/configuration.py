"""One layer as a call of `run_layer_test` describes it, and a model of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from support.export_check import draw_plain
from support.keras_tests.sites import Site


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
            return keras.tree.map_structure(_input_like, data)
        shapes = self.arguments["input_shape"]
        dtypes = dtype or keras.tree.map_shape_structure(lambda _: "float32", shapes)
        return keras.tree.map_structure_up_to(
            dtypes, lambda dtype, shape: _input(shape, dtype), dtypes, shapes
        )

    def arrays(self, model: keras.Model, batch: int) -> list[np.ndarray]:
        """Return the input that the call gives, or a drawn one of a batch size."""
        data = self.arguments["input_data"]
        if data is not None:
            return [_array(x)[:batch] for x in keras.tree.flatten(data)]
        rng = np.random.default_rng(7)
        return [draw_plain(rng, [batch, *x.shape[1:]], x.dtype) for x in model.inputs]


def _array(x: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(x))


def _input(shape: Any, dtype: str) -> Any:
    return keras.Input(batch_shape=(None, *shape[1:]), dtype=dtype)


def _input_like(x: Any) -> Any:
    return _input(x.shape, keras.backend.standardize_dtype(x.dtype))
