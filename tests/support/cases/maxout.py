"""Rows of the maxout family."""

import numpy as np

from support.case import Axis


def _largest_of_groups(x, groups):
    return x.reshape(*x.shape[:-1], groups, -1).max(axis=-1)


def maxout(x, kernel, pieces=2, **biases):
    y = x @ kernel + sum(biases.values())
    return _largest_of_groups(y, kernel.shape[1] // pieces)


def channel_maxout(x, units, axis=-1):
    groups = _largest_of_groups(np.moveaxis(x, axis, -1), units)
    return np.moveaxis(groups, -1, axis)


def _weights(features, columns):
    rng = np.random.default_rng(13)
    kernel = rng.normal(0, features**-0.5, (features, columns))
    return {"kernel": kernel, "bias": rng.normal(0, 0.1, columns)}


CASES = [
    Axis(
        layer="Maxout",
        kwargs={"units": 3},
        weights=_weights(6, 6),
        value=maxout,
        shape=(4, 6),
    ),
    Axis(
        layer="Maxout",
        kwargs={"units": 2, "pieces": 4, "use_bias": False},
        weights={"kernel": _weights(6, 8)["kernel"]},
        value=maxout,
        shape=(2, 3, 6),
    ),
    Axis(
        layer="ChannelMaxout",
        kwargs={"units": 3},
        value=channel_maxout,
        shape=(2, 4, 6),
        inputs={"ties": [[1.0, 1.0, -2.0, -2.0, 0.0, 5.0]]},
        vectors=(([[1.0, 2.0, 5.0, 4.0, -1.0, 0.0]], [[2.0, 5.0, 0.0]]),),
        ulps=0,
    ),
    Axis(
        layer="ChannelMaxout",
        kwargs={"units": 2, "axis": 1},
        value=channel_maxout,
        shape=(2, 6, 4),
        ulps=0,
    ),
]
