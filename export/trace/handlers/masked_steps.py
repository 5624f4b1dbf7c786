"""What a recurrent loop answers at the steps that a mask leaves out.

Keras's backends agree that such a step leaves the states as they are, but not on its
output. A trace follows the backend that runs it:

1. the output before it is repeated, which is zero in front of the first step;
2. with `zero_output_for_mask` it is zero. On JAX and NumPy that does nothing where the
   layer is unrolled; TensorFlow then takes the mask in the order of time, although the
   outputs of a layer with `go_backwards` stand in the order of processing;
3. where nothing is unrolled, JAX and NumPy take the first state for the output before.
   If that is the step's output, and zero in front of the first step, both are the same,
   and each backend's trace says `STATE`.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

_SCANS = ("jax", "numpy")
"""The backends that have a loop of this kind of their own."""


class MaskedOutput(Enum):
    """The output of a masked step."""

    PREVIOUS = "the output before it, zero in front of the first step"
    STATE = "the first state"
    ZERO = "zero"
    ZERO_IN_TIME = "zero, by the mask in the order of time whatever the direction"


def masked_output(
    backend: str, *, zero: bool, unroll: bool, go_backwards: bool
) -> MaskedOutput:
    """Return how a backend's loop answers at a masked step.

    Args:
        backend: The name of Keras's backend.
        zero: The loop's `zero_output_for_mask`.
        unroll: Whether it is unrolled.
        go_backwards: Whether the time runs backwards.
    """
    if unroll and backend in _SCANS:
        return MaskedOutput.PREVIOUS
    if zero and unroll and go_backwards and backend == "tensorflow":
        return MaskedOutput.ZERO_IN_TIME
    if zero:
        return MaskedOutput.ZERO
    return MaskedOutput.STATE if backend in _SCANS else MaskedOutput.PREVIOUS


def first_state(states: Any) -> Any:
    """Return the state that JAX and NumPy take for the output: of the last cell."""
    first = states[0]
    return states[-1][0] if isinstance(first, list | tuple) else first
