"""The results on disk, and the versions and machine that each belongs to."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Collection, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "torch",
    "onnx",
    "onnx-ir",
    "onnxruntime",
    "tf2onnx",
    "jax2onnx",
    "numpy",
    "keras-hub",
    "transformers",
)
BACKENDS = ("tensorflow", "jax", "torch")


def versions() -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> str:
    """Return the processor's name and the number of its cores."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [x.split(":", 1)[1] for x in lines if x.startswith("model name")]
        name = names[0].strip() if names else name
    return f"{name}, {os.cpu_count()} cores"


def exists(name: str) -> bool:
    """Whether a benchmark has a result."""
    return _path(name).exists()


def load(name: str) -> dict[str, Any]:
    """Read the result of a benchmark."""
    content: dict[str, Any] = json.loads(_path(name).read_text(encoding="utf-8"))
    return content


def _path(name: str) -> Path:
    return RESULTS / f"{name}.json"


def kept(name: str, measured: Collection[Any], key: Callable[[Any], Any]) -> list[Any]:
    """Return the rows of an earlier result that are not measured anew.

    Raises:
        ValueError: The earlier result is of another machine or of other versions.
    """
    if not exists(name):
        return []
    earlier = load(name)
    for what, now in (("machine", machine()), ("versions", versions())):
        if earlier[what] != now:
            raise ValueError(
                f"{name}.json is of another {what}; measure all anew. "
                f"Received: {earlier[what]!r}, now {now!r}"
            )
    new = {key(row) for row in measured}
    return [row for row in earlier["rows"] if key(row) not in new]


def save(name: str, rows: list[dict[str, Any]], **settings: Any) -> Path:
    """Write a benchmark's rows and where they are from, as JSON, a row on each line."""
    RESULTS.mkdir(exist_ok=True)
    path = _path(name)
    content = {"machine": machine(), "versions": versions(), "settings": settings}
    path.write_text(_text(content, rows), encoding="utf-8")
    return path


def _text(content: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    head = json.dumps(content, indent=1).removesuffix("\n}")
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f'{head},\n "rows": [\n{lines}\n ]\n}}\n'
