"""The command line: `keras-acts`, or `python -m keras_acts`."""

from __future__ import annotations


def main() -> None:
    """Run the command line on the program's arguments and exit with its code."""
    from keras_acts.cli.app import app

    app(prog_name="keras-acts")
