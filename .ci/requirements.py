"""Print requirements of pyproject.toml, which is the only list of them.

    python .ci/requirements.py ruff pytest      as they stand there, for pip install
    python .ci/requirements.py --lowest keras   the lowest version that they allow
    python .ci/requirements.py --floor keras    that version alone

A package that several extras name has to satisfy all of them.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"([\w.-]+)(\[[\w,]+\])?([^;]*)(?:;.*)?")
LOWER_BOUND = re.compile(r"(?:>=|==|~=)\s*([\d.]+)")


def stated() -> Iterator[str]:
    """Yield every requirement of the package and of its extras."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    yield from project["dependencies"]
    for extra in project["optional-dependencies"].values():
        yield from extra


def requirements(package: str) -> list[str]:
    """Return what is required of a package, without markers, each once.

    Raises:
        SystemExit: Nothing requires it.
    """
    found = [
        requirement.split(";")[0].strip()
        for requirement in stated()
        if (match := REQUIREMENT.fullmatch(requirement)) and match[1] == package
    ]
    if not found:
        raise SystemExit(
            f"A package must be named as pyproject.toml names it. Received: {package!r}"
        )
    return list(dict.fromkeys(found))


def floor(package: str) -> str:
    """Return the lowest version that satisfies every requirement of a package.

    Raises:
        SystemExit: No requirement has a lower bound.
    """
    bounds = [
        match[1]
        for requirement in requirements(package)
        if (match := LOWER_BOUND.search(requirement))
    ]
    if not bounds:
        raise SystemExit(
            f"{package} must have a lower bound. Received: {requirements(package)}"
        )
    return max(bounds, key=lambda bound: [int(part) for part in bound.split(".")])


def lowest(package: str) -> str:
    """Return the requirement of the lowest version, with the extras named."""
    match = REQUIREMENT.fullmatch(requirements(package)[0])
    assert match is not None
    return f"{package}{match[2] or ''}=={floor(package)}"


def main() -> None:
    """Print the requirements of the packages named, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--lowest", action="store_true")
    which.add_argument("--floor", action="store_true")
    parser.add_argument("packages", nargs="+")
    options = parser.parse_args()
    for package in options.packages:
        if options.floor:
            print(floor(package))
        elif options.lowest:
            print(lowest(package))
        else:
            print("\n".join(requirements(package)))


if __name__ == "__main__":
    main()
