"""Broadcasting of shapes whose sizes may be unknown."""

from __future__ import annotations

from collections.abc import Sequence

from keras_acts.export.trace.graph import Shape


def broadcast(*shapes: Sequence[int | None]) -> Shape:
    """Return the shape that shapes broadcast to, with None for unknown sizes."""
    rank = max(map(len, shapes))
    aligned = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(broadcast_size(*sizes) for sizes in zip(*aligned, strict=True))


def broadcast_size(*sizes: int | None) -> int | None:
    """Return the size that sizes broadcast to: a known one above 1 decides."""
    above_one = [size for size in sizes if size not in (1, None)]
    if above_one:
        return above_one[0]
    return None if None in sizes else 1
