"""The options of an export: name, type, default, choices and help of each.

`to_onnx`, `export_model`, the engines and the command line share them. They are outside
`keras_acts.export`, so that the command line can read them without importing onnx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

Names = Sequence[str] | Mapping[str, str]
"""New names, in order or by present name."""

TARGETS = ("cpu", "cuda", "portable")
ENGINES = ("auto", "native", "tf2onnx")
DTYPES = (None, "float16", "float32", "float64")

OPSETS = range(17, 27)
"""From the opset of LayerNormalization to the newest that onnxruntime 1.31 runs."""

DEFAULT_OPSET = 21
"""The newest opset whose Elu, Selu and ThresholdedRelu run on CUDA in all releases of
onnxruntime: in many, their CUDA kernels support opsets up to 21 only."""


MODES = ("int8", "int8-dynamic", "int4-weights", "float16")
"""How `quantize` can write a file; `"int8"` is static with calibration data."""

RANGES = ("percentile", "entropy", "minmax")
"""How the ranges of activations are found in calibration data."""

BLOCK_SIZES = (16, 32, 64, 128, 256)
"""Weights that share a scale in 4 bits, along the axis that a product sums over."""

MIN_AGREEMENT = 0.99
"""The share of classes that have to agree."""

MAX_ERROR = 0.1
"""The error of other outputs, as a share of their own magnitude."""


@dataclass(frozen=True)
class About:
    """The description of an option, besides its name, type and default.

    Attributes:
        help: What it does, in one line, for the command line.
        choices: The values that it can have; None if they aren't listed.
        has_flag: Whether the command line's flag has the same name and type; those of
            the other options are parsed by `keras_acts.cli.signatures`.
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
    """Return the description of a field of `ExportOptions`."""
    description: About = option.metadata[_ABOUT]
    return description


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How a model is converted; `to_onnx` documents the options in full."""

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
    metadata: Mapping[str, str] | None = field(
        default=None,
        metadata=_about("Texts of your own for the file's metadata, by name."),
    )

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> ExportOptions:
        """Pick the options out of the arguments of a call, by name."""
        return cls(**{one.name: arguments[one.name] for one in fields(cls)})
