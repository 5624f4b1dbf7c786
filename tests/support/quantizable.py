"""Networks in ONNX, written by hand: what `quantize` takes from any exporter."""

from __future__ import annotations

import numpy as np
import onnx

from support.handmade import onnx_model

LENGTH, WIDTH, CLASSES, VOCABULARY = 6, 32, 5, 50


def numbers(seed: int, *shape: int) -> np.ndarray:
    scale = 1 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.1
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype("float32")


def dense(opset: int = 21) -> onnx.ModelProto:
    """Two products and a softmax, with a Gemm and with MatMul and Add."""
    return onnx_model(
        f"(float[n, {WIDTH}] x) => (float[n, {CLASSES}] p)",
        "a = Gemm(x, w, b)  c = Relu(a)  d = MatMul(c, v)  e = Add(d, u) "
        "p = Softmax<axis = -1>(e)",
        {
            "w": numbers(0, WIDTH, 64),
            "b": numbers(1, 64),
            "v": 8 * numbers(2, 64, CLASSES),
            "u": numbers(3, CLASSES),
        },
        opset,
    )


def convolutional(opset: int = 21) -> onnx.ModelProto:
    """Convolutions with a sum between them, pooled, and a product."""
    return onnx_model(
        f"(float[n, 3, 8, 8] image) => (float[n, {CLASSES}] p)",
        "a = Conv<pads = [1, 1, 1, 1]>(image, k, kb)  c = Relu(a) "
        "d = Conv<pads = [1, 1, 1, 1]>(c, m, kb)  e = Add(c, d) "
        "f = GlobalAveragePool(e)  h = Flatten(f)  i = MatMul(h, v) "
        "p = Softmax<axis = -1>(i)",
        {
            "k": 2 * numbers(0, 16, 3, 3, 3),
            "kb": numbers(1, 16),
            "m": 2 * numbers(2, 16, 16, 3, 3),
            "v": 20 * numbers(3, 16, CLASSES),
        },
        opset,
    )


def textual(opset: int = 21) -> onnx.ModelProto:
    """A table of embeddings, a mean, and a product; the logits come out."""
    return onnx_model(
        f"(int32[n, {LENGTH}] tokens) => (float[n, {CLASSES}] logits)",
        "a = Gather(table, tokens)  c = MatMul(a, v)  d = Tanh(c) "
        "f = ReduceMean<keepdims = 0>(d, one)  logits = MatMul(f, w)",
        {
            "table": numbers(0, VOCABULARY, WIDTH),
            "v": 8 * numbers(1, WIDTH, WIDTH),
            "w": 20 * numbers(2, WIDTH, CLASSES),
            "one": np.array([1]),
        },
        opset,
    )


INPUTS = {
    "dense": lambda n: np.random.default_rng(9).normal(size=(n, WIDTH)).astype("f"),
    "convolutional": lambda n: (
        np.random.default_rng(9).normal(size=(n, 3, 8, 8)).astype("f")
    ),
    "textual": lambda n: (
        np.random.default_rng(9).integers(0, VOCABULARY, (n, LENGTH)).astype("int32")
    ),
}
MODELS = {"dense": dense, "convolutional": convolutional, "textual": textual}
