"""The peak of a process's memory while something runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Return the bytes that this process holds in memory."""
    return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE


class Peak:
    """Samples the memory of this process within a `with` block.

    Attributes:
        growth: By how many bytes the peak was above the memory at the start.
    """

    def __init__(self, interval: float = 0.005) -> None:
        self.growth = 0
        self._interval = interval
        self._done = threading.Event()

    def __enter__(self) -> Peak:
        self._start = resident()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(self._interval):
            self.growth = max(self.growth, resident() - self._start)
        self.growth = max(self.growth, resident() - self._start)
