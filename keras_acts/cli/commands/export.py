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


def run(
    model: options.ModelFile,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The .onnx file to write.")
    ],
    opset: Annotated[
        int | None, typer.Option("--opset", help="Version of the ONNX operators.")
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            "--target", help="What the file is optimized for: cpu, cuda or portable."
        ),
    ] = "cpu",
    engine: Annotated[
        str, typer.Option("--engine", help="The converter: auto, native or tf2onnx.")
    ] = "auto",
    dtype: Annotated[
        str | None,
        typer.Option(
            "--dtype", help="Write weights and arithmetic as float16, float32, float64."
        ),
    ] = None,
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
        conversion = _checked(opset=opset, target=target, engine=engine, dtype=dtype)
        _check_destination(out)

        from keras_acts.cli.loading import load
        from keras_acts.export import ParityError, export_model

        loaded = load(model, unsafe=unsafe, modules=modules or (), signature=signature)
        try:
            with progress(f"Exporting {model}"):
                report = export_model(loaded, out, **conversion, **settings)
        except ParityError as error:
            report = error.report
        written = out.stat().st_size if report.passed else None
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


def _checked(
    *, opset: int | None, target: str, engine: str, dtype: str | None
) -> dict[str, Any]:
    from keras_acts.export import options as known

    known.check_opset(opset)
    known.check_choice("target", target, known.TARGETS)
    known.check_choice("engine", engine, known.ENGINES)
    known.check_choice("dtype", dtype, known.DTYPES)
    return {"opset": opset, "target": target, "engine": engine, "dtype": dtype}


def _check_destination(out: Path) -> None:
    if out.suffix != ".onnx":
        raise CommandError(f"OUT must be a .onnx file. Received: {out}")
    if out.is_dir() or not out.parent.is_dir():
        raise CommandError(f"OUT must lie in a folder that exists. Received: {out}")
    if not os.access(out.parent, os.W_OK):
        raise CommandError(f"OUT must lie where files can be written. Received: {out}")
