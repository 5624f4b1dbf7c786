"""The commands by name; each has a file of its own in `commands`.

They import what they need when they run: help and mistakes are answered at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from keras_acts._version import __version__
from keras_acts.cli.codes import Code
from keras_acts.cli.commands import (
    check,
    diagnose,
    export,
    generate,
    inspect,
    listing,
    package,
    plot,
    quantize,
    serve,
    show,
    suggest,
    verify,
)
from keras_acts.cli.terminal import fail

_UsageError = cast(
    type[Exception],
    next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError"),
)
"""What typer raises for wrong arguments; it has no public name."""


class Commands(TyperGroup):
    """The commands; wrong arguments end them in one line."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command, and exit with its code in standalone mode."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(
                given,
                prog_name,
                complete_var,
                False,
                windows_expand_args,
                **extra,
            )
        except _UsageError as error:
            if not standalone_mode:
                raise
            if not given:  # help is all that was asked for
                sys.exit(int(Code.BAD_INPUT))
            fail(_usage(error), Code.BAD_INPUT, as_json="--json" in given)
        if standalone_mode:
            sys.exit(code or 0)
        return code


def _usage(error: Any) -> Exception:
    """Return what is wrong with the arguments, and how they are given, as an error."""
    message = error.format_message().strip().rstrip(".")
    if error.ctx is None:
        return typer.BadParameter(f"{message}.")
    usage = " ".join(error.ctx.get_usage().split())
    return typer.BadParameter(f"{message}. {usage}; --help tells more.")


app = typer.Typer(
    cls=Commands,
    help="Activation layers for Keras 3, and a verified way from a model to ONNX.",
    epilog=(
        "Exit codes: 0 done and parity holds, 1 parity failed, 2 bad usage or input, "
        "3 cannot be exported, 4 a required provider did not run, 5 not proven."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(listing.run)
app.command("show")(show.run)
app.command("plot")(plot.run)
app.command("suggest")(suggest.run)
app.command("check")(check.run)
app.command("export")(export.run)
app.command("verify")(verify.run)
app.command("quantize")(quantize.run)
app.command("inspect")(inspect.run)
app.command("generate")(generate.run)
app.command("package")(package.run)
app.command("serve")(serve.run)
app.command("diagnose")(diagnose.run)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keras-acts {__version__}")
        raise typer.Exit


@app.callback(no_args_is_help=True)
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
