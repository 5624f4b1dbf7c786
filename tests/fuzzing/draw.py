"""Draws a program: step by step, each tried on a sample before the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from fuzzing import reference
from fuzzing.check import prepared
from fuzzing.pool import Known, NoFitError, Pool
from fuzzing.program import (
    FUNCTION,
    FUNCTIONAL,
    SUBCLASSED,
    Port,
    Program,
    Step,
    namespace,
)
from fuzzing.vocabulary import code, layer_rows, operations
from keras_acts._export_options import OPSETS, TARGETS
from support.automatic_names import count_anew
from support.differences import KNOWN, NO_AXES

LARGEST, ELEMENTS = 1e4, 20_000
"""No result of a step has larger numbers, or more of them."""

Word = Callable[[Pool], str | tuple[str, str]]


def vocabulary() -> list[tuple[str, Word]]:
    """Return every word: its kind, and what draws a step of it."""
    words: list[tuple[str, Word]] = []

    def add(kind: str, names: Any, draw: Callable[..., Any]) -> None:
        words.extend((kind, _word(draw, name)) for name in names)

    add("operation", operations.NAMES, operations.step)
    add("layer", layer_rows.NAMES, layer_rows.step)
    add("activation", layer_rows.ACTS, layer_rows.activation)
    add("expression", code.EXPRESSIONS, code.expression)
    add("custom", code.RANKS, code.layer)
    return words


def _word(draw: Callable[..., Any], name: str) -> Word:
    return lambda pool: draw(name, pool)


_SHARES = {"operation": 4, "layer": 4, "activation": 1, "expression": 2, "custom": 1}
"""How often a step is of each kind."""


@dataclass
class Drawing:
    """A program under construction, with the values of a sample."""

    rng: np.random.Generator
    form: str
    inputs: list[Port] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    variables: list[Known] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=namespace)
    symbols: dict[str, Any] = field(default_factory=namespace)

    def add(self, word: Word) -> bool:
        """Add a step of a word; return whether one was found that Keras takes."""
        pool = Pool(self.rng, self.variables, self.inputs, code=self.form != FUNCTIONAL)
        try:
            drawn = word(pool)
            return self._tried(drawn, pool)
        except Exception:  # Keras doesn't take the call, or NoFitError
            return False

    def _tried(self, drawn: str | tuple[str, str], pool: Pool) -> bool:
        target = f"v{len(self.steps)}"
        layer, text = drawn if isinstance(drawn, tuple) else ("", drawn)
        if _is_known(layer.removeprefix("layers.") or text):
            return False
        step = Step(target, text, layer)
        if layer:
            step = replace(step, code=f"{step.layer_name}({text})")
        if not step.uses:
            # A constant becomes part of the model where something is added to it.
            anchor = self._anchor(pool)
            step = replace(step, code=f"ops.add({step.code}, {anchor})")
        new = [x for x in pool.inputs[len(self.inputs) :] if x.name in step.uses]
        values, symbols = dict(self.values), dict(self.symbols)
        for port in new:
            array = reference.draw(port.shape, port.dtype, port.positive)
            values[port.name] = keras.ops.convert_to_tensor(array)
            exec(port.symbol(), symbols)
        if layer:
            made = eval(layer, values)
            values[step.layer_name] = symbols[step.layer_name] = made
        if self.form == FUNCTIONAL:
            # Before a layer is built with real tensors.
            eval(step.code, symbols)
        result = eval(step.code, values)
        if isinstance(result, list | tuple):
            i = int(self.rng.integers(len(result)))
            step = replace(step, code=f"{step.code}[{i}]")
            result = result[i]
            if _is_known(step.code):
                return False
        if layer:
            reference.randomize(values[step.layer_name])
            result = eval(step.code, values)
        if not _usable(result):
            return False
        dtype = keras.backend.standardize_dtype(result.dtype)
        shape = tuple(int(n) for n in result.shape)
        values[target] = result
        if self.form == FUNCTIONAL:
            symbols[target] = eval(step.code, symbols)
            if not isinstance(symbols[target], keras.KerasTensor):
                return False
            if any(x is symbols[target] for x in self.symbols.values()):
                return False  # a layer that returns its input is a cycle to Keras
        self.values, self.symbols = values, symbols
        self.inputs += new
        self.variables += [Known(x.name, x.shape, x.dtype) for x in new]
        self.variables.append(Known(target, shape, dtype))
        self.steps.append(replace(step, shape=shape, dtype=dtype))
        return True

    def _anchor(self, pool: Pool) -> str:
        if not self.variables:
            name = pool.render(pool.tensor((2, 3), "float32"))
        else:
            name = self.variables[-1].name
        return f'ops.cast(ops.max({name}), "float32")'


def _usable(x: Any) -> bool:
    """Whether the result of a step can be an input of another."""
    if not (hasattr(x, "dtype") and hasattr(x, "shape")):
        return False
    array = np.asarray(keras.ops.convert_to_numpy(x))
    if not 0 < array.size <= ELEMENTS or array.ndim > 6 or array.dtype.kind == "c":
        return False
    numbers = array.astype("float64")
    return bool(np.isfinite(numbers).all() and np.abs(numbers).max() <= LARGEST)


_OTHERWISE = {
    "jax": r"ops\.slice(_update)?\(",  # it moves starts that are too large
    "tensorflow": "argpartition|"  # it compares the numbers without their fractions
    "bicubic",  # it interpolates a table of weights
    "torch": "argpartition|"  # the same
    "bicubic|"  # its curve is another one
    r"top_k\(.*\)\[1\]|unique\(.*sorted=False|"  # equal numbers in any order
    r"(Layer|RMS)Normalization\(axis=1\b|"  # it normalizes the last axis, if it can
    "ContrastLimited|"  # it cuts off the fraction of a limit, and repeats the edges
    r"(AveragePooling\dD|average_pool)\(.*padding='same'",  # it repeats the edges
}
"""Where a backend does otherwise than Keras documents, and the file as Keras."""


def _is_known(text: str) -> bool:
    """Whether the backend does otherwise than Keras documents (`differences.KNOWN`)."""
    name = text.partition("(")[0].removeprefix("ops.")
    backend = keras.backend.backend()
    if backend in _OTHERWISE and re.search(_OTHERWISE[backend], text):
        return True
    known = KNOWN.get((backend, name))
    if known == NO_AXES:
        return "keepdims=True" in text and "axis=" not in text
    return known is not None


def draw(seed: int) -> Program:
    """Draw a program: the word of the first step by number, the others at random."""
    rng = np.random.default_rng([seed, 2026])
    words = vocabulary()
    keras.utils.set_random_seed(seed % 2**31)
    first = seed * 7919 % len(words)  # a prime: neighbours are of different kinds
    for _ in range(5):
        drawing = _begun(rng, [*words[first:], *words[:first]])
        _continued(drawing, words)
        program = _finished(drawing)
        try:
            prepared(program)
        except Exception:  # steps that run alone, and make no model together
            continue
        return program
    return draw(seed + 1_000_003)


def _begun(rng: np.random.Generator, words: list[tuple[str, Word]]) -> Drawing:
    """Return a drawing of the first word that Keras takes, tried eight times each."""
    for turn in range(8 * len(words)):
        count_anew()
        form = str(rng.choice([FUNCTIONAL, SUBCLASSED, FUNCTION], p=[0.5, 0.4, 0.1]))
        drawing = Drawing(rng, form)
        if drawing.add(words[turn // 8][1]):
            return drawing
    raise NoFitError


def _continued(drawing: Drawing, words: list[tuple[str, Word]]) -> None:
    """Add up to five steps."""
    by_kind: dict[str, list[Word]] = {}
    for kind, one in words:
        by_kind.setdefault(kind, []).append(one)
    shares = np.array([_SHARES[kind] for kind in by_kind], float)
    wanted = int(drawing.rng.integers(1, 6))
    for _ in range(12):
        if len(drawing.steps) > wanted:
            return
        kind = str(drawing.rng.choice(list(by_kind), p=shares / shares.sum()))
        drawing.add(drawing.rng.choice(np.array(by_kind[kind], object)))


def _finished(drawing: Drawing) -> Program:
    used = {name for step in drawing.steps for name in step.uses}
    leaves = [x.target for x in drawing.steps if x.target not in used]
    program = Program(
        tuple(drawing.inputs),
        tuple(drawing.steps),
        tuple(leaves[-3:]),
        drawing.form,
        _options(drawing.rng),
    )
    return program.pruned()


def _options(rng: np.random.Generator) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if rng.random() < 0.5:
        options["opset"] = int(rng.choice(OPSETS))
    if rng.random() < 0.5:
        options["target"] = str(rng.choice(TARGETS))
    return options


def words_of(text: str) -> dict[str, set[str]]:
    """Return the operations, layers and others that code calls."""
    return {
        "operations": set(re.findall(r"\bops\.((?:image\.)?\w+)", text)),
        "layers": set(re.findall(r"\blayers\.(\w+)", text)),
        "activations": set(re.findall(r"\bacts\.(\w+)", text)),
        "custom": {x for x in code.RANKS if re.search(rf"\b{x}\b", text)},
    }
