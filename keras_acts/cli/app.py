"""The commands by name; each has a file of its own in `commands`.

They import what they need when they run, so that help and the catalogue appear without
the import of onnx or onnxruntime.
"""

from __future__ import annotations

from typing import Annotated

import typer

from keras_acts._version import __version__
from keras_acts.cli.commands import export, listing, show, verify

app = typer.Typer(
    help="Activation layers for Keras 3, and a verified way from a model to ONNX.",
    epilog=(
        "Exit codes: 0 done and parity holds, 1 parity failed, 2 bad usage or input, "
        "3 cannot be exported, 4 a required provider did not run, 5 not proven."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(listing.run)
app.command("show")(show.run)
app.command("export")(export.run)
app.command("verify")(verify.run)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keras-acts {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None: ...
