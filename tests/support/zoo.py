"""Models with inputs of named sizes, exported and compared at several of them.

The sizes of an input are letters where they are unknown to the exporter: the same
letter is the same size in each input, and different letters are different sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import onnx

from keras_acts.export import to_onnx
from support.export_check import (
    assert_alike,
    open_session,
    outputs_of,
    randomize,
    run,
    varies,
)
from support.runs.evidence import compares_answers

Array = np.ndarray
Sizes = tuple[str | int, ...]

NamedSizes = Mapping[str, int]
"""A size for each letter."""

NAMED_SIZES: tuple[NamedSizes, ...] = (
    {"b": 1, "T": 5, "S": 7, "H": 8, "W": 12},
    {"b": 3, "T": 8, "S": 6, "H": 16, "W": 12},
)


@dataclass(frozen=True)
class Port:
    """An input: its sizes, the batch included, and what is drawn for it."""

    sizes: Sizes
    dtype: str = "float32"
    below: int = 6

    def symbol(self, name: str) -> Any:
        """Return the `keras.Input`."""
        shape = [n if isinstance(n, int) else None for n in self.sizes[1:]]
        return keras.Input(shape, dtype=self.dtype, name=name)

    def draw(self, rng: np.random.Generator, run: NamedSizes) -> Array:
        """Draw normal numbers, indices, or a mask; 0 and False pad.

        The samples are padded behind, each more than the one before it: the first not
        at all, the last of several whole.
        """
        shape = [n if isinstance(n, int) else run[n] for n in self.sizes]
        if keras.backend.is_float_dtype(self.dtype):
            return rng.normal(size=shape).astype(self.dtype)
        if self.dtype == "bool":
            values = rng.uniform(size=shape) < 0.8
        else:
            values = rng.integers(1, self.below, shape)
        for i in range(1, len(values)):
            length = shape[1] if len(shape) > 1 else 0
            values[i, length - i * length // (len(values) - 1) :] = 0
        return values.astype(self.dtype)


def real(*sizes: str | int) -> Port:
    """An input of numbers, the batch not given."""
    return Port(("b", *sizes))


def tokens(*sizes: str | int, below: int = 6) -> Port:
    """An input of indices, padded with 0."""
    return Port(("b", *sizes), "int32", below)


def mask(*sizes: str | int) -> Port:
    """An input of booleans."""
    return Port(("b", *sizes), "bool")


@dataclass(frozen=True)
class ModelCase:
    """A model to export.

    Attributes:
        name: For pytest.
        outputs: Makes the outputs of the inputs by name; or a model, of no inputs.
        inputs: The inputs by name, in the order of the model's.
        reference: As `outputs`, where Keras does not compute what it is asked for.
        options: Arguments of `to_onnx`.
        precision: The dtype whose tolerance holds; the output's own for None.
        files_differ: Why the file depends on the backend, where it does.
    """

    name: str
    outputs: Callable[..., Any]
    inputs: Mapping[str, Port]
    reference: Callable[..., Any] | None = None
    options: Mapping[str, Any] | None = None
    precision: str | None = None
    files_differ: str = ""

    def __str__(self) -> str:
        return self.name

    def model(self, outputs: Callable[..., Any] | None = None) -> keras.Model:
        """Return the model with random weights."""
        inputs = {name: port.symbol(name) for name, port in self.inputs.items()}
        made = (outputs or self.outputs)(**inputs)
        if not isinstance(made, keras.Model):
            made = keras.Model(list(inputs.values()), made)
        randomize(made)
        return made

    def arrays(self, run: NamedSizes) -> list[Array]:
        """Draw the inputs for one run."""
        rng = np.random.default_rng(run["b"])
        return [port.draw(rng, run) for port in self.inputs.values()]


def model_case(
    name: str,
    outputs: Callable[..., Any],
    *,
    reference: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
    precision: str | None = None,
    files_differ: str = "",
    **inputs: Port,
) -> ModelCase:
    """Return a model with its inputs as keywords."""
    return ModelCase(name, outputs, inputs, reference, options, precision, files_differ)


def sizes_for_backend(all_of: Sequence[NamedSizes]) -> Sequence[NamedSizes]:
    """Return those of the sizes at which a model runs on this backend.

    On JAX, which compiles the model anew for each size, the last alone: the file is the
    same on every backend.
    """
    return all_of[-1:] if keras.backend.backend() == "jax" else all_of


def check_at_sizes(
    case: ModelCase, sizes: Sequence[NamedSizes] = NAMED_SIZES
) -> onnx.ModelProto:
    """Check a model's values at several sizes, that they vary, and its inputs' names.

    Returns:
        The exported model.
    """
    model = case.model()
    expected = model if case.reference is None else case.model(case.reference)
    proto = to_onnx(model, engine="native", **(case.options or {}))
    assert [x.name for x in proto.graph.input] == list(case.inputs)
    if not compares_answers(always=case.reference is not None):
        return proto
    onnx.checker.check_model(proto, full_check=True)
    session = open_session(proto)
    for one in sizes_for_backend(sizes):
        arrays = case.arrays(one)
        want, got = outputs_of(expected, arrays), run(session, arrays)
        assert len(want) == len(got)
        for wanted, actual in zip(want, got, strict=True):
            assert_alike(actual, wanted, case.precision)
            assert one["b"] == 1 or varies(wanted), "the outputs do not vary"
    return proto
