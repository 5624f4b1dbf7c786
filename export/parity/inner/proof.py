"""Prove an output that hardly varies with the input, part by part.

Such an output agrees whatever the file does: a softmax over logits that are nearly 0
answers 1/n. So inner layers decide:

1. Both sides run, and each tensor through which all goes that reaches the output is
   looked for among the values of the file. Where one varies with the input and agrees,
   all before it is proven.
2. From such a tensor on, both sides run on numbers of its own: normally distributed
   ones in place of the tensor, in Keras and in the file, small and large ones, so that
   each activation gets what it bends. The next tensor is looked for, as in 1; where
   there is none any more, the output varies and proves the rest.
3. Where tensors vary, and the file has values that are like them and certainly not
   equal, the file differs.
4. Where nothing varies and agrees, the output is not proven: also where the model is no
   graph of layers, where a mask goes beside the tensors, and where the file computes
   the output from more than one value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.export.parity.compare import compare
from keras_acts.export.parity.inner.layer_graph import LayerGraph, NoGraphError, Slot
from keras_acts.export.parity.inner.localize import (
    diverging,
    started,
    varies,
)
from keras_acts.export.parity.inner.matching import (
    Arrangement,
    arrangements,
)
from keras_acts.export.parity.inner.part import Part
from keras_acts.export.parity.inner.tapped import NotTappedError, TappedFile
from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.progress import telling
from keras_acts.export.parity.reference import keras_calls
from keras_acts.export.parity.report.report import Divergence
from keras_acts.export.parity.tolerances import Array, Tolerance
from keras_acts.export.trace import Signature

_SPREADS = (1.0, 4.0, 16.0)
"""The standard deviations of what is put in place of a tensor, one sample each."""

_FACTORS = (1.0, 1e2, 1e4, 1e6)
"""By how much more they are spread, one after the other, until something varies."""

_PARTS = 12
"""Into how many parts a model is taken, where so many tensors lend themselves."""

_CERTAIN = 4.0  # multiples of the table that a part may be off, as a model may


class Unproven(Exception):  # noqa: N818
    """Inner layers don't prove an output; the message says why.

    Attributes:
        divergence: The layer that differs, where one was found to.
    """

    def __init__(self, message: str, divergence: Divergence | None = None) -> None:
        super().__init__(message)
        self.divergence = divergence


def prove(
    model: Any,
    signature: Signature,
    onnx_model: OnnxModel,
    inputs: list[PairedInput],
    case: Case,
    tolerance: Tolerance,
    outputs: Mapping[int, str],
    floats: Collection[str],
) -> int:
    """Compare a Functional or Sequential model part by part.

    Args:
        model: The Keras model.
        signature: Its inputs.
        onnx_model: The ONNX model.
        inputs: The inputs on both sides.
        case: A run on ordinary inputs.
        tolerance: The allowed error.
        outputs: The ONNX name of each output to prove, by its number.
        floats: The inputs that are numbers and not indices.

    Returns:
        The number of parts that were compared.

    Raises:
        Unproven: The parts can't be compared, or differ.
    """
    try:
        graph, file = LayerGraph.of(model), TappedFile.of(onnx_model)
    except (NoGraphError, NotTappedError) as error:
        reason = f"it hardly varies across the inputs, and {error}"
        raise Unproven(reason) from error
    arrays = {
        name: _spread(x) if x.dtype.kind == "f" and name in floats else x
        for name, x in case.inputs.items()
    }
    feeds = {one.port.name: one.feed(arrays[one.spec.name]) for one in inputs}
    parts = 0
    with telling("Comparing inner layers, since the outputs hardly vary"):
        for number, name in outputs.items():
            chain = _Chain(graph, file, feeds, tolerance, graph.outputs[number], name)
            parts += chain.prove(started(graph, arrays, signature))
    return parts


@dataclass(frozen=True)
class _Cut:
    """A tensor that is replaced: its slot, its value in the file, and how it lies."""

    slot: Slot
    value: str
    arrangement: Arrangement
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def drawn(self) -> Array:
        """Return numbers in place of the tensor."""
        return _spread(np.random.default_rng(0).normal(size=self.shape))


@dataclass(frozen=True)
class _Chain:
    """One output, and the way to it on both sides."""

    graph: LayerGraph
    file: TappedFile
    feeds: Mapping[str, Array]
    tolerance: Tolerance
    target: Slot
    name: str

    def prove(self, values: Mapping[Slot, Any]) -> int:
        """Compare part by part; return their number."""
        cut: _Cut | None = None
        parts, factors = 1, iter(_FACTORS)
        while True:
            found = self._next_cut(values, cut)
            if found is not None and found.slot == self.target:
                return parts
            if found is None and cut is None:
                raise Unproven(self._reason(cut))
            if found is not None:
                cut, parts, factors = found, parts + 1, iter(_FACTORS)
            factor = next(factors, None)
            if cut is None or factor is None:
                raise Unproven(self._reason(cut))
            values = {cut.slot: keras_calls.tensor(factor * cut.drawn(), "float32")}

    def _reason(self, cut: _Cut | None) -> str:
        behind = f" behind {self._maker(cut.slot)}" if cut else ""
        return (
            "it hardly varies across the inputs, and no inner layer"
            f"{behind} could be compared in its place"
        )

    def _next_cut(self, values: Mapping[Slot, Any], start: _Cut | None) -> _Cut | None:
        """Return a tensor that varies and agrees; the output itself, if it is near."""
        feeds, file = dict(self.feeds), self.file
        if start is not None:
            given = keras_calls.to_numpy(values[start.slot])
            fed = start.arrangement.to_file(given).astype(start.dtype)
            file, feeds = file.with_input(start.value, fed), {**feeds, start.value: fed}
        got = file.values(feeds)
        part = Part.of(self.graph, values, self.tolerance, got, feeds)
        want = part.judged[self.target].want
        self._check(want, got[self.name], part)
        between = self.graph.bottlenecks(start.slot if start else None, self.target)
        between = [slot for slot in between if slot != self.target]
        found = self._agreeing(between, part, file)
        if found is not None:
            return found
        if part.differs(between, alone=not varies(want)):
            self._diverges(part)
        return (
            self._cut(self.target, self.name, got[self.name]) if varies(want) else None
        )

    @property
    def _stride(self) -> int:
        return len(self.graph.steps) // _PARTS

    def _agreeing(
        self, between: Sequence[Slot], part: Part, file: TappedFile
    ) -> _Cut | None:
        """Return the first cut that is a stride away, or the last before."""
        found: _Cut | None = None
        for i, slot in enumerate(between):
            if slot in part.masked or not part.varying(slot):
                continue
            for name, arrangement in part.values.equal(part.judged[slot]):
                if not file.depends_on_inputs(self.name, name):
                    shape = part.judged[slot].want.shape
                    value = part.values.arrays[name]
                    found = self._cut(slot, name, value, shape, arrangement)
                    break
            if found is not None and i >= self._stride:
                return found
        return found

    def _cut(
        self,
        slot: Slot,
        name: str,
        value: Array,
        shape: tuple[int, ...] | None = None,
        arrangement: Arrangement | None = None,
    ) -> _Cut:
        arrangement = arrangement or next(arrangements(value.shape, value.shape))
        return _Cut(slot, name, arrangement, shape or value.shape, value.dtype)

    def _check(self, want: Array, got: Array, part: Part) -> None:
        result = compare("", want, got, self.tolerance)
        if result.problem or (result.worst and result.worst.excess > _CERTAIN):
            self._diverges(part)

    def _diverges(self, part: Part) -> None:
        first = next(diverging(part.recorded, part.judged, part.values), None)
        step = first.step if first else part.recorded[-1].step
        name, error = part.values.nearest(part.judged[step.outputs[0]])
        raise Unproven(
            f"'{self.name}' hardly varies across the inputs; the inner layer "
            f"'{step.name}' differs",
            Divergence(step.name, step.kind, name, error, "inner layers"),
        )

    def _maker(self, slot: Slot) -> str:
        return next(
            (s.name for s in self.graph.steps if slot in s.outputs), "the input"
        )


def _spread(samples: Array) -> Array:
    """Return normal numbers of another spread in each sample."""
    spreads = np.resize(_SPREADS, samples.shape[0])
    return np.asarray((samples.T * spreads).T.astype(np.float32))
