"""`keras-acts export`: from a saved model to a verified ONNX file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts._files import kind_of
from keras_acts.cli import options, reports, signatures
from keras_acts.cli.codes import BY_STATUS, Code, CommandError
from keras_acts.cli.terminal import answer, progress, quieten_onnxruntime

NoVerify = Annotated[
    bool,
    typer.Option("--no-verify", help="Write the file without comparing its answers."),
]


@options.with_export_options
def run(
    model: options.ModelFile,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The .onnx file to write.")
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
    report: reports.Report = None,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    signature: options.Signature = None,
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
        reports.check(report, compared=not no_verify)
        _check_destination(out)

        from keras_acts.cli.loading import check_model_path, load

        check_model_path(model, max_unpacked)
        loaded = load(model, unsafe=unsafe, modules=modules or (), signature=signature)
        asked["input_signature"] = (
            signatures.with_batch(loaded, batch)
            if batch
            else signatures.built(specs, loaded)
        )
        with progress(f"Exporting {model}"):
            if no_verify:
                return _unverified(loaded, model, out, asked)
            return _verified(loaded, model, out, asked, settings, report)

    answer(work, as_json=as_json, memory=max_memory)


def _verified(
    loaded: Any,
    model: Path,
    out: Path,
    asked: Mapping[str, Any],
    settings: Mapping[str, Any],
    report: list[Path] | None,
) -> tuple[Mapping[str, Any], str, Code]:
    from keras_acts.export import ParityError, export_model

    quieten_onnxruntime()
    try:
        found = export_model(loaded, out, **asked, **settings)
        written: int | None = out.stat().st_size
    except ParityError as error:
        found, written = error.report, None
    saved = reports.save(found, report, loaded, out if written else None)
    last = (
        f"{out} was not written"
        if written is None
        else f"wrote {out}, {written:,} bytes"
    )
    content = {
        "model": str(model),
        "onnx": str(out),
        "bytes_written": written,
        "report": found.to_dict(),
    }
    return content, "\n".join([str(found), last, *saved]), BY_STATUS[found.status]


def _unverified(
    loaded: Any, model: Path, out: Path, asked: Mapping[str, Any]
) -> tuple[Mapping[str, Any], str, Code]:
    from keras_acts.export import to_onnx

    to_onnx(loaded, out, **asked)
    written = out.stat().st_size
    content = {
        "model": str(model),
        "onnx": str(out),
        "bytes_written": written,
        "report": None,
    }
    return content, f"not verified: wrote {out}, {written:,} bytes", Code.DONE


def _check_destination(out: Path) -> None:
    if out.suffix != ".onnx":
        raise CommandError(f"OUT must be a .onnx file. Received: {out}")
    if out.is_dir() or not out.parent.is_dir():
        raise CommandError(f"OUT must lie in a folder that exists. Received: {out}")
    kind = kind_of(out) if out.exists() else None
    if kind is not None:
        raise CommandError(f"OUT must be a regular file. Received: {out}, {kind}")
    if not os.access(out.resolve().parent, os.W_OK):
        raise CommandError(f"OUT must lie where files can be written. Received: {out}")
