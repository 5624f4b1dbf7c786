"""`keras-acts quantize`: write an ONNX file in lower precision, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts._export_options import (
    BLOCK_SIZES,
    MAX_ERROR,
    MIN_AGREEMENT,
    MODES,
    RANGES,
)
from keras_acts._onnx_files import read_proto
from keras_acts.cli import exporting, options
from keras_acts.cli.codes import Code, CommandError
from keras_acts.cli.terminal import answer, progress, quieten_onnxruntime

Calibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="FILE",
        help="Inputs as the model will see them: .npy, or .npz by input name. int8 "
        "takes the ranges from them; a fourth is held out to measure the answers.",
    ),
]
Inputs = Annotated[
    Path | None,
    typer.Option(
        "--inputs",
        metavar="FILE",
        help="Other inputs to measure the answers on, in the same forms.",
    ),
]
Mode = Annotated[
    str, typer.Option("--mode", metavar="MODE", help=f"{', '.join(MODES)}.")
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="The Keras model, whose answers are then the right ones.",
    ),
]
Ranges = Annotated[
    str,
    typer.Option(
        "--ranges",
        metavar="HOW",
        help=f"How ranges are taken from calibration data: {', '.join(RANGES)}.",
    ),
]
PerTensor = Annotated[
    bool,
    typer.Option("--per-tensor", help="One scale a weight, not one a channel."),
]
FullRange = Annotated[
    bool,
    typer.Option(
        "--full-range",
        help="8 bits for 8-bit weights, not 7: wrong on x86 without VNNI.",
    ),
]
BlockSize = Annotated[
    int,
    typer.Option("--block-size", metavar="N", help="Weights with a scale in 4 bits."),
]
Standard = Annotated[
    bool,
    typer.Option(
        "--standard-operators",
        help="4 bits in operators of opset 21, which onnxruntime runs slowly.",
    ),
]
KeepFloat = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-float", metavar="NODE", help="A node to leave in float. Repeatable."
    ),
]
ClassOutputs = Annotated[
    list[str] | None,
    typer.Option(
        "--class-output",
        metavar="NAME",
        help="An output whose largest number names a class, such as logits. "
        "Repeatable. [default: those that are probabilities]",
    ),
]
MinAgreement = Annotated[
    float,
    typer.Option("--min-agreement", help="The share of classes that has to agree."),
]
MaxError = Annotated[
    float,
    typer.Option("--max-error", help="The error that other outputs may have."),
]
Trials = Annotated[
    int,
    typer.Option("--trials", help="Models that the search for costly nodes may make."),
]
MaxSamples = Annotated[
    int, typer.Option("--max-samples", help="The most samples taken of each file.")
]
NoSpeed = Annotated[bool, typer.Option("--no-speed", help="Don't time both files.")]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the report as .json as well."),
]

_CODES = {
    "agrees": Code.DONE,
    "differs": Code.PARITY_FAILED,
    "not proven": Code.NOT_PROVEN,
}


def run(
    onnx: Annotated[Path, typer.Argument(metavar="ONNX", help="The .onnx file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    calibration: Calibration = None,
    mode: Mode = "int8",
    inputs: Inputs = None,
    model: Model = None,
    ranges: Ranges = RANGES[0],
    per_tensor: PerTensor = False,
    full_range: FullRange = False,
    block_size: BlockSize = 32,
    standard_operators: Standard = False,
    keep_float: KeepFloat = None,
    class_outputs: ClassOutputs = None,
    min_agreement: MinAgreement = MIN_AGREEMENT,
    max_error: MaxError = MAX_ERROR,
    trials: Trials = 24,
    max_samples: MaxSamples = 1024,
    no_speed: NoSpeed = False,
    seed: options.Seed = 0,
    report: Report = None,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    max_unpacked: options.MaxUnpacked = None,
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
) -> None:
    """Write an ONNX file in lower precision, and report what it costs in answers.

    Exit code 1: written, but the answers differ; 5: not proven, for want of data.
    """

    def work() -> tuple[Mapping[str, Any], str, Code]:
        _check_choice("--mode", mode, MODES)
        _check_choice("--ranges", ranges, RANGES)
        _check_choice("--block-size", block_size, BLOCK_SIZES)
        _check_shares(min_agreement, max_error)
        _check_counts({"--trials": trials, "--seed": seed}, 0)
        _check_counts({"--max-samples": max_samples}, 1)
        _check_report(report)
        exporting.check_destination(out)
        read_proto(onnx)
        given = {
            "calibration": _arrays("--calibration", calibration),
            "inputs": _arrays("--inputs", inputs),
        }
        loaded = (
            None if model is None else _loaded(model, max_unpacked, unsafe, modules)
        )
        with progress(f"Quantizing {onnx}"):
            found = _quantized(
                onnx,
                out,
                **given,
                mode=mode,
                model=loaded,
                ranges=ranges,
                per_channel=not per_tensor,
                reduce_range=not full_range,
                block_size=block_size,
                standard_operators=standard_operators,
                keep_float=keep_float or (),
                class_outputs=class_outputs,
                min_agreement=min_agreement,
                max_error=max_error,
                trials=trials,
                max_samples=max_samples,
                speed=not no_speed,
                seed=seed,
            )
        lines = [str(found), f"wrote {out}, {out.stat().st_size:,} bytes"]
        if report is not None:
            found.to_json(report)
            lines.append(f"wrote {report}")
        content = {"onnx": str(onnx), "out": str(out), "report": found.to_dict()}
        return content, "\n".join(lines), _CODES[found.status]

    answer(work, as_json=as_json, memory=max_memory)


def _quantized(onnx: Path, out: Path, **settings: Any) -> Any:
    from keras_acts.cli.loading import import_keras

    import_keras()
    from keras_acts.export import quantize

    quieten_onnxruntime()
    return quantize(onnx, out, **settings)


def _loaded(
    model: Path, max_unpacked: float | None, unsafe: bool, modules: list[str] | None
) -> Any:
    from keras_acts.cli.loading import check_model_path, load

    check_model_path(model, max_unpacked)
    return load(model, unsafe=unsafe, modules=modules or (), signature=None)


def _arrays(flag: str, path: Path | None) -> Any:
    return None if path is None else options.arrays(path, flag)


def _check_choice(flag: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        listed = ", ".join(map(str, choices))
        raise CommandError(f"{flag} must be one of {listed}. Received: {value}")


def _check_shares(agreement: float, error: float) -> None:
    if not 0 <= agreement <= 1:
        raise CommandError(
            f"--min-agreement must be a number from 0 to 1. Received: {agreement}"
        )
    if not 0 <= error < float("inf"):
        raise CommandError(
            f"--max-error must be a finite number, 0 or above. Received: {error}"
        )


def _check_counts(counts: Mapping[str, int], least: int) -> None:
    for flag, value in counts.items():
        if value < least:
            raise CommandError(
                f"{flag} must be an integer, {least} or above. Received: {value}"
            )


def _check_report(path: Path | None) -> None:
    if path is not None and (path.suffix != ".json" or not path.parent.is_dir()):
        raise CommandError(
            f"--report must be a .json file in a folder that exists. Received: {path}"
        )
