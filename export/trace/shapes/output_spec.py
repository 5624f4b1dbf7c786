"""The shapes and dtypes that operations return, corrected where Keras is wrong.

The `compute_output_spec` of Keras 3.15 has these mistakes:

1. `Conv` refuses the kernel of a grouped convolution;
2. `BatchNorm` refuses an offset without a scale;
3. `Normalize` returns the default dtype instead of its input's;
4. adaptive pooling with channels last returns a spatial axis too many;
5. `Logsumexp` and `Reciprocal` return float32 for other floats;
6. `GetItem` refuses a slice that is not in a tuple, and arrays;
7. upsampling returns the compute dtype for integers, whose dtype it keeps;
8. `DotProductAttention` returns the depth of the queries instead of the values';
9. on JAX and torch, promotion returns float32 for float64, which the computation keeps;
10. `MultiHot` returns its input's dtype, `PSNR` the default one;
11. `CategoricalCrossentropy` drops the last axis instead of that of the classes;
12. `LuFactor` returns floats for its pivots, `Slogdet` one sign for all matrices;
13. `IntegerLookup`, `StringLookup` and `TextVectorization` return the default float for
    encodings that are integers, int64 for tokens, and drop the last axis instead of the
    second one, which is summed;
14. `MelSpectrogram` returns a frame too many for some lengths;
15. `Erf`, `Erfinv`, `Rsqrt` and `RFFT` return integers for integers;
16. two arguments of which each knows another size, or a matrix of which one side is
    known, are refused: by the crossentropies, in linear algebra, of complex numbers;
17. `Qr` and `SVD` refuse unknown sizes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.trace.kinds import LAYER
from keras_acts.export.trace.shapes.indexing import has_arrays, indexed_spec, plain_key
from keras_acts.export.trace.shapes.lookups import index_lookup, text_vectorization
from keras_acts.export.trace.shapes.measured import corrected
from keras_acts.export.trace.shapes.numpy import NUMPY_SPECS
from keras_acts.export.trace.shapes.symbolic_sizes import sized_spec
from keras_acts.export.trace.structure import flatten, map_structure

ShapeFunction = Callable[..., Any]


def output_spec(
    kind: str, operation: Any, args: Any, kwargs: Any, given: Any = None
) -> Any:
    """Return the shapes and dtypes that an operation returns, as `KerasTensor`.

    Our own shape function, if there is one, takes precedence over Keras's
    `compute_output_spec`. The backend corrects either (`measured`), given the arguments
    as the model's code has them; float64 is kept.
    """
    name = f"layers.{type(operation).__name__}" if kind == LAYER else kind
    shape_function = _SHAPE_FUNCTIONS.get(name)

    def infer() -> Any:
        if shape_function is not None:
            return shape_function(operation, *args, **kwargs)
        return sized_spec(kind, operation, args, kwargs)

    spec = (
        infer()
        if kind == LAYER
        else corrected(infer, operation, *(given or (args, kwargs)))
    )
    if "float64" not in _dtypes((args, kwargs)) or _has_dtype_argument(operation):
        return spec
    return map_structure(_in_float64, spec)


def _dtypes(structure: Any) -> set[Any]:
    return {getattr(x, "dtype", None) for x in flatten(structure)}


def _has_dtype_argument(operation: Any) -> bool:
    """Whether the user chose the dtype of an operation's result."""
    return getattr(operation, "dtype", None) is not None


def _in_float64(spec: Any) -> Any:
    """Case 9: return a spec with float64 for float32."""
    if spec is None or spec.dtype != "float32":
        return spec
    return KerasTensor(spec.shape, "float64")


def _float_like_first(operation: Any, x: Any) -> Any:
    """Case 5: return the dtype of a float input, Keras's for others."""
    spec = operation.compute_output_spec(x)
    dtype = x.dtype if keras.backend.is_float_dtype(x.dtype) else spec.dtype
    return KerasTensor(spec.shape, dtype)


def _get_item(operation: Any, x: Any, key: Any) -> Any:
    """Case 6: return the spec of `x[key]` for any key."""

    def spec(keys: Any) -> Any:
        return sized_spec("numpy.GetItem", operation, (x, keys), {})

    keys = plain_key(key)
    return indexed_spec(spec, x, keys) if has_arrays(keys) else spec(keys)


def _conv(operation: Any, inputs: Any, kernel: Any) -> Any:
    """Case 1: ask Keras with the channels of one group, which gives the same sizes."""
    last = (
        operation.data_format or keras.config.image_data_format()
    ) == "channels_last"
    shape = list(inputs.shape)
    shape[-1 if last else 1] = kernel.shape[-2]
    return operation.compute_output_spec(KerasTensor(shape, inputs.dtype), kernel)


def _like_first(_operation: Any, x: Any, *_args: Any, **_kwargs: Any) -> Any:
    """Cases 2 and 3: return the shape and dtype of the first argument."""
    return KerasTensor(x.shape, x.dtype)


def _batch_norm(_operation: Any, x: Any, *_args: Any, **_kwargs: Any) -> Any:
    """Case 2: return the shape of the first argument, in floats."""
    return KerasTensor(x.shape, _float_of(x))


def _adaptive_pool(operation: Any, inputs: Any) -> Any:
    """Case 4: replace the spatial sizes by the output size."""
    batch, *spatial, channels = inputs.shape
    size = operation.output_size  # one number for all axes, which Keras's own refuses
    counts = (size,) * len(spatial) if isinstance(size, int) else tuple(size)
    if operation.data_format == "channels_last":
        sizes = (batch, *counts, channels)
    else:
        sizes = (batch, spatial[0], *counts)
    return KerasTensor(sizes, inputs.dtype)


def _upsampling(layer: Any, inputs: Any) -> Any:
    """Case 7: return Keras's shape in the dtype of the input."""
    return KerasTensor(layer.compute_output_shape(inputs.shape), inputs.dtype)


def _attention(operation: Any, query: Any, key: Any, value: Any, **rest: Any) -> Any:
    """Case 8: return the shape of the queries with the depth of the values."""
    spec = operation.compute_output_spec(query, key, value, **rest)
    return KerasTensor((*query.shape[:-1], value.shape[-1]), spec.dtype)


def _multi_hot(operation: Any, inputs: Any) -> Any:
    """Case 10: return Keras's shape in the operation's dtype."""
    return KerasTensor(operation.compute_output_spec(inputs).shape, operation.dtype)


def _psnr(_operation: Any, x1: Any, _x2: Any) -> Any:
    """Case 10: return a scalar in the float dtype of the images."""
    return KerasTensor((), _float_of(x1))


def _categorical_crossentropy(operation: Any, target: Any, output: Any) -> Any:
    """Case 11: remove the axis of the classes from the size that both have."""
    merged = _elementwise_loss(operation, target, output)
    shape = list(merged.shape)
    del shape[operation.axis]
    return KerasTensor(shape, merged.dtype)


def _elementwise_loss(operation: Any, target: Any, output: Any) -> Any:
    """Case 16: return what is known of the shape that both arguments have."""
    target, output = _filled(target, output), _filled(output, target)
    operation.compute_output_spec(target, output)  # It raises the error.
    return output


def _filled(x: Any, other: Any) -> Any:
    """Return a tensor's spec with another's sizes in the place of unknown ones."""
    pairs = itertools.zip_longest(x.shape, other.shape[: len(x.shape)])
    return KerasTensor([b if a is None else a for a, b in pairs], x.dtype)


def _labels_loss(operation: Any, target: Any, output: Any) -> Any:
    """Case 16: ask Keras about labels that have the sizes of what they are for."""
    return operation.compute_output_spec(_filled(target, output), output)


def _complex_pair(operation: Any, x: Any) -> Any:
    """Case 16: ask Keras about real and imaginary parts of the same sizes."""
    real, imaginary = x
    return operation.compute_output_spec(
        (_filled(real, imaginary), _filled(imaginary, real))
    )


def _square(operation: Any, x: Any) -> Any:
    """Case 16: ask Keras about a matrix that is square."""
    return operation.compute_output_spec(_squared(x))


def _solve(operation: Any, a: Any, b: Any) -> Any:
    """Case 16: ask Keras about a system whose sides have as many rows."""
    axis = -2 if len(b.shape) == len(a.shape) else -1
    known = {n for n in (*a.shape[-2:], b.shape[axis]) if n is not None}
    if len(known) == 1:
        (side,) = known
        rows = list(b.shape)
        rows[axis] = side
        a = KerasTensor((*a.shape[:-2], side, side), a.dtype)
        b = KerasTensor(rows, b.dtype)
    outer = KerasTensor(b.shape[:-2], b.dtype)
    a = KerasTensor((*_filled(_outer(a), outer).shape, *a.shape[-2:]), a.dtype)
    if axis == -2:
        b = KerasTensor((*_filled(outer, _outer(a)).shape, *b.shape[-2:]), b.dtype)
    return operation.compute_output_spec(a, b)


def _outer(x: Any) -> Any:
    return KerasTensor(x.shape[:-2], x.dtype)


def _squared(x: Any) -> Any:
    """Return the spec of a square matrix, both sides known if one is."""
    *outer, rows, columns = x.shape
    sides = (columns if rows is None else rows, rows if columns is None else columns)
    return KerasTensor((*outer, *sides), x.dtype)


def _qr(operation: Any, x: Any) -> Any:
    """Case 17: leave the smaller side unknown where one of both is."""
    *outer, rows, columns = x.shape
    least = _smaller(rows, columns) if operation.mode == "reduced" else rows
    shapes = (rows, least), (least, columns)
    return tuple(KerasTensor((*outer, *sides), x.dtype) for sides in shapes)


def _svd(operation: Any, x: Any) -> Any:
    """Case 17: leave the smaller side unknown where one of both is."""
    *outer, rows, columns = x.shape
    least = _smaller(rows, columns)
    sides: tuple[Any, ...] = (rows, least), (least,), (least, columns)
    if operation.full_matrices:
        sides = (rows, rows), (least,), (columns, columns)
    made = [KerasTensor((*outer, *one), x.dtype) for one in sides]
    return tuple(made) if operation.compute_uv else made[1]


def _smaller(rows: int | None, columns: int | None) -> int | None:
    return None if rows is None or columns is None else min(rows, columns)


def _lu_factor(operation: Any, x: Any) -> Any:
    """Case 12: return Keras's shapes, with int32 for the pivots."""
    factors, pivots = operation.compute_output_spec(x)
    return factors, KerasTensor(pivots.shape, "int32")


def _slogdet(_operation: Any, x: Any) -> Any:
    """Case 12: return a sign and a logarithm for each matrix, floats of integers."""
    is_float = keras.backend.is_float_dtype(x.dtype)
    dtype = x.dtype if is_float else keras.config.floatx()
    return tuple(KerasTensor(x.shape[:-2], dtype) for _ in range(2))


def _mel_spectrogram(layer: Any, inputs: Any) -> Any:
    """Case 14: return the bins and the exact number of frames."""
    *batch, length = inputs.shape
    rest = layer.fft_length % 2
    frames = None if length is None else 1 + (length - rest) // layer.sequence_stride
    return KerasTensor((*batch, layer.num_mel_bins, frames), layer.compute_dtype)


def _floats(operation: Any, x: Any) -> Any:
    """Case 15: return the float dtype that integers are converted to."""
    return operation.compute_output_spec(KerasTensor(x.shape, _float_of(x)))


def _float_of(x: Any) -> str:
    """Return the dtype of a float tensor, or the float dtype that integers become."""
    if keras.backend.is_float_dtype(x.dtype):
        return str(x.dtype)
    return str(keras.backend.result_type(x.dtype, float))


_OF_SQUARES = tuple(
    f"linalg.{name}" for name in ("Cholesky", "CholeskyInverse", "Det", "Eigh", "Inv")
)

_OF_COMPLEX = tuple(f"math.{x}" for x in ("FFT", "FFT2", "IFFT2", "IRFFT", "ISTFT"))

_SHAPE_FUNCTIONS: dict[str, ShapeFunction] = {
    **NUMPY_SPECS,
    **{f"layers.UpSampling{rank}D": _upsampling for rank in (1, 2, 3)},
    "layers.IntegerLookup": index_lookup,
    "layers.MelSpectrogram": _mel_spectrogram,
    "layers.StringLookup": index_lookup,
    "layers.TextVectorization": text_vectorization,
    "linalg.LuFactor": _lu_factor,
    **dict.fromkeys(("math.Erf", "math.Erfinv", "math.RFFT", "math.Rsqrt"), _floats),
    "math.Logsumexp": _float_like_first,
    "nn.AdaptiveAveragePool": _adaptive_pool,
    "nn.AdaptiveMaxPool": _adaptive_pool,
    **dict.fromkeys(_OF_COMPLEX, _complex_pair),
    **dict.fromkeys(_OF_SQUARES, _square),
    **dict.fromkeys(("linalg.Solve", "linalg.SolveTriangular"), _solve),
    "linalg.Qr": _qr,
    "linalg.SVD": _svd,
    "nn.BatchNorm": _batch_norm,
    "nn.BinaryCrossentropy": _elementwise_loss,
    "nn.CategoricalCrossentropy": _categorical_crossentropy,
    "nn.Conv": _conv,
    "nn.DotProductAttention": _attention,
    "nn.MultiHot": _multi_hot,
    "nn.Normalize": _like_first,
    "nn.PSNR": _psnr,
    "nn.SparseCategoricalCrossentropy": _labels_loss,
    "numpy.GetItem": _get_item,
    "numpy.Reciprocal": _float_like_first,
    "numpy.Slogdet": _slogdet,
}
"""Our shape functions, by the kind of the operation or `"layers."` and a class name."""
