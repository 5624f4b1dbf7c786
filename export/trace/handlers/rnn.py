"""Handler of `backend.rnn`, the loop over time of `RNN` and its subclasses.

It becomes a node of kind `RECURRENCE`, with the step as a `Subgraph`.
Masked steps answer as on the backend that traces (see `masked_steps`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.handlers.loop_carried import carried
from keras_acts.export.trace.handlers.masked_steps import (
    MaskedOutput,
    first_state,
    masked_output,
)
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.structure import flatten, map_structure, pack
from keras_acts.export.trace.subgraph import Subgraph, spec_of
from keras_acts.export.trace.tensors import TracedTensor, array_of

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
        masked_output: The output of a masked step.
        return_all_outputs: Whether all outputs are returned, or the last one only.
    """

    go_backwards: bool
    time_major: bool
    masked_output: MaskedOutput
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
    unroll: bool = False,
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
    axis = 0 if time_major else 1
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
    masked = masked_output(
        keras.backend.backend(),
        zero=bool(zero_output_for_mask),
        unroll=bool(unroll),
        go_backwards=bool(go_backwards),
    )
    operation = Recurrence(
        go_backwards=bool(go_backwards),
        time_major=bool(time_major),
        masked_output=_plainest(masked, body, states),
        return_all_outputs=bool(return_all_outputs),
    )
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


def _plainest(masked: MaskedOutput, body: Subgraph, states: Any) -> MaskedOutput:
    """Return what is the same on each backend, and carries no output, for a state."""
    output, new = body.outputs
    is_state = first_state(pack(states, flatten(new))) is output
    if masked is MaskedOutput.PREVIOUS and is_state and _is_zero(first_state(states)):
        return MaskedOutput.STATE
    return masked


def _is_zero(x: Any) -> bool:
    """Whether a tensor is known to hold zeros."""
    if isinstance(x, TracedTensor):
        return x.is_zero
    return not isinstance(x, keras.Variable) and not array_of(x).any()


def _without(x: Any, axis: int) -> KerasTensor:
    """Return a spec without an axis."""
    sizes = list(x.shape)
    del sizes[axis]
    return KerasTensor(sizes, x.dtype)


def _with(x: Any, axis: int, size: int | None) -> KerasTensor:
    """Return a spec with an axis inserted."""
    return KerasTensor((*x.shape[:axis], size, *x.shape[axis:]), x.dtype)
