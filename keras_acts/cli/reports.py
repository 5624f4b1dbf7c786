"""`--report FILE`: the report of a comparison beside what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_acts.cli.codes import CommandError

if TYPE_CHECKING:
    from keras_acts.export import ParityReport

SUFFIXES = (".html", ".json", ".xml")

Report = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write the report as .html, .json or .xml (JUnit) as well. Repeatable.",
    ),
]


def check(paths: list[Path] | None, *, compared: bool = True) -> None:
    """Check where the report shall go, before any work.

    Raises:
        CommandError: It is no file of these kinds, or has no folder, or there will be
            no report.
    """
    for path in paths or ():
        if not compared:
            raise CommandError(
                "--report must be left out where nothing is compared. "
                f"Received: {path} with --no-verify"
            )
        if path.suffix not in SUFFIXES:
            raise CommandError(
                f"--report must be a {', '.join(SUFFIXES)} file. Received: {path}"
            )
        if not path.parent.is_dir() or path.is_dir():
            raise CommandError(
                f"--report must lie in a folder that exists. Received: {path}"
            )


def save(
    report: ParityReport,
    paths: list[Path] | None,
    model: Any = None,
    onnx: Path | None = None,
) -> list[str]:
    """Write a report to each path, and return what to say of it.

    The page shows the error of each layer, where both models are there.
    """
    if onnx is not None and any(path.suffix == ".html" for path in paths or ()):
        from keras_acts.export.parity.report.layers import with_layers

        report = with_layers(report, model, onnx)
    for path in paths or ():
        report.save(path)
    return [f"wrote {path}" for path in paths or ()]
