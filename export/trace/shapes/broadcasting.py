"""Sizes that are broadcast against each other, as far as they are known."""

from __future__ import annotations

from collections.abc import Sequence

from keras_acts.export.trace.graph import Shape


def broadcast(*shapes: Sequence[int | None]) -> Shape:
    """Return the shape that several shapes are broadcast to, None for unknown sizes."""
    rank = max(map(len, shapes))
    aligned = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(broadcast_size(*sizes) for sizes in zip(*aligned, strict=True))


def broadcast_size(*sizes: int | None) -> int | None:
    """Return the size that is not 1; an unknown one can only be as a known one."""
    others = [size for size in sizes if size not in (1, None)]
    if others:
        return others[0]
    return None if None in sizes else 1
