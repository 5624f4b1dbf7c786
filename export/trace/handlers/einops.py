"""Handler of `ops.rearrange`.

Keras divides sizes as Python integers, which fails for unknown ones.
"""

from __future__ import annotations

import math
import re
from typing import Any

from keras import ops

from keras_acts.export.trace.handlers.registry import handler
from keras_acts.export.trace.protocol import Recorder


@handler("einops.Rearrange")
def _rearrange(
    _recorder: Recorder, _op: Any, tensor: Any, pattern: str, **axes_lengths: int
) -> Any:
    """Map `ops.rearrange` to a reshape, a transpose and a reshape, of any sizes."""
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
    """Return the axes on one side of a pattern, grouped by parentheses."""
    return [re.findall(r"\w+", group) for group in re.findall(r"\w+|\(.*?\)", side)]
