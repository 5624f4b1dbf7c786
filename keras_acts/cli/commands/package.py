"""`keras-acts package`: an ONNX file as a folder that a server takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts.cli import options
from keras_acts.cli.codes import Code
from keras_acts.cli.terminal import answer, quieten_onnxruntime, warn


def run(
    onnx: Annotated[Path, typer.Argument(metavar="ONNX", help="The .onnx file.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="triton: a model repository. kserve: an InferenceService, and the "
            "repository that it points to.",
        ),
    ] = "triton",
    name: Annotated[
        str | None,
        typer.Option("--name", help="The model's name. [default: the file's]"),
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="cpu, cuda, tensorrt or openvino. [default: the server's choice]",
        ),
    ] = None,
    max_batch: Annotated[
        int,
        typer.Option(
            "--max-batch", metavar="N", help="The most rows that share a run."
        ),
    ] = 32,
    storage_uri: Annotated[
        str | None,
        typer.Option(
            "--storage-uri",
            metavar="URI",
            help="Where KServe finds the repository, such as s3://bucket/models. "
            "[default: a volume of the service's name]",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="The parity report to put inside, as `export --report report.json` "
            "wrote it. [default: the verdict in the file]",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier package in DIR.")
    ] = False,
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
) -> None:
    """Write an ONNX file as Triton or KServe expects it, with its parity report."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        from keras_acts.packaging.write import check, package

        chosen: dict[str, Any] = {
            "format": format,
            "provider": provider,
            "max_batch": max_batch,
            "storage_uri": storage_uri,
            "force": force,
        }
        check(folder, **chosen)
        from keras_acts.packaging.contents import Contents

        quieten_onnxruntime()
        contents = Contents.of(onnx, name, report)
        files = package(contents, folder, **chosen)
        for one in contents.warnings:
            warn(one)
        found = {
            "onnx": str(onnx),
            "folder": str(folder),
            "format": format,
            "name": contents.name,
            "files": [str(one) for one in files],
            "status": contents.report["status"],
            "batches": contents.batches,
            "warnings": contents.warnings,
        }
        return found, "\n".join(f"wrote {folder / one}" for one in files), Code.DONE

    answer(work, as_json=as_json, memory=max_memory)
