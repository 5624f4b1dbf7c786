"""The data that a model is looked at on: whatever `fit` takes, a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Batch:
    """The inputs of a batch, its targets and the weights of its samples."""

    x: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def size(self) -> int:
        """The number of samples."""
        leaves = keras.tree.flatten(self.x)
        return int(leaves[0].shape[0]) if leaves and len(leaves[0].shape) else 1


@dataclass(frozen=True)
class Batches:
    """A stream of batches.

    Attributes:
        source: The batches, each read once.
        count: How many there are; None if that isn't known.
    """

    source: Iterable[Batch]
    count: int | None

    @classmethod
    def of(
        cls, data: Any, y: Any = None, *, batch_size: int, steps: int | None
    ) -> Batches:
        """Take what `fit` takes.

        Args:
            data: Arrays, as one, a list or a dict; a tuple of inputs, targets and
                weights; a `PyDataset`, `tf.data.Dataset`, torch `DataLoader`,
                generator, or another iterable of batches.
            y: Targets, beside arrays.
            batch_size: The size of the batches of arrays.
            steps: How many batches to take at most; None for all.

        Raises:
            ValueError: The arguments don't fit together.
        """
        _check_positive("batch_size", batch_size)
        if steps is not None:
            _check_positive("steps", steps)
        if isinstance(data, str | bytes):
            raise _not_data(data)
        if _is_arrays(data):
            found = _of_arrays(data, y, batch_size)
        elif y is not None:
            raise ValueError(
                "`y` must be left out where `data` has the targets in its batches. "
                f"Received: data of type {type(data).__name__}, and y"
            )
        elif isinstance(data, keras.utils.PyDataset):
            found = _of_pydataset(data, steps)
        elif isinstance(data, Iterable):
            found = cls(map(_batch, data), _length(data, steps))
        else:
            raise _not_data(data)
        return found if steps is None else found.first(steps)

    def first(self, steps: int) -> Batches:
        """Return the first batches."""
        count = steps if self.count is None else min(steps, self.count)
        return Batches(itertools.islice(self.source, steps), count)

    def weighted(self, class_weight: Mapping[int, float] | None) -> Batches:
        """Return the batches with a weight for each sample by its class.

        Raises:
            ValueError: There are weights of samples already, or classes aren't known.
        """
        if class_weight is None:
            return self
        weights = dict(class_weight)
        return Batches((_weighted(one, weights) for one in self.source), self.count)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.source)


def _weighted(batch: Batch, weights: Mapping[int, float]) -> Batch:
    y = batch.y
    if keras.tree.is_nested(y) or y is None or batch.sample_weight is not None:
        raise ValueError(
            "`class_weight` needs targets of one output, and no weights of samples. "
            f"Received: targets of type {type(y).__name__}, and "
            f"{'no ' * (batch.sample_weight is None)}weights of samples"
        )
    labels = np.asarray(keras.ops.convert_to_numpy(y))
    if labels.ndim > 1:
        one_hot = labels.shape[-1] > 1
        labels = labels.argmax(axis=-1) if one_hot else labels[..., 0]
    found = np.vectorize(lambda label: float(weights.get(int(label), 1.0)))(labels)
    return replace(batch, sample_weight=_tensor(found))


def _not_data(data: Any) -> ValueError:
    return ValueError(
        "`data` must be arrays, a PyDataset, a tf.data.Dataset, a torch DataLoader, or "
        f"another iterable of batches. Received: data of type {type(data).__name__}"
    )


def _check_positive(name: str, value: Any) -> None:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {value!r}")


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and (
        hasattr(value, "dtype") or hasattr(value, "to_numpy")
    )


def _is_arrays(data: Any) -> bool:
    """Whether data are arrays, and not batches one after the other."""
    if isinstance(data, list) and data and all(isinstance(x, tuple) for x in data):
        return False
    if not (_is_array(data) or isinstance(data, list | tuple | dict)):
        return False
    leaves = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
    return bool(leaves) and all(map(_is_array, leaves))


def _of_arrays(data: Any, y: Any, batch_size: int) -> Batches:
    if isinstance(data, tuple):
        if y is not None:
            raise ValueError(
                "`y` must be left out where `data` is a tuple of inputs and targets; "
                "give several inputs as a list. "
                f"Received: a tuple of {len(data)}, and y"
            )
        given = data
    else:
        given = (data, y)
    whole = tuple(_mapped(_array, one) for one in _parts(given))
    sizes = {len(leaf) for leaf in keras.tree.flatten(whole) if leaf is not None}
    if len(sizes) != 1 or sizes == {0}:
        raise ValueError(
            "`data` must have as many samples in each array, and one at least. "
            f"Received: arrays of {sorted(sizes)} samples"
        )
    (samples,) = sizes

    def parts() -> Iterator[Batch]:
        for start in range(0, samples, batch_size):
            part = slice(start, start + batch_size)
            yield Batch(*(_tensors(_sliced(one, part)) for one in whole))

    return Batches(parts(), -(-samples // batch_size))


def _sliced(structure: Any, part: slice) -> Any:
    return _mapped(lambda array: array[part], structure)


def _of_pydataset(data: Any, steps: int | None) -> Batches:
    count = data.num_batches
    if count is None and steps is None:
        raise ValueError(
            "`steps` must be given for a PyDataset without an end. "
            "Received: steps=None, num_batches=None"
        )
    numbers = itertools.count() if count is None else range(count)
    return Batches((_batch(data[i]) for i in numbers), count)


def _length(data: Any, steps: int | None) -> int | None:
    try:
        return len(data)
    except TypeError as error:
        if "infinite" in str(error) and steps is None:
            raise ValueError(
                "`steps` must be given for data without an end. Received: steps=None"
            ) from error
        return None


def _batch(given: Any) -> Batch:
    """Return what a source yields as tensors: inputs, or a tuple that begins so."""
    if isinstance(given, list) and _is_pair(given):
        given = tuple(given)
    leaves = keras.tree.flatten(given)
    if any(isinstance(leaf, int | float | str) for leaf in leaves):
        raise ValueError(
            "A batch must be arrays or tensors, its samples along the first axis. "
            f"Received: a batch with {next(iter(leaves))!r} in it"
        )
    return Batch(*map(_tensors, _parts(given)))


def _parts(given: Any) -> tuple[Any, ...]:
    """Return inputs, and targets and weights where there are."""
    parts = given if isinstance(given, tuple) else (given,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            "A batch must be inputs, or a tuple of inputs, targets and weights. "
            f"Received: a tuple of {len(parts)}"
        )
    return parts


def _is_pair(given: list[Any]) -> bool:
    """Whether a list is inputs and targets, as torch's loaders collate samples."""
    return len(given) in (2, 3) and _home(given[0]) == "torch"


def _home(value: Any) -> str:
    """Return the package that a value's class comes from."""
    return type(value).__module__.partition(".")[0]


def _mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    return keras.tree.map_structure(
        lambda leaf: None if leaf is None else function(leaf),
        structure,
        none_is_leaf=True,
    )


def _tensors(structure: Any) -> Any:
    return _mapped(_tensor, structure)


def _tensor(value: Any) -> Any:
    """Return a tensor of the backend."""
    found = _array(value)
    if _home(found) in _backend_homes() and keras.backend.backend() != "torch":
        return found  # ragged and sparse ones too
    return keras.ops.convert_to_tensor(found)


def _backend_homes() -> tuple[str, ...]:
    """Return the packages whose tensors the backend takes as they are."""
    name = keras.backend.backend()
    return (name, "jaxlib") if name == "jax" else (name,)


def _array(value: Any) -> Any:
    """Return an array, in the precision that Keras takes, or the backend's tensor."""
    if _home(value) in _backend_homes():
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    for convert in ("numpy", "to_numpy"):
        if hasattr(value, convert):
            value = getattr(value, convert)()
            break
    found = np.asarray(value)
    if found.dtype.kind not in "biufcVSU" or (
        found.dtype.kind in "SU" and keras.backend.backend() != "tensorflow"
    ):
        raise ValueError(
            "`data` must be arrays of numbers. "
            f"Received: an array of dtype {found.dtype}"
        )
    wide = found.dtype == np.float64
    return found.astype(keras.config.floatx()) if wide else found
