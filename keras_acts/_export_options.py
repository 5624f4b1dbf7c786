"""The options of an export: name, type, default, choices and help of each, once.

`to_onnx`, `export_model`, the engines and the command line take them from here. They
stand outside of `keras_acts.export`, so that the command line knows them without onnx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

Names = Sequence[str] | Mapping[str, str]
"""New names, in order or by the present ones."""

TARGETS = ("cpu", "cuda", "portable")
ENGINES = ("auto", "native", "tf2onnx")
DTYPES = (None, "float16", "float32", "float64")

OPSETS = range(17, 27)
"""From LayerNormalization's opset to the newest that onnxruntime 1.31 runs."""

DEFAULT_OPSET = 21
"""Newest opset whose Elu, Selu and ThresholdedRelu run on CUDA in every onnxruntime:
many releases match their CUDA kernels up to opset 21 only."""


@dataclass(frozen=True)
class About:
    """What there is to know of an option besides its name, type and default.

    Attributes:
        help: What it does, in one line, for the command line.
        choices: The values that it can have; None where others decide.
        has_flag: Whether the command line has it, as a flag of the same name.
    """

    help: str
    choices: Sequence[Any] | None = None
    has_flag: bool = False


_ABOUT = "about"


def _about(
    help: str,
    choices: Sequence[Any] | None = None,
    *,
    has_flag: bool = False,
) -> dict[str, About]:
    return {_ABOUT: About(help, choices, has_flag)}


def about(option: Field[Any]) -> About:
    """Return what there is to know of a field of `ExportOptions`."""
    known: About = option.metadata[_ABOUT]
    return known


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How a model is converted; the documentation of `to_onnx` tells the whole."""

    input_signature: Any = field(
        default=None,
        metadata=_about("Shapes and dtypes in place of the model's own."),
    )
    opset: int | None = field(
        default=None, metadata=_about("Version of the ONNX operators.", has_flag=True)
    )
    target: str = field(
        default="cpu",
        metadata=_about(
            "What the file is optimized for: cpu, cuda or portable.",
            TARGETS,
            has_flag=True,
        ),
    )
    engine: str = field(
        default="auto",
        metadata=_about(
            "The converter: auto, native or tf2onnx.", ENGINES, has_flag=True
        ),
    )
    input_names: Names | None = field(
        default=None, metadata=_about("New names for the inputs.")
    )
    output_names: Names | None = field(
        default=None, metadata=_about("New names for the outputs.")
    )
    dtype: str | None = field(
        default=None,
        metadata=_about(
            "Write weights and arithmetic as float16, float32, float64.",
            DTYPES,
            has_flag=True,
        ),
    )
    inputs_as_nchw: Sequence[str] = field(
        default=(),
        metadata=_about("Names of image inputs that the file takes channels first."),
    )

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> ExportOptions:
        """Return the options that are among the arguments of a call, by name."""
        return cls(**{one.name: arguments[one.name] for one in fields(cls)})
