"""`keras-acts export`: from a saved model to a verified ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts._export_options import MODES
from keras_acts.cli import exporting, options, reports, signatures
from keras_acts.cli.codes import Code, CommandError
from keras_acts.cli.commands.quantize import Calibration
from keras_acts.cli.terminal import answer

NoVerify = Annotated[
    bool,
    typer.Option("--no-verify", help="Write the file without comparing its answers."),
]
QuantizeMode = Annotated[
    str | None,
    typer.Option(
        "--quantize",
        metavar="MODE",
        help=f"Write the verified file in lower precision: {', '.join(MODES)}.",
    ),
]
AllSignatures = Annotated[
    bool,
    typer.Option(
        "--all-signatures",
        help="Write each signature of a SavedModel to OUT/NAME.onnx.",
    ),
]


@options.with_export_options
def run(
    model: options.ModelFile,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="The .onnx file to write; a folder with --all-signatures.",
        ),
    ],
    input_signature: signatures.InputSignature = None,
    batch: signatures.Batch = None,
    input_names: signatures.InputNames = None,
    output_names: signatures.OutputNames = None,
    inputs_as_nchw: signatures.InputsAsNchw = None,
    metadata: signatures.Metadata = None,
    no_verify: NoVerify = False,
    providers: options.Providers = None,
    batch_sizes: options.BatchSizes = "1,3",
    inputs: options.Inputs = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    seed: options.Seed = 0,
    strict_edges: options.StrictEdges = False,
    quantization: QuantizeMode = None,
    calibration: Calibration = None,
    report: reports.Report = None,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    signature: options.Signature = None,
    all_signatures: AllSignatures = False,
    max_unpacked: options.MaxUnpacked = None,
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
    **conversion: Any,
) -> None:
    """Convert a saved model to ONNX; write the file if it matches the model."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        options.check_conversion(conversion)
        signatures.check_batch(batch, input_signature)
        specs = signatures.parsed(input_signature)
        asked = {
            **conversion,
            "input_names": signatures.names("--input-names", input_names),
            "output_names": signatures.names("--output-names", output_names),
            "inputs_as_nchw": signatures.listed("--inputs-as-nchw", inputs_as_nchw),
            "metadata": signatures.metadata(metadata),
        }
        settings = options.parity_settings(
            providers=providers,
            batch_sizes=batch_sizes,
            inputs=inputs,
            rtol=rtol,
            atol=atol,
            seed=seed,
            strict_edges=strict_edges,
        )
        _check_quantization(quantization, calibration, no_verify=no_verify)
        if quantization is not None:
            settings["quantize"] = _asked(quantization, calibration)
        reports.check(report, compared=not no_verify)
        if all_signatures:
            exporting.check_folder(out, model, signature, report)
        else:
            exporting.check_destination(out)

        from keras_acts.cli.loading import check_model_path, load

        check_model_path(model, max_unpacked)
        export = exporting.Export(
            model=model,
            load=lambda name: load(
                model, unsafe=unsafe, modules=modules or (), signature=name
            ),
            batch=batch,
            specs=specs,
            asked=asked,
            settings=None if no_verify else settings,
            report=report,
        )
        return export.each(out) if all_signatures else export.one(signature, out)

    answer(work, as_json=as_json, memory=max_memory)


def _asked(mode: str, calibration: Path | None) -> dict[str, Any]:
    data = None if calibration is None else options.arrays(calibration, "--calibration")
    return {"mode": mode, "calibration": data}


def _check_quantization(
    mode: str | None, calibration: Path | None, *, no_verify: bool
) -> None:
    """Refuse a quantization that can't be done, before anything is imported.

    Raises:
        CommandError: The mode is unknown, or flags don't go together.
    """
    if mode is None and calibration is not None:
        raise CommandError(
            "--calibration is for --quantize, which is missing. "
            f"Received: --calibration {calibration}"
        )
    if mode is not None and mode not in MODES:
        raise CommandError(
            f"--quantize must be one of {', '.join(MODES)}. Received: {mode}"
        )
    if mode is not None and no_verify:
        raise CommandError(
            "--no-verify must be left out with --quantize, which measures the answers. "
            f"Received: --no-verify with --quantize {mode}"
        )
