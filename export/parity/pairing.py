"""Pair ONNX inputs and outputs with Keras's, and check that they fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from keras_acts.export.parity.onnx_model import OnnxModel, Port, Shape
from keras_acts.export.parity.tolerances import PRECISIONS, Array
from keras_acts.export.trace.signature import Signature, TracedInput

HALF = {"float16"}


class MismatchError(Exception):
    """The two models can't be compared; the message says why."""


def pair(ours: Sequence[str], theirs: Sequence[str], what: str) -> dict[str, str]:
    """Return the ONNX name for each Keras name: the same one, else the next unpaired.

    Raises:
        MismatchError: One side has more than the other.
    """
    if len(ours) != len(theirs):
        raise MismatchError(
            f"Keras has {len(ours)} {what}s ({', '.join(ours)}), "
            f"the ONNX model {len(theirs)} ({', '.join(theirs)})"
        )
    rest = iter([name for name in theirs if name not in ours])
    return {name: name if name in theirs else next(rest) for name in ours}


def renamings(pairs: dict[str, str], what: str) -> list[str]:
    """Return a warning for each pair of different names."""
    return [
        f"{what} '{ours}' is called '{theirs}' in the ONNX model"
        for ours, theirs in pairs.items()
        if ours != theirs
    ]


@dataclass(frozen=True)
class PairedInput:
    """An input on both sides.

    Attributes:
        spec: Keras's side.
        port: The ONNX side.
        shape: The sizes known on either side, in Keras's order of axes.
        channels_first: Whether the ONNX model takes NCHW where Keras takes NHWC.
    """

    spec: TracedInput
    port: Port
    shape: Shape
    channels_first: bool = False

    def feed(self, array: Array) -> Array:
        """Return Keras's array as the ONNX model takes it."""
        if self.channels_first:
            array = np.moveaxis(array, -1, 1)
        return np.ascontiguousarray(array, dtype=self.port.numpy_dtype)


def pair_inputs(signature: Signature, model: OnnxModel) -> list[PairedInput]:
    """Pair the inputs of both sides.

    Raises:
        MismatchError: Their number, shapes or dtypes do not fit.
    """
    ports = {port.name: port for port in model.inputs}
    names = pair([spec.name for spec in signature.inputs], list(ports), "input")
    paired = [_paired(spec, ports[names[spec.name]]) for spec in signature.inputs]
    for one in paired:
        problem = dtype_problem([one.spec.dtype], model, one.port)
        if problem and "int" not in one.spec.dtype:
            raise MismatchError(f"input '{one.spec.name}' has {problem}")
    return paired


def _paired(spec: TracedInput, port: Port) -> PairedInput:
    if _kind(port.dtype) != _kind(spec.dtype):
        raise MismatchError(
            f"input '{spec.name}' is {spec.dtype} in Keras and {port.dtype} in ONNX"
        )
    if port.shape is None:
        return PairedInput(spec, port, spec.shape)
    fitting: list[tuple[int, PairedInput]] = []
    for channels_first in (False, True):
        theirs = _channels_last(port.shape) if channels_first else port.shape
        if len(theirs) == len(spec.shape) and all(
            a == b or a is None or b is None
            for a, b in zip(spec.shape, theirs, strict=True)
        ):
            known = list(zip(spec.shape, theirs, strict=True))
            shape = tuple(a if b is None else b for a, b in known)
            agreeing = sum(a == b for a, b in known)
            paired = PairedInput(spec, port, shape, channels_first)
            fitting.append((agreeing, paired))
    if fitting:  # unknown sizes fit either layout
        return max(fitting, key=lambda one: one[0])[1]
    raise MismatchError(
        f"input '{spec.name}' has shape {spec.shape} in Keras and {port.shape} in ONNX"
    )


def _channels_last(shape: Shape) -> Shape:
    return (shape[0], *shape[2:], shape[1]) if len(shape) > 2 else shape


def _kind(dtype: str) -> str:
    if dtype in PRECISIONS:  # NumPy itself lacks bfloat16
        return "f"
    return np.dtype("str" if dtype == "string" else dtype).kind.replace("u", "i")


def dtype_problem(
    keras_dtypes: Collection[str], model: OnnxModel, port: Port
) -> str | None:
    """Return what is wrong with the dtype of an input or output, or None.

    Keras may have several dtypes for one tensor, if its backend computes in another
    dtype than the model declares: JAX computes float64 in float32 by default.

    1. bfloat16, which few providers support, may become float32.
    2. Floats may have the dtype that the export was asked for: the one in the metadata,
       or float16 if the file has no other floats.
    3. Integer inputs may have another width.
    """
    allowed = set(keras_dtypes)
    if "bfloat16" in allowed:
        allowed.add("float32")
    if allowed <= set(PRECISIONS):
        written = model.dtypes & set(PRECISIONS)
        allowed |= {model.metadata.dtype or ""}
        allowed |= written if written == HALF else set()
    if port.dtype in allowed:
        return None
    expected = " or ".join(sorted(set(keras_dtypes)))
    return f"another dtype: expected {expected}, got {port.dtype}"
