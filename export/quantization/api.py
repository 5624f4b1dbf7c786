"""`quantize`: from a file in float to one in lower precision, and what it costs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import onnx

from keras_acts._export_options import MAX_ERROR, MIN_AGREEMENT
from keras_acts.export.contexts import check_context
from keras_acts.export.errors import QuantizationWarning
from keras_acts.export.options import check_path
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.providers import onnxruntime
from keras_acts.export.parity.reference.base import Reference
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.report.quantization.records import (
    OutputAnswers,
    QuantizationReport,
)
from keras_acts.export.quantization.settings import Settings, check
from keras_acts.export.quantization.work import Work


def quantize(
    onnx_model: str | os.PathLike[str] | bytes | onnx.ModelProto,
    path: str | os.PathLike[str],
    *,
    calibration: Any = None,
    mode: str = "int8",
    inputs: Any = None,
    model: Any = None,
    ranges: str = "percentile",
    per_channel: bool = True,
    reduce_range: bool = True,
    block_size: int = 32,
    standard_operators: bool = False,
    keep_float: Sequence[str] = (),
    class_outputs: Sequence[str] | None = None,
    min_agreement: float = MIN_AGREEMENT,
    max_error: float = MAX_ERROR,
    trials: int = 24,
    max_samples: int = 1024,
    speed: bool = True,
    seed: int = 0,
) -> QuantizationReport:
    """Write an ONNX model in lower precision, and report what it costs in answers.

    onnxruntime's own quantizer does the work. Where the answers are outside the bounds,
    the nodes that cost most are found by measuring, and left in float. The file is
    written in any case; where its answers differ, or are not proven, a
    `QuantizationWarning` says so.

    Args:
        onnx_model: A path, bytes or a model in memory; any exporter's, in float.
        path: Where to write the file, atomically. Above 2 GB its weights go beside it.
        calibration: Inputs as the model will see them: an array, arrays in order or by
            input name, a `.npy` or `.npz` file, or a dataset that yields those, or
            pairs of those and labels; it is read once, as far as `max_samples`. One in
            four is held out to measure the answers on, unless there are `inputs`.
        mode: `"int8"`: weights and activations, with ranges from `calibration`; without
            it as `"int8-dynamic"`, which finds the ranges as the model runs, and leaves
            convolutions in float. `"int4-weights"`: weights of products in blocks that
            share a scale, tables of embeddings in 8 bits. `"float16"`: weights and
            arithmetic; inputs and outputs keep their dtypes.
        inputs: Inputs to measure the answers on, in the same forms.
        model: A Keras model whose answers are the right ones, in place of the file's.
        ranges: `"percentile"` leaves out a hundred-thousandth, `"entropy"` keeps most
            information, `"minmax"` takes all.
        per_channel: Whether each output channel of a weight has a scale of its own.
        reduce_range: Whether 8-bit weights take 7 bits. With 8, sums overflow on x86
            processors without VNNI; on others the answers gain a little.
        block_size: Weights with a common scale in `"int4-weights"`: 16 to 256.
        standard_operators: Whether `"int4-weights"` is written in operators of opset
            21, for other runtimes, and not as onnxruntime's MatMulNBits; onnxruntime
            itself then unpacks some weights in each run, and is slow.
        keep_float: Names of nodes to leave in float.
        class_outputs: The outputs whose largest number names a class, such as logits;
            by default those that are probabilities.
        min_agreement: The share of classes that has to agree.
        max_error: The error that other outputs may have: root mean square, as a share
            of their own.
        trials: The most models that the search for costly nodes makes; 0 for none.
        max_samples: The most samples of `calibration`, and of `inputs`.
        speed: Whether to time both files.
        seed: Seed of generated inputs, which are used where there are no data.

    Returns:
        A `QuantizationReport`.

    Raises:
        OptionError: An option or the data are invalid, or the model is quantized.
        GraphError: onnxruntime's quantizer can't take the model.
        WriteError: The file can't be written.
        ImportError: onnxruntime is not installed.
        FileNotFoundError: There is no such file.
        ValueError: The file is not an ONNX model.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
        >>> x = keras.random.normal((64, 4), seed=0)
        >>> quantize(to_onnx(model), "small.onnx", calibration=x, speed=False).status
        'agrees'
    """
    given = dict(locals())
    settings = Settings(**{name: given[name] for name in Settings.names()})
    check(settings)
    check_path(path)
    source = OnnxModel.read(onnx_model)
    right = reference_of((source.path or source.proto) if model is None else model)
    return quantize_as(right, source, path, settings, calibration, inputs)


def quantize_as(
    reference: Reference,
    source: OnnxModel,
    path: str | os.PathLike[str],
    settings: Settings,
    calibration: Any = None,
    inputs: Any = None,
) -> QuantizationReport:
    """Quantize a model whose right answers are those of a reference, as `quantize`."""
    check_context()
    onnxruntime()
    work = Work.begun(source, reference, settings, calibration, inputs)
    report = work.written(path)
    if not report.agrees:
        warnings.warn(_doubt(report, path), QuantizationWarning, stacklevel=3)
    return report


def _doubt(report: QuantizationReport, path: str | os.PathLike[str]) -> str:
    name = os.fspath(path)
    if report.status == "not proven":
        return (
            f"{name} was written, but its answers were measured on "
            f"{report.measured_on} alone: pass `inputs`, or calibration data."
        )
    worst = [one for one in report.outputs if not one.agrees]
    return (
        f"{name} was written, but its answers differ from the model's: "
        f"{'; '.join(map(_cost, worst))}."
    )


def _cost(one: OutputAnswers) -> str:
    if one.not_finite:
        return f"'{one.name}' has {one.not_finite} numbers that are not finite"
    if one.agreement is None:
        return f"'{one.name}' is off by {100 * one.error:.2g} % of its magnitude"
    return f"'{one.name}' has the same class in {100 * one.agreement:.2f} %"
