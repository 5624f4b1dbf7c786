"""Operations and layers of Keras that ONNX can't express, each with the reason.

An entry says which operator ONNX lacks and what to do instead. `docs/coverage.md` and
the errors raised for such models are generated from it.
"""

from __future__ import annotations

_COMPLEX = (
    "it makes or takes complex numbers, for which onnxruntime has no kernel of any "
    "operator. Keep the real and the imaginary part as two tensors, as `ops.fft` does"
)

UNSUPPORTED: dict[str, str] = {
    "image.ElasticTransform": (
        "it draws a random displacement at every call, in a sequence of each backend's "
        "own that no ONNX operator repeats"
    ),
    "linalg.Eig": (
        "the eigenvalues of a matrix that is not symmetric are complex numbers, for "
        "which onnxruntime has no kernel. `ops.eigh` takes symmetric ones"
    ),
    "linalg.JVP": (
        "it differentiates a function, which no ONNX operator does: each operation in "
        "it would need a rule of its own. Write the derivative in `keras.ops`"
    ),
    "math.ViewAsComplex": _COMPLEX,
    "math.ViewAsReal": _COMPLEX,
    "nn.Polar": _COMPLEX,
}
"""The reasons by the kind of the operation, as in `converts`."""

_DRAWS = (
    "ONNX has no operator that draws from this distribution. Draw it before the model, "
    "and give the model the numbers"
)
UNSUPPORTED |= dict.fromkeys(("random.beta", "random.binomial", "random.gamma"), _DRAWS)

_HASHES = (
    "it hashes strings, for which ONNX has no operator. Hash before the model, and "
    "give the model the integers"
)
_JAX = (
    "its function is made of JAX's operations, not Keras's. Write it in `keras.ops`, "
    "or register a converter"
)

UNSUPPORTED_LAYERS: dict[str, str] = {
    "FlaxLayer": _JAX,
    "HashedCrossing": _HASHES,
    "Hashing": _HASHES,
    "JaxLayer": _JAX,
    "TFSMLayer": (
        "it calls a SavedModel, which holds TensorFlow's operations, not Keras's. "
        "Export the SavedModel itself, with `engine='tf2onnx'`"
    ),
    "TorchModuleWrapper": (
        "its module is made of torch's operations, not Keras's. Write it with Keras's "
        "layers, export the module with `torch.onnx`, or register a converter"
    ),
}
"""The reasons by the class name of the layer."""
