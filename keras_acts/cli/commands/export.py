"""`keras-acts export`: from a saved model to a verified ONNX file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts.cli import options
from keras_acts.cli.codes import BY_STATUS, Code, CommandError
from keras_acts.cli.terminal import answer, progress


@options.with_export_options
def run(
    model: options.ModelFile,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The .onnx file to write.")
    ],
    providers: options.Providers = None,
    batch_sizes: options.BatchSizes = "1,3",
    inputs: options.Inputs = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    seed: options.Seed = 0,
    strict_edges: options.StrictEdges = False,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    signature: options.Signature = None,
    as_json: options.Json = False,
    **conversion: Any,
) -> None:
    """Convert a saved model to ONNX; write the file if it matches the model."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        settings = options.parity_settings(
            providers=providers,
            batch_sizes=batch_sizes,
            inputs=inputs,
            rtol=rtol,
            atol=atol,
            seed=seed,
            strict_edges=strict_edges,
        )
        from keras_acts.cli.loading import load
        from keras_acts.export import ParityError, export_model
        from keras_acts.export.options import ExportOptions, check_options

        check_options(ExportOptions(**conversion))
        _check_destination(out)

        loaded = load(model, unsafe=unsafe, modules=modules or (), signature=signature)
        try:
            with progress(f"Exporting {model}"):
                report = export_model(loaded, out, **conversion, **settings)
        except ParityError as error:
            report = error.report
        wrote = report.status in ("passed", "not proven")
        written = out.stat().st_size if wrote else None
        last = (
            f"wrote {out}, {written:,} bytes" if written else f"{out} was not written"
        )
        content = {
            "model": str(model),
            "onnx": str(out),
            "bytes_written": written,
            "report": report.to_dict(),
        }
        return content, f"{report}\n{last}", BY_STATUS[report.status]

    answer(work, as_json=as_json)


def _check_destination(out: Path) -> None:
    if out.suffix != ".onnx":
        raise CommandError(f"OUT must be a .onnx file. Received: {out}")
    if out.is_dir() or not out.parent.is_dir():
        raise CommandError(f"OUT must lie in a folder that exists. Received: {out}")
    if not os.access(out.parent, os.W_OK):
        raise CommandError(f"OUT must lie where files can be written. Received: {out}")
