"""A report as a file, in the format that its name asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from keras_acts.export.parity.report.html import to_html
from keras_acts.export.parity.report.junit import to_junit
from keras_acts.export.parity.report.report import ParityReport

_FORMATS: Mapping[str, Callable[[ParityReport], str]] = {
    ".html": to_html,
    ".json": lambda report: report.to_json() + "\n",
    ".xml": to_junit,
}


def save(report: ParityReport, path: str | os.PathLike[str]) -> None:
    """Write a report as HTML, JSON or JUnit XML, by the suffix of the path.

    Raises:
        ValueError: The suffix is another one.
    """
    target = Path(path)
    if target.suffix not in _FORMATS:
        raise ValueError(
            f"`path` must end with {', '.join(_FORMATS)}. "
            f"Received: path={os.fspath(path)!r}"
        )
    target.write_text(_FORMATS[target.suffix](report), encoding="utf-8")
