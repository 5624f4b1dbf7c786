"""What Keras's NumPy backend computes where other backends have symbols.

To learn the shape and dtype of a result, it runs the function on arrays of sizes that
stand for unknown ones. It leaves them uninitialized, so that an index may be out of
range in one run and not in the next: while tracing they hold ones, and integers zeros.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from keras_acts.export.trace.keras_patches.keras_ops import Replaced


def initialized(numpy: ModuleType) -> ModuleType:
    """Return NumPy with an `empty` whose arrays hold numbers that any call takes."""
    return Replaced(numpy, {"empty": _empty})


def _empty(shape: Any, dtype: Any = float) -> Any:
    is_index = np.issubdtype(np.dtype(dtype), np.integer)
    return np.full(shape, 0 if is_index else 1, dtype)
