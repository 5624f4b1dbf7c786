"""How much outputs vary over random inputs: a constant output proves nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from keras_acts.export.parity.tolerances import Array

LEAST_VARIATION = 1e-2
"""Outputs that vary less than this fraction of their magnitude prove nothing."""


@dataclass
class Variation:
    """The range of each element of an output over the samples added so far."""

    _lowest: dict[tuple[int, ...], Array] = field(default_factory=dict)
    _highest: dict[tuple[int, ...], Array] = field(default_factory=dict)

    def add(self, output: Array) -> None:
        """Add the samples of an output, one for each index of its first axis."""
        samples = output.astype(np.float64)[None] if output.ndim == 0 else output
        shape = samples.shape[1:]
        for sample in samples:
            self._lowest[shape] = np.fmin(self._lowest.get(shape, sample), sample)
            self._highest[shape] = np.fmax(self._highest.get(shape, sample), sample)

    @property
    def share(self) -> float:
        """The widest range of an element, as a fraction of the largest element."""
        return max((self._share(shape) for shape in self._lowest), default=0.0)

    def _share(self, shape: tuple[int, ...]) -> float:
        low = self._lowest[shape].astype(np.float64)
        high = self._highest[shape].astype(np.float64)
        finite = np.isfinite(low) & np.isfinite(high)
        if not finite.any():
            return 0.0
        magnitude = max(np.abs(low[finite]).max(), np.abs(high[finite]).max())
        spread = (high[finite] - low[finite]).max()
        return float(spread / magnitude) if magnitude else 0.0
