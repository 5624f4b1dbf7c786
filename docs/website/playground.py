"""The ONNX files of the page where people play: f, f′ and the parameters as inputs."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import onnxruntime
from keras import ops

from keras_acts import catalogue, functional
from keras_acts.export import to_onnx
from website import curves
from website.formulas import formula

STEP = 1 / 256
"""Half the width of the central difference, in x."""


@dataclass(frozen=True)
class Slider:
    """A number that the reader moves.

    Attributes:
        low: The least value.
        high: The greatest one.
        start: The default of the layer.
    """

    low: float
    high: float
    start: float


_ALPHA = {"alpha": Slider(0.1, 3, 1)}
_SLOPE = Slider(-0.5, 1.5, 0.25)
_A = {"a": Slider(-2, 2, 1)}
_OTHERS = {"x2": Slider(-3, 3, 0), "x3": Slider(-3, 3, -1)}

SLIDERS: Mapping[str, Mapping[str, Slider]] = {
    "ReLU": {},
    "LeakyReLU": {"negative_slope": Slider(-0.5, 1, 0.01)},
    "PReLU": {"alpha": _SLOPE},
    "TLU": {"tau": Slider(-2, 2, 0)},
    "Threshold": {"threshold": Slider(-2, 2, 0), "default_value": Slider(-2, 2, 0)},
    "ThresholdedReLU": {"theta": Slider(0, 3, 1)},
    "StarReLU": {"scale": Slider(-2, 2, 0.8944), "bias": Slider(-2, 2, -0.4472)},
    "ELU": _ALPHA,
    "CELU": _ALPHA,
    "PELU": {"alpha": Slider(0.1, 3, 1), "beta": Slider(0.1, 3, 1)},
    "Softplus": {"beta": Slider(0.2, 5, 1)},
    "Squareplus": {"b": Slider(0, 8, 4)},
    "Swish": {"beta": Slider(-1, 5, 1)},
    "ACONB": {"p": Slider(-1, 1, 0.25), "beta": Slider(0, 5, 1)},
    "ACONC": {"p1": Slider(-2, 2, 1), "p2": Slider(-2, 2, 0), "beta": Slider(0, 5, 1)},
    "HardSigmoid": {"slope": Slider(0.05, 1, 1 / 6), "offset": Slider(-1, 2, 0.5)},
    "HardTanh": {"min_value": Slider(-3, 0, -1), "max_value": Slider(0, 3, 1)},
    "DyT": {
        "alpha": Slider(0, 3, 0.5),
        "gamma": Slider(-2, 2, 1),
        "beta": Slider(-2, 2, 0),
    },
    "HardShrink": {"threshold": Slider(0, 2, 0.5)},
    "SoftShrink": {"threshold": Slider(0, 2, 0.5)},
    "SReLU": {
        "t_left": Slider(-3, 0, 0),
        "a_left": Slider(-1, 2, 0.2),
        "t_right": Slider(0, 3, 1),
        "a_right": Slider(-1, 2, 1),
    },
    "ISRLU": {"alpha": Slider(0, 4, 1)},
    "ISRU": {"alpha": Slider(0, 4, 1)},
    "Laplace": {"mu": Slider(-2, 2, 0.7071), "sigma": Slider(0.05, 2, 0.2821)},
    "SmeLU": {"beta": Slider(0.1, 3, 1)},
    "Sine": {"frequency": Slider(0.5, 30, 30)},
    "Snake": {"frequency": Slider(0.1, 5, 1)},
    "GLU": _A,
    "ReGLU": _A,
    "GEGLU": _A,
    "SwiGLU": _A,
    "Softmax": _OTHERS,
    "Softmin": _OTHERS,
    "LogSoftmax": _OTHERS,
    "SoftmaxOne": _OTHERS,
    "Sparsemax": _OTHERS,
    "Entmax15": _OTHERS,
    **dict.fromkeys(
        (
            *("GELU", "Mish", "SELU", "SERLU", "TeLU", "GoLU", "ELiSH", "HardMish"),
            *("HardSwish", "LogSigmoid", "Sigmoid", "Tanh", "TanhShrink", "LiSHT"),
            *("Softsign", "SquaredReLU", "ReLU6", "SparsePlus", "SparseSigmoid"),
            *("Exponential", "Linear"),
        ),
        MappingProxyType({}),
    ),
}
"""The parameters of each activation that can be moved. Of a gated one the gate is x, of
softmax and its kin the first of three inputs."""

NAMES = tuple(sorted(SLIDERS, key=str.lower))

Function = Callable[..., Any]


def function(name: str) -> Function:
    """Return f as a function of tensors: x, then the parameters by name.

    It is the function of the package where its parameters may be tensors, else the
    formula of its docstring, which has to give the same answers (`checked`).
    """
    row = catalogue.find(name)
    if row.family == "gated":
        return functools.partial(_gated, row.function)
    if row.family == "softmax":
        return functools.partial(_first_of_three, row.function)
    if not SLIDERS[name] or row.learnable:
        return functools.partial(_plain, row.function)
    return formula(row.name, row.summary).function(_NAMESPACE)


def _plain(of: Function, x: Any, **given: Any) -> Any:
    return of(x, **given)


def _gated(of: Function, x: Any, a: Any) -> Any:
    return of(ops.concatenate([a + 0 * x, x], axis=-1))


def _first_of_three(of: Function, x: Any, x2: Any, x3: Any) -> Any:
    inputs = ops.concatenate([x, x2 + 0 * x, x3 + 0 * x], axis=-1)
    return of(inputs)[:, :1]


def reference(name: str, x: np.ndarray, given: Mapping[str, float]) -> np.ndarray:
    """Return the answers of the package's own function, computed by Keras."""
    row = catalogue.find(name)
    columns = ops.convert_to_tensor(x.astype("float32").reshape(-1, 1))
    if row.family in ("gated", "softmax") or row.learnable:
        tensors = {
            key: ops.convert_to_tensor(v, dtype="float32") for key, v in given.items()
        }
        found = function(name)(columns, **tensors)
    else:
        found = row.function(columns, **given)
    return np.array(ops.convert_to_numpy(found)).ravel()


_NAMESPACE: Mapping[str, Any] = {
    "where": ops.where,
    "exp": ops.exp,
    "log": ops.log,
    "sqrt": ops.sqrt,
    "sin": ops.sin,
    "tanh": ops.tanh,
    "erf": ops.erf,
    "abs": ops.abs,
    "sign": ops.sign,
    "max": ops.maximum,
    "clip": lambda x, low, high: ops.minimum(ops.maximum(x, low), high),
    "sigmoid": functional.sigmoid,
}


def onnx_file(name: str) -> bytes:
    """Return the file: inputs x, of shape (n, 1), and each parameter; outputs f and f′.

    The derivative is a central difference of f, computed in the file.
    """
    f = function(name)
    parameters = list(SLIDERS[name])

    def both(x: Any, *numbers: Any) -> tuple[Any, Any]:
        given = dict(zip(parameters, numbers, strict=True))
        up, down = x + STEP, x - STEP
        return f(x, **given), (f(up, **given) - f(down, **given)) / (up - down)

    signature = [keras.InputSpec(shape=(None, 1), dtype="float32", name="x")]
    signature += [
        keras.InputSpec(shape=(), dtype="float32", name=one) for one in parameters
    ]
    names = ["x", *parameters]
    model = to_onnx(
        both,
        input_signature=signature,
        input_names=names,
        output_names=["f", "derivative"],
    )
    return bytes(model.SerializeToString())


def checked(name: str) -> bytes:
    """Return the file of an activation after comparing it with the package's function.

    Raises:
        AssertionError: It answers otherwise at some value of a parameter.
    """
    file = onnx_file(name)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    x = np.linspace(-4.99, 5.01, 101, dtype="float32")
    for part in (0.0, 0.31, 0.77, 1.0):
        given = {
            key: float(np.float32(s.low + part * (s.high - s.low) or 1e-3))
            for key, s in SLIDERS[name].items()
        }
        fed = {"x": x[:, None], **{k: np.array(v, "float32") for k, v in given.items()}}
        (found,) = session.run(["f"], fed)
        expected = reference(name, x, given)
        np.testing.assert_allclose(
            found.ravel(), expected, rtol=1e-4, atol=2e-6, err_msg=f"{name} {given}"
        )
    return file


def index() -> str:
    """Return what the page knows of the files, as JSON."""
    return json.dumps([_entry(name) for name in NAMES], ensure_ascii=False)


def _entry(name: str) -> dict[str, Any]:
    x = curves.group(name).curves[0].x
    least = max(4.0, float(-x[0]), float(x[-1]))
    if name == "Sine":
        least = 1.0
    return {
        "name": name,
        "page": f"../activations/{name.lower()}/",
        "file": f"{name.lower()}.onnx",
        "range": [-least, least],
        "parameters": [
            {"name": key, "low": s.low, "high": s.high, "start": s.start}
            for key, s in SLIDERS[name].items()
        ],
    }
