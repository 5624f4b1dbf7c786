"""Handler of `backend.rnn`, the loop over time of `RNN` and its subclasses.

It becomes a node of kind `RECURRENCE`, with the step as a `Subgraph`.

Where the backends treat masked steps differently, it follows the loop of TensorFlow and
torch: a masked step repeats the previous output, which is zero before the first step.
JAX repeats the first state, which differs if the initial state isn't zero. And
`zero_output_for_mask` applies whether or not `unroll` is set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from keras import KerasTensor

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.handlers.loop_carried import carried
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.structure import flatten, map_structure
from keras_acts.export.trace.subgraph import spec_of

RECURRENCE = "trace.rnn"
"""The kind of the node, whose operation is a `Recurrence`. Its arguments are the step,
the inputs, the states and the mask; its outputs are the last output, all outputs, and
the final states."""


@dataclass(frozen=True)
class Recurrence:
    """How a step is repeated over time, with the argument names of `backend.rnn`.

    Attributes:
        go_backwards: Whether the time runs backwards.
        time_major: Whether time is the first axis, before the batch.
        zero_output_for_mask: Whether the output of a masked step is zero; otherwise it
            repeats the previous output.
        return_all_outputs: Whether all outputs are returned, or the last one only.
    """

    go_backwards: bool
    time_major: bool
    zero_output_for_mask: bool
    return_all_outputs: bool

    @property
    def axis(self) -> int:
        """The time axis."""
        return 0 if self.time_major else 1


def recurrence(
    recorder: Recorder,
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
    """Map a call of `backend.rnn` to a node with the subgraph of one step.

    Raises:
        UnsupportedOperationError: `input_length` is used, or the step changes the
            shapes or dtypes of the states.
    """
    operation = Recurrence(
        go_backwards=bool(go_backwards),
        time_major=bool(time_major),
        zero_output_for_mask=bool(zero_output_for_mask),
        return_all_outputs=bool(return_all_outputs),
    )
    axis = operation.axis
    tensors = map_structure(recorder.tensor, inputs)
    states = map_structure(recorder.tensor, tuple(initial_states))
    length = flatten(tensors)[0].shape[axis]
    is_constant = isinstance(input_length, int) or input_length is None
    if not is_constant or input_length not in (None, length):
        raise UnsupportedOperationError(
            "`backend.rnn` is exported with a mask, not with `input_length`. "
            f"Received: input_length={input_length!r}"
        )

    def step(x: Any, current: Any) -> Any:
        output, new = step_function(x, (*current, *(constants or ())))
        return output, new

    step_inputs = map_structure(lambda x: _without(x, axis), tensors)
    body = recorder.subgraph(step, step_inputs, states)
    output = spec_of(body.outputs[0])
    finals = carried("A step of a recurrent layer", states, body.outputs[1])
    outputs = _with(output, axis, length if return_all_outputs else 1)
    return recorder.record_node(
        RECURRENCE,
        (body, tensors, states, mask),
        {},
        (output, outputs, finals),
        operation,
    )


def _without(x: Any, axis: int) -> KerasTensor:
    """Return a spec without an axis."""
    sizes = list(x.shape)
    del sizes[axis]
    return KerasTensor(sizes, x.dtype)


def _with(x: Any, axis: int, size: int | None) -> KerasTensor:
    """Return a spec with an axis inserted."""
    return KerasTensor((*x.shape[:axis], size, *x.shape[axis:]), x.dtype)
