"""`ops.rearrange`, as the reshapes and the transpose that it stands for.

Keras divides sizes in Python, which an unknown one can't be.
"""

from __future__ import annotations

import math
import re
from typing import Any

from keras import ops

from keras_acts.export.trace.handlers.registry import rule
from keras_acts.export.trace.protocol import Tracing


@rule("einops.Rearrange")
def _rearrange(
    _tracing: Tracing, _op: Any, tensor: Any, pattern: str, **axes_lengths: int
) -> Any:
    before, after = (_groups(side) for side in pattern.split("->"))
    sizes: dict[str, Any] = dict(axes_lengths)
    for group, size in zip(before, ops.shape(tensor), strict=True):
        known = math.prod(sizes[axis] for axis in group if axis in sizes)
        for axis in group:
            sizes.setdefault(axis, size if len(group) == 1 else size // known)
    axes = [axis for group in before for axis in group]
    split = ops.reshape(tensor, [sizes[axis] for axis in axes])
    order = [axes.index(axis) for group in after for axis in group]
    joined = [math.prod(sizes[axis] for axis in group) for group in after]
    return ops.reshape(ops.transpose(split, order), joined)


def _groups(side: str) -> list[list[str]]:
    """Return the axes of one side of a pattern, those in parentheses together."""
    return [re.findall(r"\w+", group) for group in re.findall(r"\w+|\(.*?\)", side)]
