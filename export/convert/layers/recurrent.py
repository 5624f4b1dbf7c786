"""Recurrent layers as ONNX's recurrent operators, one operator for a layer.

Where the operators can't express a call, the conditions reject it, and it is traced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.builder.versions import split
from keras_acts.export.convert.common.slices import reversed_along
from keras_acts.export.convert.common.spatial import transposed
from keras_acts.export.convert.layers.recurrent_cells import Operator, operator_of
from keras_acts.export.convert.layers.recurrent_masks import UnmaskedSteps
from keras_acts.export.convert.registry import converts_layer
from keras_acts.export.trace.handlers.masked_steps import MaskedOutput, masked_output

# onnxruntime has the operators in float32, which half precision is cast to.
_DTYPES = ("bfloat16", "float16", "float32")


def _has_operator(layer: Any, call: Mapping[str, Any], dtype: str, target: str) -> bool:
    """Whether a recurrent operator computes a layer's call, and is fast."""
    operator = operator_of(layer)
    if operator is None or dtype not in _DTYPES or target in operator.slow_on:
        return False
    cell = layer.cell
    if None in operator.functions(cell) or cell.compute_dtype != layer.compute_dtype:
        return False
    if call["training"] and (cell.dropout or cell.recurrent_dropout):
        return False
    mask, sequences = _sequence_mask(call["mask"]), call["sequences"]
    if mask is not None and mask.shape[0] == 1 != sequences.shape[0]:
        return False
    return mask is None or len(mask.shape) == 2


def _masked_output(layer: Any) -> MaskedOutput:
    """Return the output of the steps that a mask leaves out."""
    return masked_output(
        keras.backend.backend(),
        zero=layer.zero_output_for_mask,
        unroll=layer.unroll,
        go_backwards=layer.go_backwards,
    )


def _sequence_mask(mask: Any) -> Any:
    """Return the mask of the sequences, which Keras may pass in a list."""
    return mask[0] if isinstance(mask, list | tuple) else mask


@converts_layer(
    keras.layers.GRU,
    keras.layers.LSTM,
    keras.layers.RNN,
    keras.layers.SimpleRNN,
    when=_has_operator,
)
def recurrent(
    g: GraphBuilder,
    layer: Any,
    sequences: ir.Value,
    initial_state: Any = None,
    mask: Any = None,
    training: bool = False,
) -> Any:
    """Map `LSTM`, `GRU`, `SimpleRNN` and `RNN` to the operator LSTM, GRU or RNN.

    Keras returns the outputs in the order of processing.
    """
    initial = [[state] for state in _as_list(initial_state)]
    mask = _sequence_mask(mask)
    y, output, last = _run(g, [layer], sequences, initial, mask)
    if layer.return_sequences and layer.go_backwards:
        y = reversed_along(g, y, [1])
    states = [_direction(g, state, 0) for state in last]
    output = y if layer.return_sequences else _direction(g, output, 0)
    if mask is not None:
        output = _zero_where_masked(g, layer, mask, output)
    return (output, *states) if layer.return_state else output


def _zero_where_masked(
    g: GraphBuilder, layer: Any, mask: ir.Value, output: ir.Value
) -> ir.Value:
    """Replace what `_run` repeats by zeros, where Keras answers with these."""
    masked, keep = _masked_output(layer), g.cast(mask, ir.DataType.BOOL)
    if layer.return_sequences and masked is MaskedOutput.ZERO_IN_TIME:
        keep = g.Unsqueeze(keep, [2])
    elif not layer.return_sequences and masked in _ZEROS:
        # Of the step that is processed last.
        index = np.asarray([0 if layer.go_backwards else -1], np.int64)
        keep = g.Gather(keep, index, axis=1)
    else:
        return output
    zeroed = g.Where(keep, output, g.zeros_like(output))
    return g.with_shape(zeroed, g.static_shape(output))


_ZEROS = (MaskedOutput.ZERO, MaskedOutput.ZERO_IN_TIME)


def _is_bidirectional(
    layer: Any, call: Mapping[str, Any], dtype: str, target: str
) -> bool:
    """Whether one recurrent operator computes both layers of a call."""
    both = (layer.forward_layer, layer.backward_layer)
    states = call["initial_state"]
    calls = [{**call, "initial_state": one} for one in _split_states(states)]
    each = zip(both, calls, strict=True)
    if not all(_has_operator(*one, dtype, target) for one in each):
        return False
    if layer.forward_layer.go_backwards or len(set(map(_shared_settings, both))) > 1:
        return False
    if _sequence_mask(call["mask"]) is None:
        return True
    masked = {*map(_masked_output, both)}
    if layer.return_sequences:
        # The output that a masked step repeats differs between the directions.
        return masked == {MaskedOutput.ZERO}
    return len(masked) == 1 and not masked.intersection(_ZEROS)


def _shared_settings(layer: Any) -> tuple[Any, ...]:
    """Return what the directions of one operator must have in common."""
    cell = layer.cell
    shared = (
        getattr(cell, name, None) for name in ("units", "use_bias", "reset_after")
    )
    return (operator_of(layer), *shared, layer.compute_dtype)


def _split_states(states: Any) -> tuple[Any, Any]:
    """Split the states of both directions as `Bidirectional` does."""
    if states is None:
        return None, None
    half = len(states) // 2
    return states[:half], states[half:]


@converts_layer(keras.layers.Bidirectional, when=_is_bidirectional)
def bidirectional(
    g: GraphBuilder,
    layer: Any,
    sequences: ir.Value,
    initial_state: Any = None,
    mask: Any = None,
    training: bool | None = None,
) -> Any:
    """Map `Bidirectional` to one bidirectional operator, and merge its outputs."""
    both = [layer.forward_layer, layer.backward_layer]
    forward, backward = map(_as_list, _split_states(initial_state))
    initial = list(zip(forward, backward, strict=True))
    y, output, last = _run(g, both, sequences, initial, _sequence_mask(mask))
    if not layer.return_sequences:
        y = _merge_directions(g, output, (1, 0, 2))
    merged = _MERGE_MODES[layer.merge_mode](g, y)
    if not layer.return_state:
        return merged
    outputs = merged if layer.merge_mode is None else (merged,)
    states = [_direction(g, state, index) for index in (0, 1) for state in last]
    return (*outputs, *states)


def _run(
    g: GraphBuilder,
    layers: Sequence[Any],
    sequences: ir.Value,
    initial: Sequence[Sequence[ir.Value]],
    mask: ir.Value | None,
) -> tuple[ir.Value, ir.Value, list[ir.Value]]:
    """Append the operator for one direction or both.

    Args:
        g: The graph builder.
        layers: The layer of each direction.
        sequences: The inputs, (batch, time, features).
        initial: For each state its initial value in each direction, or nothing.
        mask: True for the steps to process, (batch, time), or None for all.

    Returns:
        The outputs in order of time, (batch, time, directions * units); the last
        outputs, (directions, batch, units); and each of the last states, likewise.
    """
    operator = operator_of(layers[0])
    if not isinstance(operator, Operator):
        raise TypeError(f"A layer must have an operator. Received: {layers[0]!r}")
    dtype = layers[0].compute_dtype
    x = g.cast(sequences, dtype)
    unmasked = None if mask is None else UnmaskedSteps.of(g, mask)
    if unmasked is not None:
        x = unmasked.move_to_front(g, x)
    states = [
        _stack_directions(
            g, [_broadcast_state(g, x, g.cast(one, dtype)) for one in each]
        )
        for each in initial
    ]
    y, last = operator.append(
        g,
        layers,
        transposed(g, x, (1, 0, 2)),
        None if unmasked is None else unmasked.lengths,
        states,
    )
    y = _merge_directions(g, y, (2, 0, 1, 3))
    if unmasked is None:
        return y, last[0], last
    one = layers[0]
    masked = _masked_output(one)
    has_first = masked is MaskedOutput.STATE and bool(states)
    y = unmasked.restore(
        g,
        y,
        zero=masked is MaskedOutput.ZERO,
        backwards=one.go_backwards,
        first=_merge_directions(g, g.Unsqueeze(states[0], [0]), (2, 0, 1, 3))
        if has_first
        else None,
    )
    if not states:
        return y, last[0], last
    # If all steps are masked, the states are the initial ones, and so is the output
    # where it repeats the first state; else it is zero.
    pairs = zip(last, states, strict=True)
    ends = [unmasked.final_state(g, state, first) for state, first in pairs]
    if has_first:
        return y, ends[0], ends
    return y, unmasked.final_state(g, last[0], g.zeros_like(last[0])), ends


def _broadcast_state(g: GraphBuilder, x: ir.Value, state: ir.Value) -> ir.Value:
    """Expand a state to the batch if Keras would broadcast it."""
    rows, units = g.static_shape(state)
    batch = g.static_shape(x)[0]
    if rows != 1 or batch == 1 or units is None:
        return state
    return g.with_shape(g.Expand(state, g.shape(g.size(x, 0), units)), (batch, units))


def _stack_directions(g: GraphBuilder, states: Sequence[ir.Value]) -> ir.Value:
    """Stack the states of the directions along a new first axis."""
    unsqueezed = [g.Unsqueeze(x, [0]) for x in states]
    return unsqueezed[0] if len(unsqueezed) == 1 else g.Concat(*unsqueezed, axis=0)


def _merge_directions(g: GraphBuilder, x: ir.Value, perm: Sequence[int]) -> ir.Value:
    """Move the axis of directions before that of units, and merge the two."""
    permuted = [g.static_shape(x)[axis] for axis in perm]
    *sizes, directions, units = permuted
    if directions == 1:
        # Without the axis, the transpose may cancel one of the next layer.
        dropped = perm[-2]
        flat = g.Squeeze(x, [dropped])
        rest = [axis for axis in perm if axis != dropped]
        return transposed(g, flat, [axis - (axis > dropped) for axis in rest])
    if directions is None or units is None:
        raise ValueError(f"Directions and units must be known. Received: {permuted}")
    return g.Reshape(transposed(g, x, perm), [*[0] * len(sizes), directions * units])


def _direction(g: GraphBuilder, state: ir.Value, index: int) -> ir.Value:
    """Return the state of one direction, (batch, units)."""
    if g.static_shape(state)[0] == 1:
        return g.Squeeze(state, [0])
    return g.Gather(state, np.asarray(index), axis=0)


def _as_list(states: Any) -> list[ir.Value]:
    if states is None:
        return []
    return list(states) if isinstance(states, list | tuple) else [states]


def _split_directions(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ...]:
    """Split the last axis into the outputs of the two directions."""
    return split(g, x, 2, -1)


# How the outputs of both directions, joined along the last axis, are merged.
_MERGE_MODES: Mapping[str | None, Any] = {
    "ave": lambda g, x: g.Div(g.Add(*_split_directions(g, x)), 2),
    "concat": lambda _, x: x,
    "mul": lambda g, x: g.Mul(*_split_directions(g, x)),
    "sum": lambda g, x: g.Add(*_split_directions(g, x)),
    None: _split_directions,
}
