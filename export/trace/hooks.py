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
that do not. `tests/export/test_hooks.py` fails clearly where a new Keras differs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
from keras.src import backend
from keras.src import ops as keras_ops
from keras.src import quantizers as keras_quantizers
from keras.src.activations import activations as keras_activations
from keras.src.backend.common import global_state
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.backend.common.variables import Variable as KerasVariable
from keras.src.layers import layer as keras_layer
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from keras.src.ops import core as keras_core
from keras.src.ops import numpy as keras_numpy

from keras_acts.export.trace import data_layers
from keras_acts.export.trace.control_flow import CALLS
from keras_acts.export.trace.recorder import PRESENT, Recorder, unrecorded
from keras_acts.export.trace.tensors import TracedTensor, has_traced, traced_statics
from keras_acts.export.trace.vectorizing import vectorize
from keras_acts.export.trace.windows import WINDOWS

_lock = threading.Lock()
_traces = 0


def _operation_call(original: Callable[..., Any]) -> Callable[..., Any]:
    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None:
            return original(self, *args, **kwargs)
        if not has_traced((args, kwargs)) and not traced_statics(self):
            return original(self, *args, **kwargs)
        return recorder.operation(self, args, kwargs)

    return symbolic_call


def _layer_call(original: Callable[..., Any]) -> Callable[..., Any]:
    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None or not has_traced((args, kwargs)):
            return original(self, *args, **kwargs)
        return recorder.layer(self, args, kwargs)

    return symbolic_call


def _node(original: Callable[..., Any]) -> Callable[..., Any]:
    def node(operation: Any, call_args: Any, call_kwargs: Any, outputs: Any) -> Any:
        if has_traced((call_args, call_kwargs)):
            return None
        return original(operation, call_args, call_kwargs, outputs)

    return node


def _convert_to_tensor(original: Callable[..., Any]) -> Callable[..., Any]:
    def convert_to_tensor(
        x: Any, dtype: Any = None, sparse: Any = None, **kwargs: Any
    ) -> Any:
        if isinstance(x, TracedTensor):
            return x if dtype is None else keras.ops.cast(x, dtype)
        return original(x, dtype=dtype, sparse=sparse, **kwargs)

    return convert_to_tensor


def _mish_static_call(original: Callable[..., Any]) -> Callable[..., Any]:
    def static_call(x: Any) -> Any:
        if isinstance(x, TracedTensor):
            return keras_activations.Mish().symbolic_call(x)
        return original(x)

    return static_call


def _shape(original: Callable[..., Any]) -> Callable[..., Any]:
    def shape(x: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None or not isinstance(x, TracedTensor):
            return original(x)
        return recorder.shape(x)

    return shape


def _ndim(original: Callable[..., Any]) -> Callable[..., Any]:
    def ndim(x: Any) -> Any:
        return len(x.shape) if isinstance(x, TracedTensor) else original(x)

    return ndim


def _where_traced(
    record: Callable[[Recorder, str, Any, Any], Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a function of the backend that is recorded where it gets a traced tensor."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = PRESENT.get()
            if recorder is None or not has_traced((args, kwargs)):
                return original(*args, **kwargs)
            return record(recorder, original.__name__, args, kwargs)

        return call

    return wrap


def _creation(recorder: Recorder, name: str, args: Any, kwargs: Any) -> Any:
    return recorder.creation(name, args, kwargs)


def _rnn(recorder: Recorder, _name: str, args: Any, kwargs: Any) -> Any:
    return recorder.recurrence(args, kwargs)


def _fused_rnn(*_args: Any) -> Any:
    # As a backend says that it has none, so that the layer calls `backend.rnn`.
    raise NotImplementedError


def _sized(operation: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a function of the backend that is an operation of its first argument."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, /, *args: Any, **kwargs: Any) -> Any:
            if PRESENT.get() is None or not has_traced((args, kwargs)):
                return original(x, *args, **kwargs)
            return operation(*args, **kwargs).symbolic_call(x)

        return call

    return wrap


def _window(original: Callable[..., Any]) -> Callable[..., Any]:
    def window(x: Any, *args: Any, **kwargs: Any) -> Any:
        traced = WINDOWS[original.__name__] if has_traced(x) else original
        return traced(x, *args, **kwargs)

    return window


def _slice(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(inputs: Any, start_indices: Any, shape: Any) -> Any:
        if PRESENT.get() is None or not has_traced(shape):
            return original(inputs, start_indices, shape)
        return keras_core.Slice(shape=shape).symbolic_call(inputs, start_indices)

    return call


def _variable_operator(original: Callable[..., Any]) -> Callable[..., Any]:
    reflected = _REFLECTED[original.__name__]

    def operator(self: Any, other: Any) -> Any:
        if PRESENT.get() is None or not isinstance(other, TracedTensor):
            return original(self, other)
        return getattr(other, reflected)(self)

    return operator


def _variable_item(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_item(self: Any, idx: Any) -> Any:
        if PRESENT.get() is None or not has_traced(idx):
            return original(self, idx)
        return keras_numpy.GetItem().symbolic_call(self, idx)

    return get_item


# Operators, and those that give the same with the operands exchanged.
_REFLECTED = {
    **{
        f"__{name}__": f"__r{name}__"
        for name in (
            *("add", "and", "floordiv", "matmul", "mod", "mul"),
            *("or", "pow", "sub", "truediv", "xor"),
        )
    },
    **{"__eq__": "__eq__", "__ne__": "__ne__", "__lt__": "__gt__", "__gt__": "__lt__"},
    **{"__le__": "__ge__", "__ge__": "__le__"},
}


def _control_flow(
    operation: Callable[..., tuple[Any, Any]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a function of the backend that runs functions, by its row in `CALLS`."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = PRESENT.get()
            # Where Keras infers shapes meanwhile, the functions get the backend's own.
            if recorder is None or in_symbolic_scope():
                return original(*args, **kwargs)
            made, given = operation(*args, **kwargs)
            eagerly = partial(unrecorded, original, *args, **kwargs)
            return recorder.control_flow(made, given, eagerly)

        return call

    return wrap


def _dropout_mask(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_mask(self: Any, step_input: Any) -> Any:
        return None if has_traced(step_input) else original(self, step_input)

    return get_mask


def _of_weights(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is not None:
            args = tuple(_traced_weight(recorder, x) for x in args)
        return original(*args, **kwargs)

    return call


def _traced_weight(recorder: Recorder, x: Any) -> Any:
    return recorder.weight(x) if isinstance(x, keras.Variable) else x


def _custom_gradient(original: Callable[..., Any]) -> Callable[..., Any]:
    def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
        differentiable: Callable[..., Any] = original(f)
        if PRESENT.get() is None:
            return differentiable

        def call(*args: Any, **kwargs: Any) -> Any:
            if not has_traced((args, kwargs)):
                return differentiable(*args, **kwargs)
            value, _gradient = f(*args, **kwargs)
            return value

        return call

    return custom_gradient


def _unpack_int4(original: Callable[..., Any]) -> Callable[..., Any]:
    def unpack_int4(packed: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None:
            return original(packed, *args, **kwargs)
        packed = _traced_weight(recorder, packed)
        if not has_traced(packed):
            return original(packed, *args, **kwargs)
        return recorder.unpack_int4(packed, *args, **kwargs)

    return unpack_int4


_OF_WEIGHTS = (
    *("cast", "convert_to_tensor", "expand_dims", "matmul", "reshape", "squeeze"),
    "transpose",
)

_CREATIONS = ("empty", "eye", "full", "identity", "linspace", "ones", "tri", "zeros")

_FUSED_RNNS = ("bidirectional_gru", "bidirectional_lstm", "gru", "lstm")

_OF_NUMPY = (keras.ops, keras_ops, keras_numpy)

# Whose attribute, its name, and what takes its place.
_HOOKS: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (keras.Operation, "symbolic_call", _operation_call),
    (keras.layers.Layer, "symbolic_call", _layer_call),
    (keras_layer, "Node", _node),
    (backend, "convert_to_tensor", _convert_to_tensor),
    (keras_activations.Mish, "static_call", _mish_static_call),
    *((module, "shape", _shape) for module in (keras.ops, keras_ops, keras_core)),
    *((module, "ndim", _ndim) for module in _OF_NUMPY),
    *((backend.numpy, name, _where_traced(_creation)) for name in _CREATIONS),
    *((KerasVariable, name, _variable_operator) for name in _REFLECTED),
    (KerasVariable, "__getitem__", _variable_item),
    (backend.core, "slice", _slice),
    (backend.numpy, "vectorize", vectorize),
    *((module, name, _window) for module in _OF_NUMPY for name in WINDOWS),
    (backend.numpy, "broadcast_to", _sized(keras_numpy.BroadcastTo)),
    *(
        (backend.numpy, name.lower(), _sized(getattr(keras_numpy, name)))
        for name in ("Bincount", "Clip", "Repeat", "Roll", "Tile", "Trapezoid")
    ),
    *((backend.core, name, _control_flow(f)) for name, f in CALLS.items()),
    # Names of the package that stand for the same functions.
    (backend, "cond", _control_flow(CALLS["cond"])),
    (backend, "vectorized_map", _control_flow(CALLS["vectorized_map"])),
    (backend, "rnn", _where_traced(_rnn)),
    *((backend, name, _where_traced(_fused_rnn)) for name in _FUSED_RNNS),
    (DropoutRNNCell, "get_dropout_mask", _dropout_mask),
    (DropoutRNNCell, "get_recurrent_dropout_mask", _dropout_mask),
    *((m, name, _of_weights) for m in (keras.ops, keras_ops) for name in _OF_WEIGHTS),
    *(
        (module, "custom_gradient", _custom_gradient)
        for module in (keras.ops, keras_ops)
    ),
    (keras_quantizers, "unpack_int4", _unpack_int4),
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
