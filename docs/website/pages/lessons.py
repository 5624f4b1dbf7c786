"""The lessons: each notebook of `examples/lessons/` as a page with its pictures."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = "examples/lessons/notebooks"

_END = """
---

Run it yourself: [the notebook]({name}.ipynb), or the script it is made of,
`examples/lessons/{name}.py` in the repository. Both need
`pip install "keras-acts[examples]"`.
"""


@dataclass(frozen=True)
class Lesson:
    """A page, and the pictures on it.

    Attributes:
        name: The name of its script.
        title: Its heading.
        text: The page.
        pictures: The content of each picture by its path below the page's folder.
    """

    name: str
    title: str
    text: str
    pictures: dict[str, bytes]


def shown(path: str) -> str | None:
    """Return the page of a notebook by its path from the root, if it is one."""
    found = re.fullmatch(rf"{NOTEBOOKS}/(\w+)\.ipynb", path)
    return f"lessons/{found[1]}.md" if found else None


@functools.cache
def lessons() -> tuple[Lesson, ...]:
    """Return the lessons in the order in which `docs/lessons.md` lists them."""
    index = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
    names = re.findall(rf"\({re.escape(f'../{NOTEBOOKS}')}/(\w+)\.ipynb\)", index)
    return tuple(_lesson(name) for name in dict.fromkeys(names))


def _lesson(name: str) -> Lesson:
    notebook = ROOT / NOTEBOOKS / f"{name}.ipynb"
    text, resources = MarkdownExporter().from_filename(
        str(notebook), {"output_files_dir": name, "unique_key": name}
    )
    title = re.findall(r"^# (.*)$", text, flags=re.MULTILINE)[0]
    counted = iter(range(1, 100))
    text = re.sub(
        r"!\[png\]\((.*?)\)",
        lambda found: f"![{title}: picture {next(counted)}]({found[1]}){{ .lesson }}",
        text,
    )
    return Lesson(name, title, text + _END.format(name=name), resources["outputs"])


def nav() -> list[dict[str, str]]:
    """Return the pages for the navigation."""
    return [{one.title: f"lessons/{one.name}.md"} for one in lessons()]


def files() -> Iterator[tuple[str, str | bytes]]:
    """Yield each page, its pictures, and the notebook to take along."""
    for one in lessons():
        yield f"lessons/{one.name}.md", one.text
        yield f"lessons/{one.name}.ipynb", _notebook(one.name)
        for path, content in one.pictures.items():
            yield f"lessons/{path}", content


def _notebook(name: str) -> bytes:
    return (ROOT / NOTEBOOKS / f"{name}.ipynb").read_bytes()
