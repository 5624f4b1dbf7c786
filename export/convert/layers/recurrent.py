"""Recurrent layers as ONNX's own recurrent operators, one for a layer.

Where the operators can't say what a call does, the conditions leave it to be traced.
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
from keras_acts.export.convert.layers.recurrent_masks import Kept
from keras_acts.export.convert.registry import converts_layer

# onnxruntime has the operators in float32, which holds the others; not in float64.
_DTYPES = ("bfloat16", "float16", "float32")


def _has_operator(layer: Any, call: Mapping[str, Any], dtype: str, target: str) -> bool:
    """Whether a recurrent operator does what a call of a layer does, and fast."""
    operator = operator_of(layer)
    if operator is None or dtype not in _DTYPES or target in operator.slow_on:
        return False
    cell = layer.cell
    if None in operator.functions(cell) or cell.compute_dtype != layer.compute_dtype:
        return False
    if call["training"] and (cell.dropout or cell.recurrent_dropout):
        return False
    mask, sequences = _one(call["mask"]), call["sequences"]
    if mask is not None and mask.shape[0] == 1 != sequences.shape[0]:
        return False
    # With zeros in the place of masked steps, the last output isn't the last state.
    last = layer.zero_output_for_mask and not layer.return_sequences
    return mask is None or (len(mask.shape) == 2 and not last)


def _one(mask: Any) -> Any:
    """Return the mask of the sequences, which Keras may give in a list."""
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
    """Run one direction; Keras returns the outputs in the order of the processing."""
    initial = [[state] for state in _listed(initial_state)]
    y, output, last = _run(g, [layer], sequences, initial, _one(mask))
    if layer.return_sequences and layer.go_backwards:
        y = reversed_along(g, y, [1])
    states = [_direction(g, state, 0) for state in last]
    output = y if layer.return_sequences else _direction(g, output, 0)
    return (output, *states) if layer.return_state else output


def _is_bidirectional(
    layer: Any, call: Mapping[str, Any], dtype: str, target: str
) -> bool:
    """Whether one recurrent operator does what both layers of a call do."""
    both = (layer.forward_layer, layer.backward_layer)
    states = call["initial_state"]
    calls = [{**call, "initial_state": one} for one in _halves(states)]
    each = zip(both, calls, strict=True)
    if not all(_has_operator(*one, dtype, target) for one in each):
        return False
    if layer.forward_layer.go_backwards or len(set(map(_form, both))) > 1:
        return False
    # What a masked step repeats differs between the directions.
    repeats = layer.return_sequences and not layer.forward_layer.zero_output_for_mask
    return _one(call["mask"]) is None or not repeats


def _form(layer: Any) -> tuple[Any, ...]:
    """Return what the directions of one operator must share."""
    cell = layer.cell
    shared = (
        getattr(cell, name, None) for name in ("units", "use_bias", "reset_after")
    )
    rest = (layer.compute_dtype, layer.zero_output_for_mask)
    return (operator_of(layer), *shared, *rest)


def _halves(states: Any) -> tuple[Any, Any]:
    """Part the states of both directions as `Bidirectional` does."""
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
    """Run both directions in one operator, and merge their outputs."""
    both = [layer.forward_layer, layer.backward_layer]
    forward, backward = map(_listed, _halves(initial_state))
    initial = list(zip(forward, backward, strict=True))
    y, output, last = _run(g, both, sequences, initial, _one(mask))
    if not layer.return_sequences:
        y = _side_by_side(g, output, (1, 0, 2))
    merged = _MERGED[layer.merge_mode](g, y)
    if not layer.return_state:
        return merged
    outputs = merged if layer.merge_mode is None else (merged,)
    states = [_direction(g, state, place) for place in (0, 1) for state in last]
    return (*outputs, *states)


def _run(
    g: GraphBuilder,
    layers: Sequence[Any],
    sequences: ir.Value,
    initial: Sequence[Sequence[ir.Value]],
    mask: ir.Value | None,
) -> tuple[ir.Value, ir.Value, list[ir.Value]]:
    """Run one direction or both.

    Args:
        g: The graph builder.
        layers: The layer of each direction.
        sequences: The inputs, (batch, time, features).
        initial: For each state its first value in each direction, or nothing.
        mask: Which steps to keep, (batch, time), or None for all.

    Returns:
        The outputs in the order of time, (batch, time, units of all directions); the
        last outputs, (directions, batch, units); and each of the last states, likewise.
    """
    operator = operator_of(layers[0])
    if not isinstance(operator, Operator):
        raise TypeError(f"No operator computes this layer. Received: {layers[0]!r}")
    dtype = layers[0].compute_dtype
    x = g.cast(sequences, dtype)
    kept = None if mask is None else Kept.of(g, mask)
    if kept is not None:
        x = kept.first(g, x)
    states = [
        _stacked(g, [_of_batch(g, x, g.cast(one, dtype)) for one in each])
        for each in initial
    ]
    y, last = operator.append(
        g,
        layers,
        transposed(g, x, (1, 0, 2)),
        None if kept is None else kept.lengths,
        states,
    )
    y = _side_by_side(g, y, (2, 0, 1, 3))
    if kept is None:
        return y, last[0], last
    one = layers[0]
    y = kept.back(g, y, zero=one.zero_output_for_mask, backwards=one.go_backwards)
    if not states:
        return y, last[0], last
    # Where all steps are masked, the output is zero, but the states stay.
    pairs = zip(last, states, strict=True)
    ends = [kept.or_else(g, state, first) for state, first in pairs]
    return y, kept.or_else(g, last[0], g.zeros_like(last[0])), ends


def _of_batch(g: GraphBuilder, x: ir.Value, state: ir.Value) -> ir.Value:
    """Give every sample its state where Keras would broadcast one for all of them."""
    one, units = g.static_shape(state)
    batch = g.static_shape(x)[0]
    if one != 1 or batch == 1 or units is None:
        return state
    return g.with_shape(g.Expand(state, g.shape(g.size(x, 0), units)), (batch, units))


def _stacked(g: GraphBuilder, states: Sequence[ir.Value]) -> ir.Value:
    """Put the states of the directions in front of one another."""
    sizes = g.static_shape(states[0])
    apart = [g.with_shape(g.Unsqueeze(x, [0]), (1, *sizes)) for x in states]
    joined = apart[0] if len(apart) == 1 else g.Concat(*apart, axis=0)
    return g.with_shape(joined, (len(apart), *sizes))


def _side_by_side(g: GraphBuilder, x: ir.Value, perm: Sequence[int]) -> ir.Value:
    """Bring the axis of directions before that of units, and join the two."""
    moved = [g.static_shape(x)[axis] for axis in perm]
    *sizes, directions, units = moved
    if directions == 1:
        # Without the axis, the transpose may cancel that of a layer that follows.
        place = perm[-2]
        flat = g.with_shape(
            g.Squeeze(x, [place]),
            [size for i, size in enumerate(g.static_shape(x)) if i != place],
        )
        rest = [axis for axis in perm if axis != place]
        return transposed(g, flat, [axis - (axis > place) for axis in rest])
    if directions is None or units is None:
        raise ValueError(f"Directions and units are known. Received: {moved}")
    joined = g.Reshape(transposed(g, x, perm), [*[0] * len(sizes), directions * units])
    return g.with_shape(joined, (*sizes, directions * units))


def _direction(g: GraphBuilder, state: ir.Value, place: int) -> ir.Value:
    """Return the state of one direction, (batch, units)."""
    directions, *sizes = g.static_shape(state)
    if directions == 1:
        return g.with_shape(g.Squeeze(state, [0]), sizes)
    return g.with_shape(g.Gather(state, np.asarray(place), axis=0), sizes)


def _listed(states: Any) -> list[ir.Value]:
    if states is None:
        return []
    return list(states) if isinstance(states, list | tuple) else [states]


def _apart(g: GraphBuilder, x: ir.Value) -> tuple[ir.Value, ...]:
    return split(g, x, 2, -1)


# What becomes of the outputs of both directions, side by side in the last axis.
_MERGED: Mapping[str | None, Any] = {
    "ave": lambda g, x: g.Div(g.Add(*_apart(g, x)), 2),
    "concat": lambda _, x: x,
    "mul": lambda g, x: g.Mul(*_apart(g, x)),
    "sum": lambda g, x: g.Add(*_apart(g, x)),
    None: _apart,
}
