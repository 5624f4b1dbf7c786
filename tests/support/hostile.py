"""Commands that have to be refused, and files made to do harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from keras_acts.cli.app import app

BAD_INPUT = 2


def refused(*arguments: Any) -> str:
    """Run a command that has to be refused, and return its sentence."""
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == BAD_INPUT, result.output
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("keras-acts: error: ")
    assert len(line) < 700
    return line.removeprefix("keras-acts: error: ")


def rewritten(
    path: Path, changes: dict[str, bytes], *, compressed: bool = False
) -> None:
    """Write a `.keras` file again with other or further members."""
    source = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    level = 1 if compressed else None
    members = {name: source.read(name) for name in source.namelist()} | changes
    with zipfile.ZipFile(path, "w", kind, compresslevel=level) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
