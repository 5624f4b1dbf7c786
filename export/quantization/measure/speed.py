"""How much quicker: both files in turn, so that a busy machine slows both."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_acts.export.parity.report.quantization.records import Speed
from keras_acts.export.parity.tolerances import Array

_SECONDS = 1.5
"""How long is measured, at least `_FEWEST` pairs."""

_FEWEST = 5
_MOST = 200


def speed(before: Any, after: Any, feeds: Mapping[str, Array], samples: int) -> Speed:
    """Return the times of two sessions on the same inputs.

    Args:
        before: The session of the model in float.
        after: The session of the quantized one.
        feeds: The inputs.
        samples: The samples in them.
    """
    for session in (before, after):
        session.run(feeds)
    pairs: list[tuple[float, float]] = []
    start = time.perf_counter()
    while len(pairs) < _FEWEST or (
        len(pairs) < _MOST and time.perf_counter() - start < _SECONDS
    ):
        pairs.append((_seconds(before, feeds), _seconds(after, feeds)))
    times = np.array(pairs)
    ratios = times[:, 1] / times[:, 0]
    low, middle, high = (float(x) for x in np.quantile(ratios, (0.25, 0.5, 0.75)))
    one, other = (float(x) for x in np.median(times, axis=0))
    return Speed(
        samples=samples,
        before_ms=1000 * one,
        after_ms=1000 * other,
        ratio=middle,
        quartiles=(low, high),
        runs=len(pairs),
    )


def _seconds(session: Any, feeds: Mapping[str, Array]) -> float:
    start = time.perf_counter()
    session.run(feeds)
    return time.perf_counter() - start
