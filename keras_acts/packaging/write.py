"""`package`: a folder for a server, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_acts.packaging import kserve, triton
from keras_acts.packaging.contents import Contents

FORMATS: dict[str, Callable[..., list[Path]]] = {
    "triton": triton.write,
    "kserve": kserve.write,
}
"""What writes each format."""

MAX_BATCH = 32
MOST_ROWS = 2**31 - 1
"""Triton's configuration has 32 bits for it."""


def package(
    contents: Contents,
    folder: str | os.PathLike[str],
    format: str = "triton",
    *,
    provider: str | None = None,
    max_batch: int = MAX_BATCH,
    storage_uri: str | None = None,
    force: bool = False,
) -> list[Path]:
    """Write a model as a server expects it, with its parity report inside.

    Args:
        contents: The model, as `Contents.of` reads it.
        folder: The folder to make.
        format: `"triton"`, a model repository; or `"kserve"`, an InferenceService and
            the repository that it points to.
        provider: `"cpu"`, `"cuda"`, `"tensorrt"` or `"openvino"`; None leaves the
            choice to the server.
        max_batch: The most rows of a run, where requests may share one.
        storage_uri: Where KServe will find the repository.
        force: Whether to replace what is there.

    Returns:
        The files, relative to the folder.

    Raises:
        ValueError: An argument is wrong, or the folder is not empty.
        OSError: The folder can't be written.

    Example:
        >>> contents = Contents.of(Path("mish.onnx"))
        >>> files = package(contents, "repository")
    """
    target = Path(folder)
    check(
        target,
        format=format,
        provider=provider,
        max_batch=max_batch,
        storage_uri=storage_uri,
        force=force,
    )
    options: dict[str, Any] = {"provider": provider, "max_batch": max_batch}
    if storage_uri is not None:
        options["storage_uri"] = storage_uri
    parent = target.resolve().parent
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=parent))
    try:
        made = scratch / "made"
        made.mkdir()
        files = FORMATS[format](contents, made, **options)
        found = [file.relative_to(made) for file in files]
        if target.exists():
            target.rename(scratch / "old")
        made.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return found


def check(
    target: Path,
    *,
    format: str,
    provider: str | None,
    max_batch: int,
    storage_uri: str | None,
    force: bool,
) -> None:
    """Check the arguments of `package`, before the model is read.

    Raises:
        ValueError: One is wrong, or the folder would lose what it has.
    """
    if format not in FORMATS:
        raise ValueError(
            f"--format must be {' or '.join(FORMATS)}. Received: {format!r}"
        )
    if provider is not None and provider not in triton.ACCELERATED:
        raise ValueError(
            f"--provider must be {', '.join(triton.ACCELERATED)}. "
            f"Received: {provider!r}"
        )
    if not 1 <= max_batch <= MOST_ROWS:
        raise ValueError(
            f"--max-batch must be from 1 to {MOST_ROWS}. Received: {max_batch}"
        )
    if storage_uri is not None and format != "kserve":
        raise ValueError(
            f"--storage-uri is for KServe. Received: {storage_uri!r} with {format}"
        )
    if storage_uri is not None and not re.fullmatch(r"[a-z]\w*://\S+", storage_uri):
        raise ValueError(
            "--storage-uri must have a scheme and a place, as in `s3://bucket/models`. "
            f"Received: {storage_uri!r}"
        )
    _check_folder(target, force=force)


def _check_folder(target: Path, *, force: bool) -> None:
    """Refuse a folder that would lose what it has, or that can't be made.

    Raises:
        ValueError: It is a file, or not empty without `force`, or has no parent.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ValueError(f"DIR must be a folder to make. Received: {target}, a file")
    if not target.resolve().parent.is_dir():
        raise ValueError(f"DIR must lie in a folder that exists. Received: {target}")
    if target.is_dir() and any(target.iterdir()):
        if not force:
            raise ValueError(
                "DIR must be empty or not exist; `--force` replaces what an earlier "
                f"package wrote there. Received: {target}"
            )
        if not _is_a_package(target):
            raise ValueError(
                "DIR must be an earlier package for `--force` to replace it. "
                f"Received: {target}, which has other things"
            )


def _is_a_package(folder: Path) -> bool:
    """Whether everything in a folder is what `package` writes there."""
    if (folder / "inferenceservice.yaml").is_file():
        known = {"inferenceservice.yaml", "parity.json", kserve.REPOSITORY}
        return {one.name for one in folder.iterdir()} <= known
    return all((one / "config.pbtxt").is_file() for one in folder.iterdir())
