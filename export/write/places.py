"""Where a file is written: what the destination is, and what others left there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from keras_acts._files import kind_of
from keras_acts.export.errors import WriteError

_PREFIX = ".keras-acts-"

_ABANDONED = 24 * 3600.0
"""Seconds after which a scratch folder is taken for left, where locks can't tell."""


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the file to be written: that to which `path` leads, if it is a link.

    Raises:
        WriteError: It is no regular file, or its folder is missing.
    """
    given = os.fspath(path)
    target = Path(os.path.realpath(given))
    try:
        kind = kind_of(target)
    except FileNotFoundError:
        kind = None
    except OSError as error:
        raise WriteError(
            f"`path` can't be written: {error.strerror}. Received: path={given!r}"
        ) from error
    if kind is not None or not target.parent.is_dir():
        seen = f", which is {kind}" if kind else ""
        raise WriteError(
            "`path` must name a file in a folder that exists. "
            f"Received: path={given!r}{seen}"
        )
    return target


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a temporary folder on the destination's disk, so that moves are atomic.

    Its lock ends with the process, however that ends; so what a killed process left is
    known, and cleared away here.
    """
    with exclusive(parent):
        _sweep(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = None
        with contextlib.suppress(OSError):  # a file system without locks
            lock = _open_locked(folder, wait=False)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _close(lock)


def _sweep(parent: Path) -> None:
    """Remove the scratch folders of processes that have ended."""
    for folder in parent.glob(f"{_PREFIX}*"):
        if not folder.is_dir() or folder.is_symlink():
            continue
        try:
            lock = _open_locked(folder, wait=False)
        except OSError:  # its process lives, or it is another user's
            continue
        with contextlib.suppress(OSError):
            if lock is not None or _age(folder) > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
        _close(lock)


def _age(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep other threads and processes out of a folder, where the system has locks."""
    lock = None
    with contextlib.suppress(OSError):  # a file system without locks
        lock = _open_locked(folder, wait=True)
    try:
        yield
    finally:
        _close(lock)


def _open_locked(folder: Path, *, wait: bool) -> int | None:
    """Lock a folder; None where the system has no such locks.

    Raises:
        OSError: Another one has locked it, or it can't be locked.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def synced(path: Path) -> None:
    """Let a file, or the names in a folder, reach the disk."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        with (
            contextlib.suppress(OSError) if path.is_dir() else contextlib.nullcontext()
        ):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_mode(path: Path, older: Path) -> None:
    """Give a file the permissions of the one that it is to replace, if there is one."""
    if older.exists():
        path.chmod(stat.S_IMODE(older.stat().st_mode))


def remove_unused_weights(path: Path) -> None:
    """Remove files of weights of earlier models at `path` that no model refers to."""
    ours = re.compile(re.escape(path.name) + r"(\.[0-9a-f]{16})?\.data")
    present = [x for x in path.parent.iterdir() if ours.fullmatch(x.name)]
    if not present:
        return
    models = [path, *(x for x in path.parent.glob("*.onnx") if x.is_file())]
    for weights in present:
        if not any(_mentions(x, weights.name) for x in models):
            with contextlib.suppress(OSError):  # in use, on Windows
                weights.unlink()


def _mentions(path: Path, name: str) -> bool:
    """Whether a file has a name in it; one that can't be read might."""
    wanted, overlap = name.encode(), b""
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                if wanted in overlap + block:
                    return True
                overlap = block[-len(wanted) :]
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
