"""Which nodes stay in float, found by measuring: as few as the bounds allow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import onnx

from keras_acts.export.parity.report.quantization.records import (
    NodeError,
    OutputAnswers,
    Trial,
)
from keras_acts.export.quantization.measure.answers import worst
from keras_acts.export.quantization.methods import Method

Measure = Callable[[onnx.ModelProto], tuple[OutputAnswers, ...]]
"""Returns the answers of a quantized model."""

Errors = Callable[[onnx.ModelProto], tuple[NodeError, ...]]
"""Returns the error of each node's result in a quantized model."""

_MOST_SINGLE = 24
"""The most nodes that are quantized one by one."""


@dataclass(frozen=True)
class Found:
    """A quantized model.

    Attributes:
        model: The model.
        outputs: Its answers.
        kept: The nodes left in float because they cost most, by name.
        trials: The steps of the search.
    """

    model: onnx.ModelProto
    outputs: tuple[OutputAnswers, ...]
    kept: Sequence[str] = ()
    trials: tuple[Trial, ...] = ()


@dataclass
class _Search:
    method: Method
    asked: Collection[str]
    measure: Measure
    left: int
    trials: list[Trial] = field(default_factory=list)

    def tried(self, kept: Sequence[str]) -> Found:
        """Quantize all but some nodes, and measure the answers."""
        self.left -= 1
        model = self.method.run({*self.asked, *kept})
        outputs = self.measure(model)
        disagreement, error = worst(outputs)
        self.trials.append(Trial(len(kept), disagreement, error))
        return Found(model, outputs, kept, tuple(self.trials))

    def alone(self, name: str) -> tuple[float, float]:
        """Return how bad the answers are with one node quantized."""
        self.left -= 1
        others = {one for one in self.method.nodes if one != name}
        return worst(self.measure(self.method.run({*others, *self.asked})))


def searched(
    method: Method,
    asked: Collection[str],
    measure: Measure,
    errors: Errors,
    trials: int,
) -> Found:
    """Return a quantized model whose answers agree, if that is found.

    All nodes are quantized first. Where the answers are outside the bounds, nodes are
    quantized one by one, beginning with those whose own results are furthest off; the
    costliest are then left in float: one, two, four and so on up to half of them, then
    fewer again between the last two numbers.

    Args:
        method: How to quantize.
        asked: Nodes that stay in float at the user's wish.
        measure: Measures the answers.
        errors: Measures the results of nodes.
        trials: The most models that are quantized and measured beyond the first.
    """
    search = _Search(method, asked, measure, left=trials + 1)
    best = search.tried(())
    if _agree(best.outputs) or trials == 0:
        return best
    ranked = _ranked(search, errors(best.model))
    failed, passed = 0, None
    for count in _doubling(len(ranked)):
        if search.left <= 0:
            break
        found = search.tried(ranked[:count])
        if worst(found.outputs) < worst(best.outputs):
            best = found
        if _agree(found.outputs):
            best, passed = found, count
            break
        failed = count
    while passed is not None and passed - failed > 1 and search.left > 0:
        middle = (failed + passed) // 2
        found = search.tried(ranked[:middle])
        if _agree(found.outputs):
            best, passed = found, middle
        else:
            failed = middle
    return Found(best.model, best.outputs, best.kept, tuple(search.trials))


def _agree(outputs: Sequence[OutputAnswers]) -> bool:
    return all(one.agrees for one in outputs)


def _ranked(search: _Search, errors: Sequence[NodeError]) -> list[str]:
    """Return the nodes, those first that cost most; a third of the trials go into it.

    Those that aren't tried alone follow by the errors of their own results.
    """
    own: Mapping[str, float] = {one.name: one.error for one in errors}
    names = [one for one in search.method.nodes if one not in search.asked]
    names.sort(key=lambda one: -own.get(one, 0.0))
    count = min(_MOST_SINGLE, len(names), max(search.left // 3, 0))
    costs = {name: search.alone(name) for name in names[:count]}
    alone = sorted(costs, key=lambda one: costs[one], reverse=True)
    return [*alone, *names[count:]]


def _doubling(nodes: int) -> list[int]:
    most = nodes // 2
    counts = [1 << i for i in range(nodes.bit_length()) if 1 << i < most]
    return [*counts, most] if most else []
