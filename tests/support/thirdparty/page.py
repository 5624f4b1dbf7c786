"""`docs/thirdparty.md`: `python -m support.thirdparty.page RESULTS...`, in tests/.

The results are the files that `pytest --thirdparty --thirdparty-results FILE` writes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HEAD = """# Models of other libraries

Each architecture is built tiny, gets random weights, is exported, and answers in
onnxruntime as in Keras for two batch sizes and two of each unknown size
(`pytest --thirdparty`). Made by `.ci/thirdparty table`.

"""


@dataclass(frozen=True)
class Result:
    """What became of one architecture."""

    library: str
    version: str
    name: str
    backend: str
    state: str
    missing: str = ""

    @property
    def text(self) -> str:
        """What the table says."""
        return f"{self.state}: {self.missing}" if self.missing else self.state


def read(paths: Iterable[Path]) -> list[Result]:
    """Read what runs have written, the first result of each architecture."""
    found: dict[tuple[str, str], Result] = {}
    for path in paths:
        for line in path.read_text().splitlines():
            result = Result(**json.loads(line))
            found.setdefault((result.library, result.name), result)
    return list(found.values())


def page(results: Sequence[Result]) -> str:
    """Return the page."""
    states = Counter(result.state for result in results)
    counts = ", ".join(f"{states[s]} {s}" for s in ("pass", "refused", "fail"))
    lines = [f"{len(results)} architectures: {counts}.", ""]
    lines += ["| library | version | architecture | backend | result |"]
    lines += ["|---|---|---|---|---|"]
    lines += [
        f"| {r.library} | {r.version} | {r.name} | {r.backend} | {r.text} |"
        for r in results
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(read(map(Path, sys.argv[1:]))))
