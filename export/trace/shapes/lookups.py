"""The shapes and dtypes that lookups in a vocabulary return."""

from __future__ import annotations

from typing import Any

from keras import KerasTensor

from keras_acts.export.trace.keras_patches import reads


def index_lookup(layer: Any, inputs: Any) -> Any:
    """Return int64 but for TF-IDF and tokens, without the axis that is summed."""
    spec, shape = layer.compute_output_spec(inputs), inputs.shape
    if layer.output_mode in ("int", "one_hot"):
        dtype = layer.vocabulary_dtype if layer.invert else "int64"
        return KerasTensor(spec.shape, dtype)
    outer = shape[:1] + shape[2:] if len(shape) > 1 else ()
    dtype = spec.dtype if layer.output_mode == "tf_idf" else "int64"
    return KerasTensor((*outer, spec.shape[-1]), dtype)


def text_vectorization(layer: Any, inputs: Any) -> Any:
    """Return the words' axis behind all that is not split, whatever the rank."""
    how, shape = reads.vectorization(layer), tuple(inputs.shape)
    if how.split is not None:
        shape = (*(shape[:-1] if len(shape) > 1 else shape), None)
    elif how.ngrams and shape[-1] is not None:
        shape = (*shape[:-1], sum(max(shape[-1] - n + 1, 0) for n in how.ngrams))
    if how.lookup.output_mode != "int":
        return index_lookup(how.lookup, KerasTensor(shape, "string"))
    if how.output_sequence_length is not None:
        shape = (*shape[:-1], how.output_sequence_length)
    return KerasTensor(shape, "int64")
