"""What tracing changes in Keras while it runs, all of it in this one place.

Keras has no hook that sees the operations inside a layer, so while a thread traces,
some of Keras's functions ask whether the tensors before them are that trace's:

1. `Operation.symbolic_call` records the operation;
2. `Layer.symbolic_call` runs the layer's `call`, so that the operations inside it are
   recorded in its place, with Keras's own handling of masks, dtypes and `training`;
   Keras's own `Node` of the call, which wants tensors only, is left out;
3. `convert_to_tensor` and `Mish.static_call` let traced tensors through: the functions
   `keras.activations.mish`, `hard_silu` and `sparsemax` call them on symbolic tensors;
4. `ops.shape` gives traced integers for unknown sizes, and `ops.ndim` the rank, for
   which it would give a symbol;
5. functions of the backend that make tensors of a given size record that they were
   given a traced one;
6. operators of a variable leave the work to those of a traced tensor beside it, and its
   slices may end at traced sizes;
7. `backend.rnn`, the loop over time of recurrent layers, is recorded as one node; a
   backend's own LSTM and GRU step aside for it, and masks of dropout, which inference
   has no use for, are not drawn;
8. functions that layers call on their own weights before they use them, such as
   `ops.reshape` of a bias, are recorded too, so that a weight stays a weight;
9. `ops.custom_gradient`, which refuses symbols, leaves the gradient out, and
   `unpack_int4` of quantized layers is recorded as one operation;
10. conditions, loops, maps and scans of the backend are recorded: their functions may
    use traced tensors where their arguments are none;
11. the backend of a `DataLayer` is `keras.ops`, and its draws in vain are left out;
12. what `ops.vectorize` makes maps traced tensors by `ops.vectorized_map`;
13. windows of a traced length, which Keras refuses, are computed in `keras.ops`.

The functions are in place only while some thread traces, and do nothing in threads
that do not. `tests/export/trace/test_hooks.py` fails clearly where a new Keras differs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras.src import backend
from keras.src import ops as keras_ops
from keras.src import quantizers as keras_quantizers
from keras.src.activations import activations as keras_activations
from keras.src.backend.common import global_state
from keras.src.backend.common.variables import Variable as KerasVariable
from keras.src.layers import layer as keras_layer
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from keras.src.ops import core as keras_core
from keras.src.ops import numpy as keras_numpy

from keras_acts.export.trace.handlers.control_flow import CALLS
from keras_acts.export.trace.keras_patches import data_layers, wrappers
from keras_acts.export.trace.keras_patches.vectorize import vectorize
from keras_acts.export.trace.keras_patches.windows import WINDOWS
from keras_acts.export.trace.protocol import PRESENT, Recorder

_lock = threading.Lock()
_traces = 0


_OF_WEIGHTS = (
    *("cast", "convert_to_tensor", "expand_dims", "matmul", "reshape", "squeeze"),
    "transpose",
)

_CREATIONS = ("empty", "eye", "full", "identity", "linspace", "ones", "tri", "zeros")

_FUSED_RNNS = ("bidirectional_gru", "bidirectional_lstm", "gru", "lstm")

_OF_NUMPY = (keras.ops, keras_ops, keras_numpy)

# Whose attribute, its name, and what takes its place.
_HOOKS: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (keras.Operation, "symbolic_call", wrappers.operation_call),
    (keras.layers.Layer, "symbolic_call", wrappers.layer_call),
    (keras_layer, "Node", wrappers.node),
    (backend, "convert_to_tensor", wrappers.convert_to_tensor),
    (keras_activations.Mish, "static_call", wrappers.mish_static_call),
    *(
        (module, "shape", wrappers.shape)
        for module in (keras.ops, keras_ops, keras_core)
    ),
    *((module, "ndim", wrappers.ndim) for module in _OF_NUMPY),
    *(
        (backend.numpy, name, wrappers.where_traced(wrappers.creation))
        for name in _CREATIONS
    ),
    *((KerasVariable, name, wrappers.variable_operator) for name in wrappers.REFLECTED),
    (KerasVariable, "__getitem__", wrappers.variable_item),
    (backend.core, "slice", wrappers.slice_of),
    (backend.numpy, "vectorize", vectorize),
    *((module, name, wrappers.window) for module in _OF_NUMPY for name in WINDOWS),
    (backend.numpy, "broadcast_to", wrappers.sized(keras_numpy.BroadcastTo)),
    *(
        (backend.numpy, name.lower(), wrappers.sized(getattr(keras_numpy, name)))
        for name in ("Bincount", "Clip", "Repeat", "Roll", "Tile", "Trapezoid")
    ),
    *((backend.core, name, wrappers.control_flow(f)) for name, f in CALLS.items()),
    # Names of the package that stand for the same functions.
    (backend, "cond", wrappers.control_flow(CALLS["cond"])),
    (backend, "vectorized_map", wrappers.control_flow(CALLS["vectorized_map"])),
    (backend, "rnn", wrappers.where_traced(wrappers.rnn)),
    *(
        (backend, name, wrappers.where_traced(wrappers.fused_rnn))
        for name in _FUSED_RNNS
    ),
    (DropoutRNNCell, "get_dropout_mask", wrappers.dropout_mask),
    (DropoutRNNCell, "get_recurrent_dropout_mask", wrappers.dropout_mask),
    *(
        (m, name, wrappers.of_weights)
        for m in (keras.ops, keras_ops)
        for name in _OF_WEIGHTS
    ),
    *(
        (module, "custom_gradient", wrappers.custom_gradient)
        for module in (keras.ops, keras_ops)
    ),
    (keras_quantizers, "unpack_int4", wrappers.unpack_int4),
    *data_layers.HOOKS,
)
_originals: list[Any] = []


def _install() -> None:
    for owner, name, wrap in _HOOKS:
        _originals.append(vars(owner)[name])
        wrapped = wrap(getattr(owner, name))
        static = isinstance(vars(owner)[name], staticmethod)
        setattr(owner, name, staticmethod(wrapped) if static else wrapped)


def _remove() -> None:
    for (owner, name, _), original in zip(_HOOKS, _originals, strict=True):
        setattr(owner, name, original)
    _originals.clear()


@contextlib.contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Send symbolic calls of this thread to `recorder`, and leave no trace after it.

    Variables keep their values whatever the model assigns meanwhile, and Keras's
    counters for automatic names are put back.
    """
    global _traces
    with _lock:
        if _traces == 0:
            _install()
        _traces += 1
    token = PRESENT.set(recorder)
    try:
        with keras.StatelessScope(), _names_kept():
            yield
    finally:
        PRESENT.reset(token)
        with _lock:
            _traces -= 1
            if _traces == 0:
                _remove()


@contextlib.contextmanager
def _names_kept() -> Iterator[None]:
    counters = global_state.get_global_attribute("object_name_uids")
    kept = None if counters is None else counters.copy()
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", kept)
