"""Arrays of weights, which may be large: read without a copy, converted in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.errors import ExportError
from keras_acts.export.trace.tensors import array_of

Array = np.ndarray[Any, Any]

_BLOCK = 2**22
"""Elements that are converted at once."""

# The largest finite number of the floats that others may not fit into.
_LARGEST = {
    ir.DataType.FLOAT16: 65504.0,
    ir.DataType.BFLOAT16: float.fromhex("0x1.fep127"),
    ir.DataType.FLOAT: float.fromhex("0x1.fffffep127"),
}


def host_array(x: Any) -> Array:
    """Return a variable, a tensor of the backend, or numbers as an array.

    It may be the backend's own memory: read it, and do not keep it.
    """
    if isinstance(x, keras.Variable):
        x = x.value
    if not keras.ops.is_tensor(x):
        return np.asarray(x)
    try:
        # Of TensorFlow's variable this makes a tensor, of torch's one without gradient.
        return np.from_dlpack(keras.ops.stop_gradient(x))
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError):
        # NumPy knows no such type, the tensor is on another device, or, as OpenVINO's,
        # lends no memory.
        return _copied(x)


def _gathered(x: Any) -> Array:
    """Return a copy of JAX's array, which may lie on several devices.

    JAX keeps what it converts to NumPy as long as the array lives, so that all weights
    of a model would be gathered at last. Copies of parts are forgotten.
    """
    if not x.is_fully_addressable:
        raise ExportError(
            "Each weight must lie on devices of this process. Save the model, and load "
            f"it for the export in one process. Received: {x.sharding}"
        )
    result = np.empty(x.shape, x.dtype)
    for shard in x.addressable_shards:
        if shard.replica_id == 0:
            result[shard.index] = np.asarray(shard.data.copy())
    return result


def _copied(x: Any) -> Array:
    """Return a copy of a tensor, by rows: a backend may take a detour by float32."""
    if hasattr(x, "addressable_shards"):
        return _gathered(x)
    if not len(x.shape) or not x.shape[0]:
        return array_of(x)
    step = max(1, _BLOCK * int(x.shape[0]) // max(1, int(np.prod(x.shape))))
    rows = keras.ops.convert_to_numpy(x[:step])
    if step >= x.shape[0]:
        return np.asarray(rows)
    result = np.empty(tuple(x.shape), rows.dtype)
    for start in range(0, x.shape[0], step):
        result[start : start + step] = keras.ops.convert_to_numpy(
            x[start : start + step]
        )
    return result


def converted(array: Array, dtype: ir.DataType) -> Array:
    """Convert an array; finite numbers that a narrower float can't hold saturate.

    A mask of -1e9 that became -inf in float16 would make a softmax NaN.
    """
    target = dtype.numpy()
    limit = _LARGEST.get(dtype)
    narrows = array.dtype.kind in "fiu" and not np.can_cast(array.dtype, target)
    if limit is None or not narrows:
        return array.astype(target, copy=False)
    return _in_blocks(lambda x: _saturated(x, limit), array, target)


def _saturated(x: Array, limit: float) -> Array:
    return np.where(np.isfinite(x), np.clip(x, -limit, limit), x)


def _in_blocks(
    function: Callable[[Array], Array], array: Array, dtype: np.dtype[Any]
) -> Array:
    result = np.empty(array.size, dtype)
    flat = array.reshape(-1)
    for block in _blocks(array.size):
        result[block] = function(flat[block]).astype(dtype)
    return result.reshape(array.shape)


def _blocks(size: int) -> Iterator[slice]:
    for start in range(0, size, _BLOCK):
        yield slice(start, start + _BLOCK)
