"""A fresh Python process of the checkout under a chosen backend, and this one."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

from support.backends import environment

ROOT = Path(__file__).parents[2]


def memory() -> float:
    """Return the bytes that this process takes; infinite where none can tell."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return math.inf
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def python(*arguments: str, backend: str) -> subprocess.CompletedProcess[str]:
    """Run Python with `tests/` on its path, from the root of the checkout."""
    paths = (str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH"))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            **environment(backend),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        },
        capture_output=True,
        text=True,
    )
