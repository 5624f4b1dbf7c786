"""Which value inside an ONNX file is the output of a layer, judged by its own scale.

Nothing is assumed about how the file was made or how its values are named. A value may
lie otherwise than Keras's tensor: channels first, time first, or reshaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from keras_acts.export.parity.tolerances import Array, Tolerance, largest

TIGHTEST = 0.25
"""The least share of the table by which an inner tensor is judged with float64."""

WORSE = 4.0
"""How much more than Keras itself an equal tensor may be off float64."""

_SAMPLES = 2048
_MOST_NEAREST = 5
_ALIKE = 0.2
_CERTAIN = 50.0
_MOST = 0.8


@dataclass(frozen=True)
class Arrangement:
    """How a value of the file lies, seen from Keras's tensor.

    Attributes:
        stored: The value's shape.
        squeezed: That shape, or the same without axes of size 1.
        axes: The order of the squeezed axes that Keras has.
    """

    stored: tuple[int, ...]
    squeezed: tuple[int, ...]
    axes: tuple[int, ...]

    def to_keras(self, value: Array, shape: tuple[int, ...]) -> Array:
        """Return a value as Keras has it."""
        return value.reshape(self.squeezed).transpose(self.axes).reshape(shape)

    def to_file(self, array: Array) -> Array:
        """Return Keras's tensor as the file has it."""
        permuted = [self.squeezed[axis] for axis in self.axes]
        turned = array.reshape(permuted).transpose(np.argsort(self.axes))
        return np.ascontiguousarray(turned.reshape(self.stored))


def arrangements(
    stored: tuple[int, ...], wanted: tuple[int, ...]
) -> Iterator[Arrangement]:
    """Yield how a value may be a tensor of another shape, of as many elements."""
    rank = len(stored)
    yield Arrangement(stored, stored, tuple(range(rank)))
    if rank > 2:
        yield Arrangement(stored, stored, (0, *range(2, rank), 1))
        yield Arrangement(stored, stored, (0, rank - 1, *range(1, rank - 1)))
    squeezed = tuple(n for n in stored if n != 1)
    if len(wanted) > 2 and len(squeezed) > 1:
        axes = (1, 0, *range(2, len(squeezed)))
        batch, time = wanted[:2]
        if squeezed[:2] == (time, batch) or 1 in (batch, time):
            yield Arrangement(stored, squeezed, axes)


@dataclass(frozen=True)
class Judged:
    """An output of a layer, and what may be off in an equal tensor.

    Attributes:
        want: Keras's tensor.
        exact: The tensor in float64, or in Keras's dtype where there is none.
        allowed: The largest error of each element.
    """

    want: Array
    exact: Array
    allowed: Array

    @classmethod
    def of(
        cls, want: Array, tolerance: Tolerance, exact: Array | None = None
    ) -> Judged:
        """Judge a tensor by its own scale, and by what float64 says of it."""
        numbers = want.astype(np.float64)
        if want.dtype.kind not in "fc":
            return cls(numbers, numbers, np.zeros_like(numbers))
        with np.errstate(invalid="ignore"):
            allowed = tolerance.allowed(numbers, largest(want))
            if exact is None or exact.shape != want.shape:
                return cls(numbers, numbers, allowed)
            error = np.abs(numbers - exact)
            loss = np.where(np.isfinite(error), error / allowed, 0.0).max(initial=0.0)
        return cls(numbers, exact, allowed * max(TIGHTEST, WORSE * float(loss)))

    def agrees(self, got: Array) -> bool:
        """Whether a tensor of the same shape is equal."""
        return _within(got.astype(np.float64), self.want, self.exact, self.allowed)

    @cached_property
    def summary(self) -> Array:
        """What the order of the elements doesn't change."""
        return _summary(self.exact)

    @property
    def bound(self) -> float:
        """The largest error of any element."""
        return float(self.allowed.max(initial=0.0))


def _within(got: Array, want: Array, exact: Array, allowed: Array) -> bool:
    with np.errstate(invalid="ignore"):
        near = np.abs(got - exact) <= allowed
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    return bool((near | same).all())


def _summary(array: Array) -> Array:
    """Return least, largest and mean number, and standard deviation."""
    numbers = array.astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return np.zeros(4)
    return np.array([numbers.min(), numbers.max(), numbers.mean(), numbers.std()])


@dataclass
class Values:
    """The values of a run of a file, by name."""

    arrays: Mapping[str, Array]
    _summaries: dict[str, Array] = field(default_factory=dict)
    _by_size: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            if array.dtype.kind in "biuf":
                self._by_size.setdefault(array.size, []).append(name)

    def of(self, names: Iterable[str]) -> Values:
        """Return some of the values."""
        return Values({name: self.arrays[name] for name in names})

    def _summary(self, name: str) -> Array:
        if name not in self._summaries:
            self._summaries[name] = _summary(self.arrays[name])
        return self._summaries[name]

    def equal(self, tensor: Judged) -> Iterator[tuple[str, Arrangement]]:
        """Yield the values that are a tensor, and how they lie."""
        if not tensor.want.size:
            return
        shape, bound = tensor.want.shape, 2 * tensor.bound
        for name in self._by_size.get(tensor.want.size, []):
            if (np.abs(self._summary(name) - tensor.summary) > bound).any():
                continue
            array = self.arrays[name]
            for one in arrangements(array.shape, shape):
                if _sample_agrees(tensor, one.to_keras(array, shape)):
                    yield name, one
                    break

    def nearest(self, tensor: Judged) -> tuple[str | None, float | None]:
        """Return the value closest to a tensor, and its largest error."""
        names = self._by_size.get(tensor.want.size, [])
        names = sorted(names, key=lambda n: float(self._distance(n, tensor)))
        shape = tensor.want.shape
        errors = {
            name: min(
                float(
                    np.abs(one.to_keras(self.arrays[name], shape) - tensor.want).max()
                )
                for one in arrangements(self.arrays[name].shape, shape)
            )
            for name in names[:_MOST_NEAREST]
            if tensor.want.size
        }
        finite = {name: error for name, error in errors.items() if np.isfinite(error)}
        if not finite:
            return None, None
        name = min(finite, key=finite.__getitem__)
        return name, finite[name]

    def _distance(self, name: str, tensor: Judged) -> float:
        return float(np.abs(self._summary(name) - tensor.summary).sum())

    def differs(self, tensor: Judged) -> bool:
        """Whether a value is like a tensor on the whole, and certainly not equal to it.

        Not equal in any order of the elements: the least or the largest number differ.
        """
        scale = max(float(tensor.summary[3]), tensor.bound)
        for name in self._by_size.get(tensor.want.size, []):
            apart = np.abs(self._summary(name) - tensor.summary)
            alike = (apart[2:] <= _ALIKE * scale).all()
            if alike and (apart > _CERTAIN * tensor.bound).any():
                return True
        return False

    def differs_in_part(self, tensor: Judged) -> bool:
        """Whether most elements of a value are those of a tensor, and others aren't."""
        shape, known = tensor.want.shape, tensor.want != 0
        if not known.any():
            return False
        for name in self._by_size.get(tensor.want.size, []):
            array = self.arrays[name]
            for one in arrangements(array.shape, shape):
                with np.errstate(invalid="ignore"):
                    apart = np.abs(one.to_keras(array, shape) - tensor.exact)
                near = float((apart <= tensor.allowed)[known].mean())
                if near > _MOST and (apart > _CERTAIN * tensor.bound).any():
                    return True
        return False


def _sample_agrees(tensor: Judged, got: Array) -> bool:
    """Whether some elements agree, and if so, all of them."""
    size = got.size
    if size > 4 * _SAMPLES:
        step = max(1, size // _SAMPLES)
        parts = (
            x.reshape(-1)[::step] for x in (tensor.want, tensor.exact, tensor.allowed)
        )
        sample = np.asarray(got.reshape(-1)[::step], np.float64)
        if not _within(sample, *parts):
            return False
    return tensor.agrees(got)
