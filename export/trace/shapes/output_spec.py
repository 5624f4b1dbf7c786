"""What operations return, with Keras's mistakes about it put right.

Keras 3.15 describes some results wrongly when the operation is called on symbols:

1. `Conv` refuses the kernel of a grouped convolution;
2. `BatchNorm` refuses an offset without a scale;
3. `Normalize` says the default dtype, whatever its input's is;
4. an adaptive pooling with the channels last keeps a spatial axis too many;
5. `Logsumexp` and `Reciprocal` say float32 of other floats;
6. `GetItem` refuses a slice that stands alone, and arrays;
7. an upsampling says its compute dtype of integers, which it keeps;
8. `DotProductAttention` gives the values the depth of the queries;
9. on JAX and torch, promotion makes float32 of float64, which their arithmetic keeps;
10. `MultiHot` says its input's dtype, `PSNR` the default one;
11. `CategoricalCrossentropy` drops the last axis, whichever has the classes;
12. `LuFactor` says floats of its pivots, `Slogdet` one sign for all matrices;
13. `IntegerLookup` says the default float of the integers of its encodings, and that a
    sum over the second axis were over the last;
14. `MelSpectrogram` counts a frame too many for some lengths;
15. `Erf`, `Erfinv`, `Rsqrt` and `RFFT` say integers of integers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.trace.kinds import LAYER
from keras_acts.export.trace.shapes.indexing import has_arrays, indexed_spec, plain_key
from keras_acts.export.trace.shapes.numpy import NUMPY_SPECS
from keras_acts.export.trace.shapes.symbolic_sizes import sized_spec
from keras_acts.export.trace.structure import flatten, map_structure

Spec = Callable[..., Any]


def output_spec(kind: str, operation: Any, args: Any, kwargs: Any) -> Any:
    """Return the shapes and dtypes of what an operation returns, as `KerasTensor`.

    A shape function of ours comes before Keras's `compute_output_spec`; float64 is kept
    in either's answer.
    """
    name = f"layers.{type(operation).__name__}" if kind == LAYER else kind
    own = _SHAPE_FUNCTIONS.get(name)
    if own is not None:
        spec = own(operation, *args, **kwargs)
    else:
        spec = sized_spec(kind, operation, args, kwargs)
    if "float64" not in _dtypes((args, kwargs)) or _names_its_dtype(operation):
        return spec
    return map_structure(_in_float64, spec)


def _dtypes(structure: Any) -> set[Any]:
    return {getattr(x, "dtype", None) for x in flatten(structure)}


def _names_its_dtype(operation: Any) -> bool:
    return getattr(operation, "dtype", None) is not None


def _in_float64(spec: Any) -> Any:
    """Rule 9."""
    if spec is None or spec.dtype != "float32":
        return spec
    return KerasTensor(spec.shape, "float64")


def _float_like_first(operation: Any, x: Any) -> Any:
    """Rule 5."""
    spec = operation.compute_output_spec(x)
    dtype = x.dtype if keras.backend.is_float_dtype(x.dtype) else spec.dtype
    return KerasTensor(spec.shape, dtype)


def _get_item(operation: Any, x: Any, key: Any) -> Any:
    """Rule 6."""

    def spec(keys: Any) -> Any:
        return sized_spec("numpy.GetItem", operation, (x, keys), {})

    keys = plain_key(key)
    return indexed_spec(spec, x, keys) if has_arrays(keys) else spec(keys)


def _conv(operation: Any, inputs: Any, kernel: Any) -> Any:
    """Rule 1: the channels of one group give the same sizes as those of all."""
    last = (
        operation.data_format or keras.config.image_data_format()
    ) == "channels_last"
    shape = list(inputs.shape)
    shape[-1 if last else 1] = kernel.shape[-2]
    return operation.compute_output_spec(KerasTensor(shape, inputs.dtype), kernel)


def _like_first(_operation: Any, x: Any, *_args: Any, **_kwargs: Any) -> Any:
    """Rules 2 and 3."""
    return KerasTensor(x.shape, x.dtype)


def _adaptive_pool(operation: Any, inputs: Any) -> Any:
    """Rule 4."""
    batch, *spatial, channels = inputs.shape
    if operation.data_format == "channels_last":
        sizes = (batch, *operation.output_size, channels)
    else:
        sizes = (batch, spatial[0], *operation.output_size)
    return KerasTensor(sizes, inputs.dtype)


def _upsampling(layer: Any, inputs: Any) -> Any:
    """Rule 7."""
    return KerasTensor(layer.compute_output_shape(inputs.shape), inputs.dtype)


def _attention(operation: Any, query: Any, key: Any, value: Any, **rest: Any) -> Any:
    """Rule 8."""
    spec = operation.compute_output_spec(query, key, value, **rest)
    return KerasTensor((*query.shape[:-1], value.shape[-1]), spec.dtype)


def _multi_hot(operation: Any, inputs: Any) -> Any:
    """Rule 10."""
    return KerasTensor(operation.compute_output_spec(inputs).shape, operation.dtype)


def _psnr(_operation: Any, x1: Any, _x2: Any) -> Any:
    """Rule 10."""
    return KerasTensor((), _float_of(x1))


def _categorical_crossentropy(operation: Any, target: Any, output: Any) -> Any:
    """Rule 11."""
    operation.compute_output_spec(target, output)
    shape = list(output.shape)
    del shape[operation.axis]
    return KerasTensor(shape, output.dtype)


def _lu_factor(operation: Any, x: Any) -> Any:
    """Rule 12."""
    factors, pivots = operation.compute_output_spec(x)
    return factors, KerasTensor(pivots.shape, "int32")


def _slogdet(_operation: Any, x: Any) -> Any:
    """Rule 12."""
    return tuple(KerasTensor(x.shape[:-2], x.dtype) for _ in range(2))


def _integer_lookup(layer: Any, inputs: Any) -> Any:
    """Rule 13."""
    spec, shape = layer.compute_output_spec(inputs), inputs.shape
    if layer.output_mode in ("int", "one_hot"):
        return KerasTensor(spec.shape, "int64")
    kept = shape[:1] + shape[2:] if len(shape) > 1 else ()
    dtype = spec.dtype if layer.output_mode == "tf_idf" else "int64"
    return KerasTensor((*kept, spec.shape[-1]), dtype)


def _mel_spectrogram(layer: Any, inputs: Any) -> Any:
    """Rule 14."""
    *batch, length = inputs.shape
    rest = layer.fft_length % 2
    frames = None if length is None else 1 + (length - rest) // layer.sequence_stride
    return KerasTensor((*batch, layer.num_mel_bins, frames), layer.compute_dtype)


def _floats(operation: Any, x: Any) -> Any:
    """Rule 15."""
    return operation.compute_output_spec(KerasTensor(x.shape, _float_of(x)))


def _float_of(x: Any) -> str:
    """Return the dtype of a tensor, or the float that integers become."""
    if keras.backend.is_float_dtype(x.dtype):
        return str(x.dtype)
    return str(keras.backend.result_type(x.dtype, float))


_SHAPE_FUNCTIONS: dict[str, Spec] = {
    **NUMPY_SPECS,
    **{f"layers.UpSampling{rank}D": _upsampling for rank in (1, 2, 3)},
    "layers.IntegerLookup": _integer_lookup,
    "layers.MelSpectrogram": _mel_spectrogram,
    "linalg.LuFactor": _lu_factor,
    **dict.fromkeys(("math.Erf", "math.Erfinv", "math.RFFT", "math.Rsqrt"), _floats),
    "math.Logsumexp": _float_like_first,
    "nn.AdaptiveAveragePool": _adaptive_pool,
    "nn.AdaptiveMaxPool": _adaptive_pool,
    "nn.BatchNorm": _like_first,
    "nn.CategoricalCrossentropy": _categorical_crossentropy,
    "nn.Conv": _conv,
    "nn.DotProductAttention": _attention,
    "nn.MultiHot": _multi_hot,
    "nn.Normalize": _like_first,
    "nn.PSNR": _psnr,
    "numpy.GetItem": _get_item,
    "numpy.Reciprocal": _float_like_first,
    "numpy.Slogdet": _slogdet,
}
"""Our shape functions by the kind of the operation, or `"layers."` and the layer's."""
