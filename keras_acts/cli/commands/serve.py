"""`keras-acts serve`: answer requests by verified ONNX files."""

from __future__ import annotations

from typing import Annotated

import typer

from keras_acts.cli.codes import code_of
from keras_acts.cli.signals import leave_to_program
from keras_acts.cli.terminal import fail
from keras_acts.serving.settings import Settings


def run(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="ONNX...",
            help="The .onnx files to serve, or NAME=FILE, or folders of files.",
        ),
    ],
    host: Annotated[
        str,
        typer.Option("--host", help="Where to listen; 0.0.0.0 is every network."),
    ] = Settings.host,
    port: Annotated[
        int, typer.Option("--port", help="Of REST and of the metrics.")
    ] = Settings.port,
    grpc_port: Annotated[
        int, typer.Option("--grpc-port", help="Of gRPC; 0 for none.")
    ] = Settings.grpc_port,
    provider: Annotated[
        str,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="cpu, cuda, openvino or another provider of onnxruntime.",
        ),
    ] = Settings.provider,
    workers: Annotated[
        int, typer.Option("--workers", help="Processes; one that ends is replaced.")
    ] = Settings.workers,
    threads: Annotated[
        int, typer.Option("--threads", help="Of a run; 0 for as many as cores.")
    ] = Settings.threads,
    parallel: Annotated[
        int, typer.Option("--parallel", help="Runs of a model at a time.")
    ] = Settings.parallel,
    max_batch: Annotated[
        int,
        typer.Option("--max-batch", help="The most rows that share a run; 1 for none."),
    ] = Settings.max_batch,
    max_queue: Annotated[
        int, typer.Option("--max-queue", help="Requests that wait for a model.")
    ] = Settings.max_queue,
    max_connections: Annotated[
        int,
        typer.Option("--max-connections", help="Connections of a process at a time."),
    ] = Settings.max_connections,
    max_request_mb: Annotated[
        float, typer.Option("--max-request-mb", help="Megabytes of a request.")
    ] = Settings.max_request_mb,
    max_size: Annotated[
        int,
        typer.Option(
            "--max-size",
            help="The most that a request makes of a size that the file leaves open; "
            "0 for any.",
        ),
    ] = Settings.max_size,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="Serve files without a passed verdict, or changed since, as well.",
        ),
    ] = False,
    watch: Annotated[
        float,
        typer.Option(
            "--watch",
            help="Seconds between looks for new versions of the files; 0 for none.",
        ),
    ] = Settings.watch,
    grace: Annotated[
        int,
        typer.Option("--grace", help="Seconds that requests have to end in at a stop."),
    ] = Settings.grace,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log each request.")
    ] = False,
) -> None:
    """Serve verified ONNX files over REST and gRPC, until Ctrl-C or SIGTERM."""
    try:
        settings = Settings.of(
            models,
            host=host,
            port=port,
            grpc_port=grpc_port,
            provider=provider,
            workers=workers,
            threads=threads,
            parallel=parallel,
            max_batch=max_batch,
            max_queue=max_queue,
            max_connections=max_connections,
            max_request_mb=max_request_mb,
            max_size=max_size,
            unverified=unverified,
            watch=watch,
            grace=grace,
            verbose=verbose,
        )
        _run(settings)
    except Exception as error:
        fail(error, code_of(error), as_json=False)


def _run(settings: Settings) -> None:
    from keras_acts.serving.run import check, serve

    check(settings)
    places = [f"REST and metrics on http://{_shown(settings.host)}:{settings.port}"]
    if settings.grpc_port:
        places.append(f"gRPC on {_shown(settings.host)}:{settings.grpc_port}")
    typer.echo(
        f"keras-acts: serving {', '.join(settings.files())}: {'; '.join(places)}",
        err=True,
    )
    leave_to_program()
    serve(settings)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
