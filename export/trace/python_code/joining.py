"""What a function returns on both ways from a condition, as the results of an `If`."""

from __future__ import annotations

from typing import Any, NoReturn

import keras
import numpy as np
from keras import KerasTensor

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.python_code.branches import (
    Fork,
    Way,
    condition_of,
)
from keras_acts.export.trace.python_code.errors import BranchingError
from keras_acts.export.trace.python_code.numbers import (
    NumberSpec,
    TracedNumber,
    is_number,
)
from keras_acts.export.trace.structure import flatten, flatten_with_path, pack
from keras_acts.export.trace.subgraph import Subgraph, like


def joined(recorder: Recorder, fork: Fork, first: Way, second: Way) -> Any:
    """Record an `If` and return its results, in the structure that the function has.

    Raises:
        BranchingError: Structures, ranks or dtypes differ.
    """
    paths = [
        [path for path, _ in flatten_with_path(way.results)] for way in (first, second)
    ]
    if paths[0] != paths[1]:
        _refuse(fork, first.results, second.results)
    leaves = list(zip(flatten(first.results), flatten(second.results), strict=True))
    chosen = [place for place, pair in enumerate(leaves) if not _is_same(fork, *pair)]
    if not chosen:
        return first.results
    masks = [
        place
        for place in chosen
        if any(reads.mask_of(x) is not None for x in leaves[place])
    ]
    pairs = [_alike(fork, *leaves[place]) for place in chosen]
    for place in masks:
        pair = tuple(map(reads.mask_of, leaves[place]))
        if None in pair:
            _refuse(fork, *("a mask" if x is not None else "no mask" for x in pair))
        pairs.append(_alike(fork, *pair))
    results = _recorded(recorder, fork, first, second, pairs)
    for place, mask in zip(masks, results[len(chosen) :], strict=True):
        reads.set_mask(results[chosen.index(place)], mask)
    new = dict(zip(chosen, results, strict=False))
    return pack(
        first.results, [new.get(place, a) for place, (a, _) in enumerate(leaves)]
    )


def _recorded(
    recorder: Recorder, fork: Fork, first: Way, second: Way, pairs: list[Any]
) -> list[Any]:
    """Record an `If` of two lists of tensors."""
    specs = [_spec(fork, *pair) for pair in pairs]
    branches = [
        Subgraph((), [recorder.operand(pair[i]) for pair in pairs], way.tape.nodes)
        for i, way in enumerate((first, second))
    ]
    arguments = (condition_of(fork.condition), *branches)
    operation = reads.operation("core.Cond")
    return list(recorder.record_node("core.Cond", arguments, {}, specs, operation))


def _is_same(fork: Fork, a: Any, b: Any) -> bool:
    """Whether both ways return the same leaf, which needs no choice."""
    if a is b:
        return True
    if is_number(a) and is_number(b) and not _is_traced(a, b):
        return type(a) is type(b) and a == b
    if all(map(_is_tensor, (a, b))):
        return False
    if type(a) is not type(b) or _is_tensor(a) or a != b:
        _refuse(fork, a, b)
    return True


def _is_traced(*numbers: Any) -> bool:
    return any(isinstance(x, TracedNumber) for x in numbers)


def _is_tensor(x: Any) -> bool:
    return is_number(x) or (hasattr(x, "shape") and hasattr(x, "dtype"))


def _alike(fork: Fork, a: Any, b: Any) -> tuple[Any, Any]:
    """Return two leaves as tensors; a known number takes the dtype of the other."""
    if is_number(a) and is_number(b):
        dtype = "float64" if any(map(_is_double, (a, b))) else "int32"
        if all(_is_boolean(x) for x in (a, b)):
            dtype = "bool"
        if any(isinstance(x, TracedNumber) and x.dtype != dtype for x in (a, b)):
            _refuse(fork, a, b)
        a, b = (x if isinstance(x, TracedNumber) else _known(x, dtype) for x in (a, b))
        return a, b
    if is_number(a) and not isinstance(a, TracedNumber):
        return np.asarray(a, keras.backend.standardize_dtype(b.dtype)), b
    if is_number(b) and not isinstance(b, TracedNumber):
        return a, np.asarray(b, keras.backend.standardize_dtype(a.dtype))
    return a, b


class _Known(np.ndarray[Any, Any]):
    """A known number where the other way has one too: the result is a number."""


def _known(x: Any, dtype: str) -> Any:
    return np.asarray(x, dtype).view(_Known)


def _is_double(x: Any) -> bool:
    if isinstance(x, TracedNumber):
        return bool(x.dtype == "float64")
    return isinstance(x, float | np.floating)


def _is_boolean(x: Any) -> bool:
    if isinstance(x, TracedNumber):
        return bool(x.dtype == "bool")
    return isinstance(x, bool | np.bool_)


def _spec(fork: Fork, a: Any, b: Any) -> Any:
    """Return the spec that two tensors share, with None for sizes that differ."""
    first, second = like(a), like(b)
    same_rank = len(first.shape) == len(second.shape)
    if not same_rank or first.dtype != second.dtype:
        _refuse(fork, first, second)
    if all(isinstance(x, TracedNumber | _Known) for x in (a, b)):
        return NumberSpec(first.dtype)
    sizes = zip(first.shape, second.shape, strict=True)
    return KerasTensor([x if x == y else None for x, y in sizes], first.dtype)


def _refuse(fork: Fork, a: Any, b: Any) -> NoReturn:
    raise BranchingError(
        f"returns different structures, ranks or dtypes depending on `{fork.source}`, "
        "which is unknown until the model runs: an ONNX `If` has the same on both "
        "sides. Return the same, or give the sizes by `input_signature`",
        f"{_described(a)} where it is true, {_described(b)} where not",
    )


def _described(x: Any) -> str:
    if isinstance(x, str):
        return x
    if isinstance(x, list | tuple):
        return f"[{', '.join(map(_described, x))}]"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"a tensor of shape {tuple(like(x).shape)} and dtype {like(x).dtype}"
    return repr(x)
