"""A model as a program: inputs, steps that are lines of Python, and outputs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import layers, ops

import keras_acts.layers as acts
from fuzzing import custom, reference

BATCH = 2
"""The batch size of the sample on which steps are tried."""

FUNCTIONAL, SUBCLASSED, FUNCTION = "functional", "subclassed", "function"
"""How the steps become a model."""

_NAMES = re.compile(r"\b[xv]\d+\b")


@dataclass(frozen=True)
class Port:
    """An input.

    Attributes:
        name: Its variable, `x0`.
        shape: Its sizes in the sample.
        dtype: Its dtype.
        unknown: The axes whose sizes the export is not told.
        positive: Whether its numbers are between 0.1 and 0.9, and not normal ones.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    unknown: frozenset[int] = frozenset()
    positive: bool = False

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """The sizes that the export is told."""
        return tuple(None if i in self.unknown else n for i, n in enumerate(self.shape))

    def symbol(self) -> str:
        """Return the Python code of a `keras.Input`."""
        sizes = f"batch_shape={self.sizes}, dtype={self.dtype!r}, name={self.name!r}"
        return f"{self.name} = keras.Input({sizes})"

    def spec(self) -> str:
        """Return the Python code of a `keras.InputSpec`."""
        sizes = f"shape={self.sizes}, dtype={self.dtype!r}, name={self.name!r}"
        return f"keras.InputSpec({sizes})"


@dataclass(frozen=True)
class Step:
    """One line of a program.

    Attributes:
        target: The variable that it sets, `v3`.
        code: The expression.
        layer: The layer that the expression calls as `l3`, as Python code; or "".
        shape: Its result's sizes in the sample.
        dtype: Its result's dtype.
    """

    target: str
    code: str
    layer: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""

    @property
    def layer_name(self) -> str:
        return self.target.replace("v", "l")

    @property
    def uses(self) -> set[str]:
        """The variables that it reads."""
        return set(_NAMES.findall(self.code))

    def renamed(self, names: Mapping[str, str]) -> str:
        """Return the expression with other variables."""
        return _NAMES.sub(lambda found: names.get(found[0], found[0]), self.code)


@dataclass(frozen=True)
class Program:
    """A model to export.

    Attributes:
        inputs: What it is given.
        steps: What it computes, in order.
        outputs: The variables that it returns.
        form: How the steps become a model.
        options: The arguments of `to_onnx`.
    """

    inputs: tuple[Port, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    form: str = FUNCTIONAL
    options: Mapping[str, Any] = field(default_factory=dict)

    def pruned(self) -> Program:
        """Return it without the steps and inputs that no output needs."""
        needed = set(self.outputs)
        steps = []
        for step in reversed(self.steps):
            if step.target in needed:
                needed |= step.uses
                steps.append(step)
        inputs = tuple(x for x in self.inputs if x.name in needed)
        steps.reverse()
        return Program(inputs, tuple(steps), self.outputs, self.form, self.options)

    @cached_property
    def text(self) -> str:
        """The code of all steps, by which words are counted."""
        return "\n".join(f"{x.layer}\n{x.code}" for x in self.steps)

    @property
    def draws(self) -> bool:
        """Whether its numbers are drawn anew, or otherwise than Keras draws them."""
        unknown = any(x.unknown for x in self.inputs)
        return "DrawnAnew(" in self.text or (unknown and "DrawnAlike(" in self.text)

    def source(self) -> str:
        """Return the Python code that makes `model`."""
        return "\n".join(_FORMS[self.form](self)) + "\n"

    def build(self) -> dict[str, Any]:
        """Run the source, and return its variables."""
        names = namespace()
        exec(self.source(), names)  # our own code
        return names

    def script(self) -> str:
        """Return a script that makes the model, exports it and compares the answers."""
        classes = [
            inspect.getsource(one)
            for name, one in custom.names().items()
            if re.search(rf"\b{name}\b", self.text)
        ]
        inputs = [
            f"    {x.name}=draw({x.shape}, {x.dtype!r}, positive={x.positive}),"
            for x in self.inputs
        ]
        model = "layers_of(globals())" if self.form == FUNCTION else "model"
        if self.form != FUNCTION:
            call = "model(feeds if len(feeds) > 1 else feeds[0], training=False)"
        else:
            call = "model(*feeds)"
        options = "".join(f", {k}={v!r}" for k, v in self.options.items())
        signature = "" if self.form == FUNCTIONAL else ", input_signature=signature"
        return "\n".join(
            [
                _HEAD,
                *map(inspect.getsource, _NEEDED),
                *classes,
                self.source(),
                "arrays = dict(",
                *inputs,
                ")",
                "feeds = [ops.convert_to_tensor(x) for x in arrays.values()]",
                f"answer = lambda: {call}",
                "answer()",
                f"randomize({model})",
                f"proto = to_onnx(model{signature}{options})",
                _TAIL,
            ]
        )


_NEEDED = (reference.const, reference.draw, reference.layers_of, reference.randomize)

_HEAD = """\
from __future__ import annotations

import math
import types
from typing import Any

import keras
import numpy as np
import onnxruntime
from keras import layers, ops

import keras_acts.layers as acts
from keras_acts.export import to_onnx
"""

_TAIL = """\
session = onnxruntime.InferenceSession(proto.SerializeToString())
for got, want in zip(session.run(None, arrays), keras.tree.flatten(answer())):
    want = ops.convert_to_numpy(want)
    print(got.dtype, want.dtype, got.shape, want.shape)
    print(np.abs(got.astype("float64") - want.astype("float64")).max())
"""


def namespace() -> dict[str, Any]:
    """Return the names that the steps use."""
    return {
        **custom.names(),
        "acts": acts,
        "const": reference.const,
        "keras": keras,
        "layers": layers,
        "np": np,
        "ops": ops,
    }


def _lines(program: Program, indent: str, prefix: str = "") -> Iterator[str]:
    for step in program.steps:
        code = step.code
        if prefix and step.layer:
            code = code.replace(f"{step.layer_name}(", f"{prefix}{step.layer_name}(")
        yield f"{indent}{step.target} = {code}"


def _layers(program: Program, indent: str = "", prefix: str = "") -> Iterator[str]:
    for step in program.steps:
        if step.layer:
            yield f"{indent}{prefix}{step.layer_name} = {step.layer}"


def _functional(program: Program) -> Iterator[str]:
    yield from (port.symbol() for port in program.inputs)
    yield from _layers(program)
    yield from _lines(program, "")
    inputs = ", ".join(x.name for x in program.inputs)
    yield f"model = keras.Model([{inputs}], [{', '.join(program.outputs)}])"


def _signature(program: Program) -> Iterator[str]:
    yield "signature = ["
    yield from (f"    {port.spec()}," for port in program.inputs)
    yield "]"


def _subclassed(program: Program) -> Iterator[str]:
    yield from _signature(program)
    yield "class Model(keras.Model):"
    yield "    def __init__(self):"
    yield "        super().__init__()"
    # Its inputs have the dtypes that they are given in, not that of its policy.
    yield "        self.autocast = False"
    yield from _layers(program, "        ", "self.")
    yield "    def call(self, inputs):"
    yield f"        {', '.join(x.name for x in program.inputs)} = inputs"
    yield from _lines(program, "        ", "self.")
    yield f"        return [{', '.join(program.outputs)}]"
    yield "model = Model()"


def _function(program: Program) -> Iterator[str]:
    yield from _signature(program)
    yield from _layers(program)
    yield f"def model({', '.join(x.name for x in program.inputs)}):"
    yield from _lines(program, "    ")
    yield f"    return [{', '.join(program.outputs)}]"


_FORMS = {FUNCTIONAL: _functional, SUBCLASSED: _subclassed, FUNCTION: _function}
