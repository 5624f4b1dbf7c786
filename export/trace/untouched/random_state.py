"""The random numbers of the process, which other packages draw from when imported."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Restore Python's and NumPy's random state after a `with` block."""
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
