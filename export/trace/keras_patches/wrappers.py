"""Wrappers of Keras's functions, which `patches` installs while a thread traces.

Each takes the original function and returns one that checks whether its arguments are
traced. If they are not, it calls the original.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.keras_patches.windows import WINDOWS
from keras_acts.export.trace.protocol import ACTIVE, Recorder, unrecorded
from keras_acts.export.trace.python_code.frames import asked_by_model
from keras_acts.export.trace.tensors import TracedTensor, has_traced, traced_statics


def operation_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `Operation.symbolic_call`, so that it records the operation."""

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is None:
            return original(self, *args, **kwargs)
        if not has_traced((args, kwargs)) and not traced_statics(self):
            return original(self, *args, **kwargs)
        return recorder.operation(self, args, kwargs)

    return symbolic_call


def layer_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `Layer.symbolic_call`, so that it records the layer, or what it calls."""

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is None or not has_traced((args, kwargs)):
            return original(self, *args, **kwargs)
        return recorder.layer(self, args, kwargs)

    return symbolic_call


def node(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap Keras's `Node`, so that none is created for a call on traced tensors."""

    def node(operation: Any, call_args: Any, call_kwargs: Any, outputs: Any) -> Any:
        if has_traced((call_args, call_kwargs)):
            return None
        return original(operation, call_args, call_kwargs, outputs)

    return node


def convert_to_tensor(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `convert_to_tensor`, so that it returns traced tensors, cast if asked."""

    def convert_to_tensor(
        x: Any, dtype: Any = None, sparse: Any = None, **kwargs: Any
    ) -> Any:
        if isinstance(x, TracedTensor):
            return x if dtype is None else keras.ops.cast(x, dtype)
        return original(x, dtype=dtype, sparse=sparse, **kwargs)

    return convert_to_tensor


def cast(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `backend.cast`, so that it is `ops.cast` for traced tensors."""

    def cast(x: Any, dtype: Any) -> Any:
        if isinstance(x, TracedTensor):
            return keras.ops.cast(x, dtype)
        return original(x, dtype)

    return cast


def mish_static_call(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `Mish.static_call`, so that it calls the operation on traced tensors."""

    def static_call(x: Any) -> Any:
        if isinstance(x, TracedTensor):
            return reads.operation("activations.Mish").symbolic_call(x)
        return original(x)

    return static_call


def shape(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `ops.shape`, so that it returns traced integers for unknown sizes."""

    def shape(x: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is None or not isinstance(x, TracedTensor):
            return original(x)
        return recorder.shape(x)

    return shape


def where_traced(
    record: Callable[[Recorder, str, Any, Any], Any],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a wrapper that calls `record` if an argument is traced."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = ACTIVE.get()
            if recorder is None or not has_traced((args, kwargs)):
                return original(*args, **kwargs)
            return record(recorder, original.__name__, args, kwargs)

        return call

    return wrap


def creation(recorder: Recorder, name: str, args: Any, kwargs: Any) -> Any:
    """Record the creation of a tensor of a traced size, such as by `ops.zeros`."""
    return recorder.creation(name, args, kwargs)


def rnn(recorder: Recorder, _name: str, args: Any, kwargs: Any) -> Any:
    """Record a call of `backend.rnn`, the loop over time."""
    return recorder.recurrence(args, kwargs)


def fused_rnn(*_args: Any) -> Any:
    """Refuse a fused LSTM or GRU, as a backend without one, for `backend.rnn`."""
    raise NotImplementedError


def sized(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a wrapper that records an operation whose other arguments are traced.

    The operation of Keras is created from these, and called on the first argument.
    """

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, /, *args: Any, **kwargs: Any) -> Any:
            if ACTIVE.get() is None or not has_traced((args, kwargs)):
                return original(x, *args, **kwargs)
            return reads.operation(kind, *args, **kwargs).symbolic_call(x)

        return call

    return wrap


def window(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a window function, so that it accepts a traced length (see `windows`)."""

    def window(x: Any, *args: Any, **kwargs: Any) -> Any:
        traced = WINDOWS[original.__name__] if has_traced(x) else original
        return traced(x, *args, **kwargs)

    return window


def slice_of(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `backend.slice`, so that it records slices of traced sizes."""

    def call(inputs: Any, start_indices: Any, shape: Any) -> Any:
        if ACTIVE.get() is None or not has_traced(shape):
            return original(inputs, start_indices, shape)
        operation = reads.operation("core.Slice", shape=shape)
        return operation.symbolic_call(inputs, start_indices)

    return call


def control_flow(
    operation: Callable[..., tuple[Any, Any]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a wrapper of a backend function that calls functions, such as `cond`.

    Args:
        operation: The row of the function in `CALLS`.
    """

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            recorder = ACTIVE.get()
            # While Keras infers shapes, the functions get the backend's own tensors.
            if recorder is None or reads.in_symbolic_scope():
                return original(*args, **kwargs)
            called, arguments = operation(*args, **kwargs)
            eagerly = partial(unrecorded, original, *args, **kwargs)
            return recorder.control_flow(called, arguments, eagerly)

        return call

    return wrap


def dropout_mask(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `_create_dropout_mask`, so that it returns None in inference."""

    def create_mask(self: Any, step_input: Any, dropout_rate: float) -> Any:
        if has_traced(step_input) and not reads.is_training():
            return None
        return original(self, step_input, dropout_rate)

    return create_mask


def of_weights(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a backend function, so that it is `keras.ops`'s of that name for weights."""

    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is not None:
            traced = tuple(_traced_weight(recorder, x) for x in args)
            if has_traced(traced):
                return getattr(keras.ops, original.__name__)(*traced, **kwargs)
        return original(*args, **kwargs)

    return call


def of_constants(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a backend function, so that it is recorded where a size is traced.

    `keras.ops` calls it, and records nothing, where its tensors are weights and
    constants. So the first one is traced, and `keras.ops` called again.
    """

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is None or has_traced(x) or not has_traced((args, kwargs)):
            return original(x, *args, **kwargs)
        name = original.__name__
        module = keras.ops if hasattr(keras.ops, name) else keras.ops.image
        tensor = x if isinstance(x, keras.Variable) else keras.ops.convert_to_tensor(x)
        return getattr(module, name)(recorder.weight(tensor), *args, **kwargs)

    return call


def deferring(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap an operator of the backend's tensors: that of a traced operand is taken."""

    def operator(self: Any, other: Any) -> Any:
        if isinstance(other, TracedTensor):
            return NotImplemented
        return original(self, other)

    return operator


def is_tensor(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `is_tensor`: to the model's code a traced tensor is one, unlike a number."""

    def is_tensor(x: Any) -> bool:
        if isinstance(x, TracedTensor) and asked_by_model(through=1):
            return not x.is_number
        return bool(original(x))

    return is_tensor


def _traced_weight(recorder: Recorder, x: Any) -> Any:
    """Return the traced tensor of a variable; other values stay as they are."""
    return recorder.weight(x) if isinstance(x, keras.Variable) else x


def custom_gradient(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `custom_gradient`, so that its functions drop the gradient when traced."""

    def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
        if ACTIVE.get() is None:
            differentiable: Callable[..., Any] = original(f)
            return differentiable

        def call(*args: Any, **kwargs: Any) -> Any:
            if not has_traced((args, kwargs)):
                return original(f)(*args, **kwargs)  # NumPy's warns when it is made
            value, _gradient = f(*args, **kwargs)
            return value

        return call

    return custom_gradient


def unpack_int4(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `unpack_int4`, so that it records the unpacking of a quantized weight."""

    def unpack_int4(packed: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = ACTIVE.get()
        if recorder is None:
            return original(packed, *args, **kwargs)
        packed = _traced_weight(recorder, packed)
        if not has_traced(packed):
            return original(packed, *args, **kwargs)
        return recorder.unpack_int4(packed, *args, **kwargs)

    return unpack_int4
