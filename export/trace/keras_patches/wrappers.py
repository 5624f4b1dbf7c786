"""What takes the place of functions of Keras while a thread traces, set by `hooks`.

Each wrapper takes the original function and returns one that asks whether the tensors
before it are the present trace's, and otherwise calls the original.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras.src.activations import activations as keras_activations
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.ops import core as keras_core
from keras.src.ops import numpy as keras_numpy

from keras_acts.export.trace.keras_patches.windows import WINDOWS
from keras_acts.export.trace.protocol import PRESENT, Recorder, unrecorded
from keras_acts.export.trace.tensors import TracedTensor, has_traced, traced_statics


def operation_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Record the operation."""

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None:
            return original(self, *args, **kwargs)
        if not has_traced((args, kwargs)) and not traced_statics(self):
            return original(self, *args, **kwargs)
        return recorder.operation(self, args, kwargs)

    return symbolic_call


def layer_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Run the layer's `call`, or record the layer as a whole."""

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None or not has_traced((args, kwargs)):
            return original(self, *args, **kwargs)
        return recorder.layer(self, args, kwargs)

    return symbolic_call


def node(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out Keras's own note of a call on traced tensors."""

    def node(operation: Any, call_args: Any, call_kwargs: Any, outputs: Any) -> Any:
        if has_traced((call_args, call_kwargs)):
            return None
        return original(operation, call_args, call_kwargs, outputs)

    return node


def convert_to_tensor(original: Callable[..., Any]) -> Callable[..., Any]:
    """Let traced tensors through."""

    def convert_to_tensor(
        x: Any, dtype: Any = None, sparse: Any = None, **kwargs: Any
    ) -> Any:
        if isinstance(x, TracedTensor):
            return x if dtype is None else keras.ops.cast(x, dtype)
        return original(x, dtype=dtype, sparse=sparse, **kwargs)

    return convert_to_tensor


def mish_static_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Call the operation where Keras computes beside it."""

    def static_call(x: Any) -> Any:
        if isinstance(x, TracedTensor):
            return keras_activations.Mish().symbolic_call(x)
        return original(x)

    return static_call


def shape(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give traced integers for unknown sizes."""

    def shape(x: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None or not isinstance(x, TracedTensor):
            return original(x)
        return recorder.shape(x)

    return shape


def ndim(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give the rank as a number."""

    def ndim(x: Any) -> Any:
        return len(x.shape) if isinstance(x, TracedTensor) else original(x)

    return ndim


def where_traced(
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


def creation(recorder: Recorder, name: str, args: Any, kwargs: Any) -> Any:
    """Record that a tensor of a traced size is made."""
    return recorder.creation(name, args, kwargs)


def rnn(recorder: Recorder, _name: str, args: Any, kwargs: Any) -> Any:
    """Record the loop over time."""
    return recorder.recurrence(args, kwargs)


def fused_rnn(*_args: Any) -> Any:
    """Step aside, so that the layer calls `backend.rnn`."""
    # As a backend says that it has none, so that the layer calls `backend.rnn`.
    raise NotImplementedError


def sized(operation: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a function of the backend that is an operation of its first argument."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, /, *args: Any, **kwargs: Any) -> Any:
            if PRESENT.get() is None or not has_traced((args, kwargs)):
                return original(x, *args, **kwargs)
            return operation(*args, **kwargs).symbolic_call(x)

        return call

    return wrap


def window(original: Callable[..., Any]) -> Callable[..., Any]:
    """Compute a window of a traced length in `keras.ops`."""

    def window(x: Any, *args: Any, **kwargs: Any) -> Any:
        traced = WINDOWS[original.__name__] if has_traced(x) else original
        return traced(x, *args, **kwargs)

    return window


def slice_of(original: Callable[..., Any]) -> Callable[..., Any]:
    """Record a slice of traced sizes."""

    def call(inputs: Any, start_indices: Any, shape: Any) -> Any:
        if PRESENT.get() is None or not has_traced(shape):
            return original(inputs, start_indices, shape)
        return keras_core.Slice(shape=shape).symbolic_call(inputs, start_indices)

    return call


def variable_operator(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave the work to the traced tensor beside a variable."""
    reflected = REFLECTED[original.__name__]

    def operator(self: Any, other: Any) -> Any:
        if PRESENT.get() is None or not isinstance(other, TracedTensor):
            return original(self, other)
        return getattr(other, reflected)(self)

    return operator


def variable_item(original: Callable[..., Any]) -> Callable[..., Any]:
    """Record a slice of a variable that ends at traced sizes."""

    def get_item(self: Any, idx: Any) -> Any:
        if PRESENT.get() is None or not has_traced(idx):
            return original(self, idx)
        return keras_numpy.GetItem().symbolic_call(self, idx)

    return get_item


# Operators, and those that give the same with the operands exchanged.
REFLECTED = {
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


def control_flow(
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


def dropout_mask(original: Callable[..., Any]) -> Callable[..., Any]:
    """Draw no mask for traced tensors."""

    def get_mask(self: Any, step_input: Any) -> Any:
        return None if has_traced(step_input) else original(self, step_input)

    return get_mask


def of_weights(original: Callable[..., Any]) -> Callable[..., Any]:
    """Record a function of a weight."""

    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is not None:
            args = tuple(_traced_weight(recorder, x) for x in args)
        return original(*args, **kwargs)

    return call


def _traced_weight(recorder: Recorder, x: Any) -> Any:
    return recorder.weight(x) if isinstance(x, keras.Variable) else x


def custom_gradient(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave the gradient out."""

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


def unpack_int4(original: Callable[..., Any]) -> Callable[..., Any]:
    """Record the unpacking of a quantized weight."""

    def unpack_int4(packed: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = PRESENT.get()
        if recorder is None:
            return original(packed, *args, **kwargs)
        packed = _traced_weight(recorder, packed)
        if not has_traced(packed):
            return original(packed, *args, **kwargs)
        return recorder.unpack_int4(packed, *args, **kwargs)

    return unpack_int4
