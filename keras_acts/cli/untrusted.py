"""Look at a saved model before Keras reads it: is it whole, and how much is in it?"""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from keras_acts._files import regular_size
from keras_acts.cli.codes import CommandError

GIGABYTE = 10**9

_ALWAYS = 256 * 10**6
"""Bytes to which any file may unpack."""

_EXPANSION = 20
"""How many times its own size a file may unpack to. Keras doesn't compress."""

_CONFIG = "config.json"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def check_model_file(path: Path, largest: float | None = None) -> None:
    """Check a `.keras` or `.h5` file without importing Keras.

    Args:
        path: The file.
        largest: Gigabytes to which it may unpack; by default 20 times its size, and
            256 MB in any case.

    Raises:
        CommandError: It can't hold a model, or holds too much.
        ValueError: It is no regular file.
    """
    size = regular_size(path, "MODEL")
    if size == 0:
        raise CommandError(
            "The model cannot be loaded: the file is empty; save or copy it again. "
            f"Received: {path}, 0 bytes"
        )
    with path.open("rb") as file:
        head = file.read(len(_HDF5))
    if head == _HDF5:
        return
    if path.suffix != ".keras":
        raise CommandError(
            "The model cannot be loaded: the file is not in HDF5's format, or is cut "
            f"short; save or copy it again. Received: {path}, {size:,} bytes"
        )
    _check_archive(path, size, largest)


def _check_archive(path: Path, size: int, largest: float | None) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_names(path, members)
            _check_sizes(path, size, members, largest)
            if _CONFIG not in archive.namelist():
                raise CommandError(
                    "MODEL must be a whole model, as `model.save` writes: this archive "
                    f"has no {_CONFIG}. Received: {path}"
                )
            _check_config(path, archive.read(_CONFIG))
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise CommandError(
            "The model cannot be loaded: the file is no zip archive, as .keras files "
            f"are, or is cut short; save or copy it again. Received: {path}, "
            f"{size:,} bytes ({error})"
        ) from error


def _check_names(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that would be unpacked outside of the folder."""
    for one in members:
        parts = PurePosixPath(one.filename.replace("\\", "/"))
        outside = parts.is_absolute() or ".." in parts.parts
        linked = stat.S_ISLNK(one.external_attr >> 16)
        if outside or linked or PureWindowsPath(one.filename).drive:
            raise CommandError(
                "The model cannot be loaded: its archive names a file outside of "
                f"itself. Received: {path}, with {one.filename!r}"
            )


def _check_sizes(
    path: Path, size: int, members: list[zipfile.ZipInfo], largest: float | None
) -> None:
    unpacked = sum(one.file_size for one in members)
    limit = max(_ALWAYS, _EXPANSION * size)
    if largest is not None:
        limit = int(largest * GIGABYTE)
    if unpacked > limit:
        raise CommandError(
            f"The model would unpack to {unpacked / GIGABYTE:.3g} GB, above the limit "
            f"of {limit / GIGABYTE:.3g} GB. If you trust the file, raise it with "
            f"--max-unpacked GB. Received: {path}, {size:,} bytes"
        )


def _check_config(path: Path, text: bytes) -> None:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(
            f"The model cannot be loaded: its {_CONFIG} is no JSON. "
            f"Received: {path} ({type(error).__name__}: {error})"
        ) from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise CommandError(
            f"The model cannot be loaded: its {_CONFIG} describes no model. "
            f"Received: {path}"
        )
