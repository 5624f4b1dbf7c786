"""The folder: a model, and the `generation.json` that names it.

The file's name has the digest of its content, so that an older model stays until the
new `generation.json` takes the place of the old one, at once. What none names is then
removed; files of other names stay.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_acts.export.errors import WriteError
from keras_acts.export.generation.runtime import GenerationConfig
from keras_acts.export.generation.runtime.config import NAME
from keras_acts.export.write.places import exclusive, scratch_folder, synced

MODEL = "model.onnx"
"""The file's name until its content is known."""

_OURS = re.compile(r"model\.([0-9a-f]{16}\.onnx|onnx\.[0-9a-f]{16}\.data)")
_DIGITS = 16


@contextmanager
def written(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a folder to write into, whose files move to their place at the end.

    Raises:
        WriteError: The place can't be written; what is there stays as it was, as it
            does where the block raises an error.
    """
    target = Path(folder).resolve()
    if not target.parent.is_dir() or (target.exists() and not target.is_dir()):
        raise WriteError(
            "`folder` must be a folder, or a new name in one that exists. "
            f"Received: folder={os.fspath(folder)!r}"
        )
    try:
        with scratch_folder(target.parent) as scratch:
            # Within the scratch folder, which is locked: writing a file locks its own.
            inside = scratch / "generator"
            inside.mkdir()
            yield inside
            _publish(inside, target)
    except OSError as error:
        raise WriteError(
            f"The generator can't be written: {error.strerror or error}. "
            f"Received: folder={os.fspath(folder)!r}"
        ) from error


def completed(
    scratch: Path, config: GenerationConfig, about: Mapping[str, Any]
) -> GenerationConfig:
    """Name the model by its content, and write the configuration that names it."""
    path = scratch / MODEL
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
    final = path.with_name(f"model.{digest}.onnx")
    path.rename(final)
    named = replace(config, model=final.name)
    (scratch / NAME).write_text(named.to_json(about), encoding="utf-8")
    return named


def _publish(scratch: Path, target: Path) -> None:
    """Move the model and its weights, then the configuration that names it."""
    target.mkdir(exist_ok=True)
    files = [path for path in scratch.iterdir() if path.name != NAME]
    for path in (*files, scratch / NAME):
        synced(path)
    with exclusive(target):
        for path in files:
            path.replace(target / path.name)
        synced(target)
        (scratch / NAME).replace(target / NAME)
        synced(target)
        kept = {path.name for path in files}
        for path in target.iterdir():
            if _OURS.fullmatch(path.name) and path.name not in kept:
                path.unlink(missing_ok=True)
