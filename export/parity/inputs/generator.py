"""The inputs of a comparison: random at several scales, edges, and the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from keras_acts.export.errors import OptionError
from keras_acts.export.parity.inputs.case import ORDINARY, Case, CaseRole
from keras_acts.export.parity.inputs.edges import Edge
from keras_acts.export.parity.inputs.index_limits import DEFAULT_LIMIT
from keras_acts.export.parity.pairing import PairedInput
from keras_acts.export.parity.tolerances import Array

Rng = np.random.Generator
Draw = Callable[[Rng, tuple[int, ...]], Array]

EXPECTED = "as its first layers expect"

SCALES: Mapping[str, Draw] = {
    ORDINARY: lambda rng, shape: rng.standard_normal(shape),
    "uniform ±0.01": lambda rng, shape: rng.uniform(-0.01, 0.01, shape),
    "uniform 0 to 1": lambda rng, shape: rng.uniform(0.0, 1.0, shape),
    "uniform ±10": lambda rng, shape: rng.uniform(-10.0, 10.0, shape),
}
"""The random inputs. Small ones reveal a wrong epsilon, large ones a wrong branch."""

UNKNOWN_SIZES: Mapping[int, tuple[int, int]] = {4: (96, 128), 5: (16, 24)}
"""Sizes used for unknown axes other than the batch, by rank: images, volumes."""

CHUNK = 64
"""The most samples of the user's arrays in one run."""

_UNKNOWN_SEQUENCE = (16, 23)
_TRUE_SHARE = 0.75
_DRAWS_OF_ENTRIES = 4


@dataclass(frozen=True)
class Sizes:
    """Two values for each unknown axis other than the batch, by the input's rank."""

    by_rank: Mapping[int, tuple[int, int]] = field(
        default_factory=lambda: UNKNOWN_SIZES
    )
    others: tuple[int, int] = _UNKNOWN_SEQUENCE

    def of(self, rank: int) -> tuple[int, int]:
        """Return the two values for an input of a rank."""
        return self.by_rank.get(rank, self.others)

    def scaled(self, factor: Fraction | int) -> Sizes:
        """Return the sizes multiplied, at least 1."""
        return self._with(lambda a, b: (_times(a, factor), _times(b, factor)))

    def with_second(self, factor: Fraction | int) -> Sizes:
        """Return the sizes with this multiple of the first value as the second."""
        return self._with(lambda a, _: (a, _times(a, factor)))

    def _with(self, change: Callable[[int, int], tuple[int, int]]) -> Sizes:
        by_rank = {rank: change(*pair) for rank, pair in self.by_rank.items()}
        return Sizes(by_rank, change(*self.others))


def _times(size: int, factor: Fraction | int) -> int:
    return max(1, int(size * factor))


@dataclass(frozen=True)
class Generator:
    """Generates the runs of one comparison.

    Attributes:
        inputs: The model's inputs.
        limits: The size of the table that an input indexes, by input name.
        batch_sizes: The batch sizes asked for.
        seed: The seed of the random numbers.
        sizes: The sizes of unknown axes.
        expected: What draws the numbers that the model's first layers expect, by the
            input's name.
        entries: What draws the entries that are looked up, by the input's name.
    """

    inputs: Sequence[PairedInput]
    limits: Mapping[str, int]
    batch_sizes: Sequence[int]
    seed: int
    sizes: Sizes = field(default_factory=Sizes)
    expected: Mapping[str, Draw] = field(default_factory=dict)
    entries: Mapping[str, Draw] = field(default_factory=dict)

    def probe(self, variant: int) -> Case:
        """Return a run on ordinary inputs, with one of the two values of each size."""
        rng = np.random.default_rng(self.seed)
        batch = self._batches[variant % len(self._batches)]
        inputs = {
            one.spec.name: self._drawn(one, rng, batch, variant, SCALES[ORDINARY])
            for one in self.inputs
        }
        return Case(f"a search of sizes, {self._sizes(batch, variant)}", "", inputs)

    @property
    def elements(self) -> int:
        """The elements of the largest input of one sample."""
        shapes = [self._shape(one, self._batch(1), 0) for one in self.inputs]
        return max((int(np.prod(shape)) for shape in shapes), default=0)

    def random(self) -> Iterator[Case]:
        """Yield a run for each scale and batch size.

        Ordinary inputs come first, since they set the scale for the others, and large
        batches before small ones, whose few outputs may be near 0 by chance. Each batch
        size uses different sizes for the unknown axes.
        """
        rng = np.random.default_rng(self.seed)
        scales = dict(SCALES if self._float_inputs else {"indices": SCALES[ORDINARY]})
        if self.entries and not self._float_inputs:
            names = [f"entries, draw {i + 1}" for i in range(_DRAWS_OF_ENTRIES)]
            scales = dict.fromkeys(names, SCALES[ORDINARY])
        if self.expected:
            scales = {EXPECTED: SCALES[ORDINARY], **scales}
        for scale, draw in scales.items():
            for variant, batch in sorted(enumerate(self._batches), key=_by_batch):
                yield Case(
                    f"{scale}, {self._sizes(batch, variant)}",
                    scale,
                    {
                        one.spec.name: self._drawn(
                            one, rng, batch, variant, self._draw(one, scale, draw)
                        )
                        for one in self.inputs
                    },
                    random=True,
                    ordinary=draw is SCALES[ORDINARY],
                    optional=self.has_unknown_sizes,
                )

    def _draw(self, one: PairedInput, scale: str, draw: Draw) -> Draw:
        return self.expected.get(one.spec.name, draw) if scale == EXPECTED else draw

    def edges(self, edges: Sequence[Edge], *, standalone: bool) -> Iterator[Case]:
        """Yield a run for each edge input, and one for the limits of integer ranges.

        Args:
            edges: The edge inputs.
            standalone: Whether the model is a single activation, for which the largest
                numbers decide too.
        """
        rng = np.random.default_rng(self.seed)
        if len(self._float_inputs) < len(self.inputs):
            inputs = {one.spec.name: self._ends(one, rng) for one in self.inputs}
            name = "ends of the integer ranges"
            yield Case(name, name, inputs, optional=self.has_unknown_sizes)
        if not self._float_inputs:
            return
        for edge in edges:
            rows = max(edge.rows(self._shape(one, 1, 0)) for one in self._float_inputs)
            rows = self._batch(max(rows, 1 + max(self._batches)))
            inputs = {
                one.spec.name: self._drawn(one, rng, rows, 0, edge.filled)
                for one in self.inputs
            }
            decides = edge.ordinary or (edge.finite and standalone)
            role: CaseRole = "decides where finite" if decides else "reported"
            name = f"edge {edge.name}"
            yield Case(name, name, inputs, role, optional=self.has_unknown_sizes)

    def from_arrays(self, given: Any) -> Iterator[Case]:
        """Yield the runs on the user's arrays, of `CHUNK` samples at most.

        Args:
            given: An array, a sequence of arrays in order, or arrays by input name; or
                a dataset, which yields those, or pairs of those and labels.

        Raises:
            OptionError: There are too few, too many, or their shapes are wrong.
        """
        name = "own arrays"
        for number, arrays in enumerate(batches(given)):
            where = f"{name}, batch {number + 1}" if is_dataset(given) else name
            inputs = self._fitting(arrays)
            count = min((len(x) for x in inputs.values() if x.ndim), default=0)
            if count <= CHUNK or not self._has_free_batch:
                yield Case(where, name, inputs, "decides")
                continue
            for start in range(0, count, CHUNK):
                part = {n: x[start : start + CHUNK] for n, x in inputs.items()}
                end = min(start + CHUNK, count)
                yield Case(f"{where}, {start + 1} to {end}", name, part, "decides")

    def _fitting(self, given: Any) -> dict[str, Array]:
        arrays = self._by_name(given)
        inputs = {}
        for one in self.inputs:
            array = np.asarray(arrays[one.spec.name])
            if array.dtype.kind in "cmM":
                raise OptionError(
                    f"`inputs` must hold real numbers for '{one.spec.name}'. "
                    f"Received: dtype {array.dtype}"
                )
            if not _fits(array.shape, one.shape):
                raise OptionError(
                    f"`inputs` must fit the shape {one.shape} of '{one.spec.name}'. "
                    f"Received: shape {array.shape}"
                )
            inputs[one.spec.name] = _rounded(one, array)
        return inputs

    @property
    def _has_free_batch(self) -> bool:
        """Whether every input has a batch, and of any size."""
        return all(one.shape and one.shape[0] is None for one in self.inputs)

    def _by_name(self, given: Any) -> Mapping[str, Any]:
        names = [one.spec.name for one in self.inputs]
        if not isinstance(given, Mapping):
            several = isinstance(given, list | tuple) and len(given) == len(names)
            given = dict(enumerate(given if several else [given]))
            given = {names[i]: x for i, x in given.items() if i < len(names)}
        if set(given) != set(names):
            raise OptionError(
                f"`inputs` must hold one array for each of {names}, by name or in "
                f"order. Received: {sorted(map(str, given))}"
            )
        arrays: Mapping[str, Any] = given
        return arrays

    @property
    def _float_inputs(self) -> list[PairedInput]:
        return [one for one in self.inputs if self._is_float(one)]

    @property
    def has_unknown_texts(self) -> bool:
        """Whether nothing is known of some strings, so that none can be drawn."""
        return any(
            one.spec.dtype == "string" and one.spec.name not in self.entries
            for one in self.inputs
        )

    def _is_float(self, one: PairedInput) -> bool:
        looked_up = one.spec.name in self.limits or one.spec.name in self.entries
        return not looked_up and "float" in one.spec.dtype

    @property
    def has_unknown_sizes(self) -> bool:
        """Whether an axis other than the batch has no size of its own."""
        return any(None in one.shape[1:] for one in self.inputs)

    def _batch(self, size: int) -> int:
        fixed = {one.shape[0] for one in self.inputs if one.shape}
        return next((known for known in fixed if known is not None), size)

    @property
    def _batches(self) -> list[int]:
        return list(dict.fromkeys(self._batch(size) for size in self.batch_sizes))

    def _sizes(self, batch: int, variant: int) -> str:
        if not self.has_unknown_sizes:
            return f"batch {batch}"
        shapes = (self._shape(one, batch, variant) for one in self.inputs)
        return " and ".join("×".join(map(str, shape)) for shape in shapes)

    def _shape(self, one: PairedInput, batch: int, variant: int) -> tuple[int, ...]:
        sizes = self.sizes.of(len(one.shape))
        rest = enumerate(one.shape[1:])
        known = (sizes[(i + variant) % 2] if n is None else n for i, n in rest)
        return (batch, *known) if one.shape else ()

    def _drawn(
        self, one: PairedInput, rng: Rng, batch: int, variant: int, draw: Draw
    ) -> Array:
        shape = self._shape(one, batch, variant)
        if one.spec.name in self.entries:
            return _rounded(one, self.entries[one.spec.name](rng, shape))
        if self._is_float(one):
            return _rounded(one, draw(rng, shape))
        if one.spec.dtype == "bool":
            return rng.uniform(size=shape) < _TRUE_SHARE
        return _rounded(one, rng.integers(0, self._limit(one), shape))

    def _ends(self, one: PairedInput, rng: Rng) -> Array:
        shape = self._shape(one, self._batches[0], 0)
        drawn = self._is_float(one) or one.spec.name in self.entries
        if drawn or one.spec.dtype == "bool":
            return self._drawn(one, rng, self._batches[0], 0, SCALES["normal"])
        return _rounded(one, np.resize([0, self._limit(one) - 1], shape))

    def _limit(self, one: PairedInput) -> int:
        if one.spec.dtype == "string":
            raise OptionError(
                "Strings can't be generated: pass `inputs`. "
                f"Received: input '{one.spec.name}' of dtype string"
            )
        default = 256 if one.spec.dtype == "uint8" else DEFAULT_LIMIT
        return self.limits.get(one.spec.name, default)


def is_dataset(given: Any) -> bool:
    """Whether something yields batches, and is no array or structure of arrays."""
    known = isinstance(given, Mapping | list | tuple)
    return not known and not hasattr(given, "shape") and hasattr(given, "__iter__")


def batches(given: Any) -> Iterator[Any]:
    """Yield the batches of a dataset without their labels, or the arrays themselves."""
    if not is_dataset(given):
        yield given
        return
    for batch in given:
        yield batch[0] if isinstance(batch, tuple) else batch


def _by_batch(numbered: tuple[int, int]) -> int:
    return -numbered[1]


def _rounded(one: PairedInput, array: Array) -> Array:
    """Return an array in Keras's dtype, rounded to what the ONNX input can hold."""
    if one.spec.dtype == "string":
        return array
    with np.errstate(over="ignore"):
        if one.port.dtype == "float16":
            array = array.astype(np.float16)
        name = "float32" if one.spec.dtype == "bfloat16" else one.spec.dtype
        return array.astype(name)


def _fits(shape: tuple[int, ...], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(
        n is None or n == size for size, n in zip(shape, wanted, strict=True)
    )
