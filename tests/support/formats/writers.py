"""How a Keras model is written in each format, as its users do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

Writer = Callable[[Any, Path], None]


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        name: What the tests and the documentation call it.
        suffix: How its files end.
        backends: The backends of Keras that write it.
        runtime: The function of `reader.py` that runs it.
        package: The package that runs it.
        write: Writes a model to a path.
    """

    name: str
    suffix: str
    backends: tuple[str, ...]
    runtime: str
    package: str
    write: Writer

    def __repr__(self) -> str:
        return self.name


def _saved_model(model: Any, path: Path) -> None:
    model.export(path, verbose=False)


def _litert(model: Any, path: Path) -> None:
    model.export(path, format="litert", verbose=False)


def _torch(model: Any, path: Path) -> None:
    from torch.export import Dim

    sizes: Any = {0: Dim("batch")}
    if len(model.inputs) > 1:
        sizes = [([sizes] * len(model.inputs),)]
    model.export(path, format="torch", dynamic_shapes=sizes, verbose=False)


def _jax(model: Any, path: Path) -> None:
    import jax
    from jax import export

    (batch,) = export.symbolic_shape("batch")
    samples = [
        jax.ShapeDtypeStruct((batch, *x.shape[1:]), x.dtype) for x in model.inputs
    ]
    call = jax.jit(lambda x: model(x, training=False))
    exported = export.export(call)(samples if len(samples) > 1 else samples[0])
    path.write_bytes(exported.serialize())


def _onnx(model: Any, path: Path) -> None:
    from keras_acts.export import to_onnx

    to_onnx(model, path)


FORMATS = (
    Format("SavedModel", "", ("tensorflow",), "tensorflow", "tensorflow", _saved_model),
    Format("LiteRT", ".tflite", ("tensorflow",), "litert", "ai_edge_litert", _litert),
    Format("torch.export", ".pt2", ("torch",), "torch", "torch", _torch),
    Format("jax.export", ".stablehlo", ("jax",), "jax", "jax", _jax),
    Format("OpenVINO", ".onnx", ("torch",), "openvino", "openvino", _onnx),
)

HERE = [one for one in FORMATS if keras.backend.backend() in one.backends]
"""Those that this process's backend writes."""
