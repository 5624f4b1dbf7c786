"""Recurrence over time: what `backend.rnn` does, as one node.

`RNN` and the layers made of it leave the loop over time to their backend. Its function
becomes a node of kind `RECURRENCE`, with the step as a `Subgraph`.

Where the backends differ in masked steps, it does what TensorFlow and torch do in a
loop: a masked step repeats the output before it, which is zero before the first; JAX
repeats the first state, which differs for an initial state that is not zero. And
`zero_output_for_mask` holds whether or not `unroll` is set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from keras import KerasTensor

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.handlers.loop_carried import carried
from keras_acts.export.trace.protocol import Tracing
from keras_acts.export.trace.structure import flatten, map_structure
from keras_acts.export.trace.subgraph import spec_of

RECURRENCE = "trace.rnn"
"""Kind of the node, whose operation is a `Recurrence`. Its call takes the step, the
inputs, the states and the mask; it returns the last output, all outputs, and the last
states."""


@dataclass(frozen=True)
class Recurrence:
    """How a step is repeated over time, as `backend.rnn` names it.

    Attributes:
        go_backwards: Whether the last step comes first.
        time_major: Whether the time is the first axis, before the batch.
        zero_output_for_mask: Whether the output of a masked step is zero; otherwise it
            repeats the output before it.
        return_all_outputs: Whether all outputs are wanted, or the last one alone.
    """

    go_backwards: bool
    time_major: bool
    zero_output_for_mask: bool
    return_all_outputs: bool

    @property
    def axis(self) -> int:
        """The axis of time."""
        return 0 if self.time_major else 1


def recurrence(
    tracing: Tracing,
    step_function: Callable[..., Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,  # noqa: ARG001  the values are the same
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> Any:
    """Record a call of `backend.rnn`."""
    operation = Recurrence(
        go_backwards=bool(go_backwards),
        time_major=bool(time_major),
        zero_output_for_mask=bool(zero_output_for_mask),
        return_all_outputs=bool(return_all_outputs),
    )
    axis = operation.axis
    tensors = map_structure(tracing.tensor, inputs)
    states = map_structure(tracing.tensor, tuple(initial_states))
    length = flatten(tensors)[0].shape[axis]
    given = isinstance(input_length, int) or input_length is None
    if not given or input_length not in (None, length):
        raise UnsupportedOperationError(
            "`backend.rnn` is exported with a mask, not with lengths. "
            f"Received: input_length={input_length!r}"
        )

    def step(x: Any, present: Any) -> Any:
        output, new = step_function(x, (*present, *(constants or ())))
        return output, new

    at_once = map_structure(lambda x: _without(x, axis), tensors)
    body = tracing.subgraph(step, at_once, states)
    output = spec_of(body.outputs[0])
    finals = carried("A step of a recurrent layer", states, body.outputs[1])
    outputs = _with(output, axis, length if return_all_outputs else 1)
    return tracing.record(
        RECURRENCE,
        (body, tensors, states, mask),
        {},
        (output, outputs, finals),
        operation,
    )


def _without(x: Any, axis: int) -> KerasTensor:
    sizes = list(x.shape)
    del sizes[axis]
    return KerasTensor(sizes, x.dtype)


def _with(x: Any, axis: int, size: int | None) -> KerasTensor:
    return KerasTensor((*x.shape[:axis], size, *x.shape[axis:]), x.dtype)
