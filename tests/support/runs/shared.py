"""Arrays that no backend has a part in: computed by one process of a run for all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

FOLDER = "KERAS_ACTS_TESTS_SHARED"
"""The variable that names the folder of a run on all backends. Elsewhere, nothing is
kept: no run sees what an older one has computed."""


def computed_once(
    key: Sequence[str | bytes], compute: Callable[[], np.ndarray]
) -> np.ndarray:
    """Return an array that depends on the key alone.

    Args:
        key: Says all that the array depends on.
        compute: Computes it, unless another process of the run has.
    """
    folder = os.environ.get(FOLDER)
    if folder is None:
        return compute()
    parts = (part if isinstance(part, bytes) else part.encode() for part in key)
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()
    path = Path(folder) / f"{name}.npy"
    if path.exists():
        return np.load(path)
    array = compute()
    temporary = path.with_suffix(f".{os.getpid()}.npy")
    np.save(temporary, array)
    temporary.replace(path)
    return array
