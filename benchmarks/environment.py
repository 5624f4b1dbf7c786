"""Versions and machine that a result belongs to, and where results lie."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Collection
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


def kept(name: str, measured: Collection[Any], key: Callable[[Any], Any]) -> list[Any]:
    """Return the rows of an earlier result that are not measured anew.

    Raises:
        ValueError: The earlier result is of another machine or of other versions.
    """
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return []
    earlier = json.loads(path.read_text(encoding="utf-8"))
    for what, now in (("machine", machine()), ("versions", versions())):
        if earlier[what] != now:
            raise ValueError(
                f"{path.name} is of another {what}; measure all anew. "
                f"Received: {earlier[what]!r}, now {now!r}"
            )
    new = {key(row) for row in measured}
    return [row for row in earlier["rows"] if key(row) not in new]


def save(name: str, rows: list[dict[str, Any]], **settings: Any) -> Path:
    """Write a benchmark's rows with what they belong to, as JSON."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    content = {
        "machine": machine(),
        "versions": versions(),
        "settings": settings,
        "rows": rows,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path
