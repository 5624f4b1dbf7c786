"""Parts of tensors by arrays of places, and by masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.trace.shapes.indexing import Indexing, take_apart

I64 = ir.DataType.INT64


def _mask_rank(x: Any) -> int | None:
    if isinstance(x, np.ndarray):
        return 0
    if not isinstance(x, ir.Value):
        return None
    rank = len(x.shape)  # type: ignore[arg-type]
    if x.dtype == ir.DataType.BOOL:
        return rank
    return 0 if rank else None


def has_arrays(key: Sequence[Any]) -> bool:
    """Whether a key holds arrays or masks."""
    return any(_mask_rank(one) is not None for one in key)


def apart(g: GraphBuilder, x: ir.Value, key: Sequence[Any]) -> Indexing:
    """Take a key with arrays apart."""
    return take_apart(key, g.rank(x), _mask_rank)


def gathered(g: GraphBuilder, x: ir.Value, parts: Indexing) -> ir.Value:
    """Append what takes the places of arrays.

    Args:
        g: The graph builder.
        x: What the basic key gave.
        parts: The key, taken apart.
    """
    places = [one for array in parts.arrays for one in _places(g, array)]
    axes = [axis for several in parts.axes for axis in several]
    if len(places) == 1:
        taken: ir.Value = g.Gather(x, places[0], axis=axes[0])
        return taken
    nowhere = [g.Sub(one, one) for one in places]
    together = nowhere[0]
    for one in nowhere[1:]:
        together = g.Add(together, one)
    columns = [g.Unsqueeze(g.Add(one, together), [-1]) for one in places]
    others = [axis for axis in range(len(parts.basic)) if axis not in axes]
    first = g.Transpose(x, perm=[*axes, *others])
    taken = g.GatherND(first, g.Concat(*columns, axis=-1))
    rank = max(g.rank(one) for one in places)
    order = list(range(rank, rank + len(others)))
    order[parts.place : parts.place] = range(rank)
    return taken if order == sorted(order) else g.Transpose(taken, perm=order)


def _places(g: GraphBuilder, x: Any) -> list[ir.Value]:
    """Return the places along each axis that an array or a mask is for."""
    if not isinstance(x, ir.Value) or x.dtype != ir.DataType.BOOL:
        return [g.cast(x, I64)]
    found = g.NonZero(x)
    return [
        g.with_shape(g.Gather(found, np.asarray(axis), axis=0), [None])
        for axis in range(g.rank(x))
    ]
