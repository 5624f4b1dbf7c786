"""Which releases of Keras to try, and what the tests did with each.

pip index versions keras | python .ci/keras_table.py --newest-of-each 3.12
python .ci/keras_table.py --floor 3.15 3.14.1.xml 3.15.1.xml
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

Version = tuple[int, ...]


@dataclass(frozen=True)
class Result:
    """What the tests did with one release, from the XML that pytest left."""

    release: str
    tests: int
    failed: int
    skipped: int

    @classmethod
    def read(cls, path: Path) -> Result:
        """Read a file named after the release."""
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
        counts = {
            key: sum(int(suite.get(key, 0)) for suite in suites)
            for key in ("tests", "failures", "errors", "skipped")
        }
        failed = counts["failures"] + counts["errors"]
        return cls(path.stem, counts["tests"], failed, counts["skipped"])

    @property
    def is_good(self) -> bool:
        """Whether tests ran and none failed."""
        return self.tests > self.skipped and self.failed == 0

    def row(self) -> str:
        """Return a line of the table."""
        passed = self.tests - self.failed - self.skipped
        verdict = "works" if self.is_good else "fails"
        return f"| {self.release} | {verdict} | {passed} | {self.failed} |"


def version(text: str) -> Version:
    """Return the numbers of a version."""
    return tuple(int(part) for part in text.split("."))


def newest_of_each(text: str, first: str) -> list[str]:
    """Return the newest patch of each minor version, as pip lists them."""
    listed = re.search(r"Available versions: (.*)", text)
    if listed is None:
        raise SystemExit(f"pip must list available versions. Received: {text!r}")
    releases = [one for one in listed[1].split(", ") if re.fullmatch(r"[\d.]+", one)]
    newest: dict[Version, str] = {}
    for release in sorted(releases, key=version):
        newest[version(release)[:2]] = release
    return [one for minor, one in newest.items() if minor >= version(first)]


def table(results: list[Result]) -> str:
    """Return the results as Markdown, the oldest release first."""
    rows = sorted(results, key=lambda result: version(result.release))
    head = ["| Keras | state | passed | failed |", "|---|---|---|---|"]
    return "\n".join([*head, *(result.row() for result in rows)])


def main() -> int:
    """Print releases or the table; fail where a supported release does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--newest-of-each", metavar="FIRST")
    parser.add_argument("--floor", metavar="VERSION")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    if options.newest_of_each:
        print("\n".join(newest_of_each(sys.stdin.read(), options.newest_of_each)))
        return 0
    results = [Result.read(path) for path in options.files]
    print(table(results))
    floor = version(options.floor)
    supported = [one for one in results if version(one.release) >= floor]
    return 0 if all(one.is_good for one in supported) else 1


if __name__ == "__main__":
    sys.exit(main())
