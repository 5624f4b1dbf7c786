"""One operation of `keras.ops` in a model of its own, and its checker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import onnx
from keras import ops

from keras_acts.export import to_onnx
from support import export_check
from support.differences import On, here
from support.runs.evidence import compares_answers


@dataclass(frozen=True)
class Operation:
    """One call of an operation.

    Attributes:
        name: What is called, for pytest.
        call: The operation on the inputs.
        shapes: The inputs' shapes without the batch, None where unknown.
        dtypes: Their dtypes; the first is that of all that have none.
        low: Lower end of the floats drawn.
        high: Upper end.
        opsets: The versions of the operators to convert for.
        in_layer: Whether a layer calls it, where `ops.shape` knows every size.
        reference: What it is in NumPy, where a backend of Keras errs or refuses.
            With one, answers are compared on every backend.
        outputs: Shape and dtype of each output of a layer, with the batch, where Keras
            can't find them out without values.
        files_differ: Why the file depends on the backend, where it does.
        empty: Whether it is compared on inputs without elements; False where a backend
            errs on them.
    """

    name: str
    call: Callable[..., Any]
    shapes: tuple[tuple[int | None, ...], ...] = ((3, 4),)
    dtypes: tuple[str, ...] = ("float32",)
    low: float = -3.0
    high: float = 3.0
    opsets: tuple[int | None, ...] = (None,)
    in_layer: bool = False
    reference: Callable[..., Any] | On | None = None
    outputs: tuple[tuple[tuple[int | None, ...], str], ...] | None = None
    files_differ: str = ""
    empty: bool = True

    def __str__(self) -> str:
        dtypes = "" if self.dtypes == ("float32",) else "-" + "-".join(self.dtypes)
        return self.name + dtypes

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """The batch, and the other unknown sizes, to run it for."""
        unknown = any(None in shape for shape in self.shapes)
        return ((1, 9), (3, 12)) if unknown else ((3, 12),)

    def model(self) -> keras.Model:
        """Return the model of this one call."""
        dtypes = self.dtypes + self.dtypes[:1] * len(self.shapes)
        inputs = [
            keras.Input(shape, dtype=dtype)
            for shape, dtype in zip(self.shapes, dtypes, strict=False)
        ]
        layer = self.in_layer or self.outputs is not None
        call = _Call(self.call, self.outputs) if layer else self.call
        return keras.Model(inputs, call(*inputs))

    def arrays(self, model: keras.Model, batch: int, size: int) -> list[np.ndarray]:
        """Draw the inputs for a batch, with a size for the others that are unknown."""
        rng = np.random.default_rng(7)
        shapes = [(batch, *(n or size for n in x.shape[1:])) for x in model.inputs]
        return [
            self._draw(rng, shape, x.dtype)
            for shape, x in zip(shapes, model.inputs, strict=True)
        ]

    def _draw(self, rng: np.random.Generator, shape: Any, dtype: str) -> np.ndarray:
        """Draw floats between the ends, small integers, or booleans."""
        if keras.backend.is_float_dtype(dtype):
            return rng.uniform(self.low, self.high, shape).astype(dtype)
        if dtype == "bool":
            return rng.integers(0, 2, shape).astype(dtype)
        low = max(0, int(self.low)) if dtype[0] == "u" or self.low >= 0 else -5
        return rng.integers(low, 3 if dtype == "uint8" else 6, shape).astype(dtype)


class _Call(keras.layers.Layer):
    """A layer whose call is one function of its inputs, whatever their dtypes."""

    def __init__(self, function: Callable[..., Any], outputs: Any = None) -> None:
        super().__init__(autocast=False)
        self.function = function
        self.outputs = outputs

    def call(self, *inputs: Any) -> Any:
        return self.function(*inputs)

    def compute_output_spec(self, *inputs: Any) -> Any:
        if self.outputs is None:
            return super().compute_output_spec(*inputs)
        specs = [keras.KerasTensor(shape, dtype) for shape, dtype in self.outputs]
        return specs if len(specs) > 1 else specs[0]


def one(name: str, call: Callable[..., Any], **row: Any) -> Operation:
    return Operation(name, call, **row)


def named(*names: str, **row: Any) -> list[Operation]:
    """Rows of operations that take the inputs and nothing else."""
    return [Operation(name, getattr(ops, name), **row) for name in names]


TWO = {"shapes": ((3, 4), (1, 4))}
POSITIVE = {"low": 0.1, "high": 6.0}


def check_operation(case: Operation) -> None:
    """Check one operation: values, dtypes, known sizes, at each opset of the row."""
    model = case.model()
    reference = here(case.reference) or model
    for opset in case.opsets:
        proto = to_onnx(model, engine="native", opset=opset)
        assert_sizes_survive(proto, model)
        if not compares_answers(always=case.reference is not None):
            continue
        session = export_check.open_session(proto)
        for batch, size in case.sizes:
            arrays = case.arrays(model, batch, size)
            want = export_check.outputs_of(reference, arrays)
            got = export_check.run(session, arrays)
            for expected, actual, x in zip(want, got, model.outputs, strict=True):
                # A reference has NumPy's dtypes, a backend those of the file.
                dtype = expected.dtype if reference is model else x.dtype
                export_check.assert_alike(actual, expected.astype(dtype))
        assert len(np.unique(want[0])) > 1, "the output is the same everywhere"
        if case.reference is None and case.empty:
            export_check.check_empty(model, proto, session)


def assert_sizes_survive(proto: onnx.ModelProto, model: keras.Model) -> None:
    """Check that the file knows the sizes that Keras knows, and no other."""
    export_check.assert_sizes_named(proto)
    for output, tensor in zip(proto.graph.output, model.outputs, strict=True):
        dims = output.type.tensor_type.shape.dim
        assert [d.dim_value or None for d in dims] == list(tensor.shape)
