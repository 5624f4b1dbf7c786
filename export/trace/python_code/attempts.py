"""The ways in which a layer's code is tried, until one succeeds.

First, unknown sizes are numbers in `x.shape`, as when the model runs. Then the layer's
arrays know traced keys. At last, the sizes are None, as Keras itself shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from keras_acts.export.errors import ExportError
from keras_acts.export.trace.python_code import arrays
from keras_acts.export.trace.python_code.errors import BranchingError

ATTEMPT = "attempt"
"""The kind of a step of a tape that says in which way a layer was called."""


class Attempt(Enum):
    """A way of calling a layer's code."""

    AS_IT_IS = auto()
    ON_ARRAYS = auto()
    WITHOUT_SIZES = auto()

    @property
    def shows_sizes(self) -> bool:
        """Whether `x.shape` has traced numbers for unknown sizes."""
        return self is not Attempt.WITHOUT_SIZES

    def code(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is called in place of the layer's method."""
        return arrays.seen(call) if self is Attempt.ON_ARRAYS else call

    def may_help(self, failed: Sequence[Exception], showed_sizes: bool) -> bool:
        """Whether this way may succeed after the ways before it failed.

        Args:
            failed: The errors of the ways before.
            showed_sizes: Whether the code asked for an unknown size by `x.shape`.
        """
        if self is Attempt.ON_ARRAYS:
            return bool(failed) and not isinstance(
                failed[0], ExportError | BranchingError
            )
        return not failed or (self is Attempt.WITHOUT_SIZES and showed_sizes)
