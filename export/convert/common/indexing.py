"""Indexing with arrays of indices and with boolean masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.trace.shapes.indexing import Indexing, split_key

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
    """Whether a key contains arrays or masks."""
    return any(_mask_rank(one) is not None for one in key)


def parse_key(g: GraphBuilder, x: ir.Value, key: Sequence[Any]) -> Indexing:
    """Split a key with arrays into a basic key and the arrays."""
    return split_key(key, g.rank(x), _mask_rank)


def gather_arrays(g: GraphBuilder, x: ir.Value, parts: Indexing) -> ir.Value:
    """Append the gather for the arrays of a key: Gather for one, GatherND for several.

    Args:
        g: The graph builder.
        x: The result of the basic part of the key.
        parts: The parsed key.
    """
    indices = [one for array in parts.arrays for one in _indices(g, array)]
    axes = [axis for several in parts.axes for axis in several]
    if len(indices) == 1:
        return g.Gather(x, indices[0], axis=axes[0])
    zeros = [g.Sub(one, one) for one in indices]
    broadcast = zeros[0]
    for one in zeros[1:]:
        broadcast = g.Add(broadcast, one)
    columns = [g.Unsqueeze(g.Add(one, broadcast), [-1]) for one in indices]
    others = [axis for axis in range(len(parts.basic)) if axis not in axes]
    first = g.Transpose(x, perm=[*axes, *others])
    elements = g.GatherND(first, g.Concat(*columns, axis=-1))
    rank = max(g.rank(one) for one in indices)
    order = list(range(rank, rank + len(others)))
    order[parts.position : parts.position] = range(rank)
    return elements if order == sorted(order) else g.Transpose(elements, perm=order)


def _indices(g: GraphBuilder, x: Any) -> list[ir.Value]:
    """Return the indices along each axis that an array or a mask indexes."""
    if not isinstance(x, ir.Value) or x.dtype != ir.DataType.BOOL:
        return [g.cast(x, I64)]
    found = g.NonZero(x)
    return [g.Gather(found, np.asarray(axis), axis=0) for axis in range(g.rank(x))]
