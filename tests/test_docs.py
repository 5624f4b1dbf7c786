"""The documentation says what is so: derived parts are current."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import re
from pathlib import Path

import pytest

from keras_acts import export
from keras_acts.cli.codes import Code
from keras_acts.export.convert import coverage

ROOT = Path(__file__).resolve().parents[1]
reads_text = pytest.mark.runs_once("it reads text that no backend changes")


def _generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@reads_text
def test_derived_pages_are_current():
    assert not _generator().outdated(), "run `python docs/generate.py`"


@reads_text
def test_every_activation_has_an_entry():
    page = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    rows = [row for _, family in _generator().families() for row in family]
    assert rows
    assert not [row.name for row in rows if f"### {row.name}\n" not in page]


@reads_text
def test_every_operation_and_layer_has_a_state():
    rows = [*coverage.operations(), *coverage.layer_rows()]
    assert len(rows) > 450
    without = [row.name for row in rows if row.state not in coverage.STATES]
    assert not without, f"neither a converter nor a reason: {without}"
    silent = [r.name for r in rows if r.state == coverage.IMPOSSIBLE and not r.reason]
    assert not silent


@reads_text
def test_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'pip install -e ".[examples]" && python examples/quickstart.py' in readme
    assert 'pip install -e ".[test]" && pytest' in readme


def _lines_of_the_tree():
    """Yield the folders that docs/architecture.md draws, and what it says of each."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)
    above: list[str] = []
    for line in tree.splitlines():
        indent, name, meaning = re.fullmatch(r"( *)(\S+)/ +(\S.*)", line).groups()
        above = [*above[: len(indent) // 2], name]
        yield "/".join(above), meaning


SHOWN_HIDDEN = (".ci", ".github")
"""Hidden folders of the repository; others are an editor's or a tool's."""


def _folders():
    """Yield the folders of the checkout that hold files which belong to it."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    patterns = [".*", *(pattern.strip("/") for pattern in ignored)]
    for here, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name in SHOWN_HIDDEN
            or not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        ]
        if files:
            path = Path(here).relative_to(ROOT)
            yield from (one.as_posix() for one in (path, *path.parents) if one.name)


def test_the_tree_is_drawn_as_it_is():
    drawn = dict(_lines_of_the_tree())
    assert len(drawn) == len(list(_lines_of_the_tree()))
    assert list(drawn) == sorted(drawn)
    assert set(drawn) == set(_folders())


FOLDERS = "benchmarks|docs|examples|export|keras_acts|tests"


@pytest.mark.parametrize(
    "page", ["docs/architecture.md", "README.md", "CONTRIBUTING.md"]
)
def test_paths_in_pages_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = set(re.findall(rf"`((?:{FOLDERS})/[\w./]*)`", text))
    assert len(paths) > 2
    assert not [path for path in paths if not (ROOT / path).exists()]


@reads_text
def test_troubleshooting_knows_each_error_and_exit_code():
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    kinds = {
        name
        for name in export.__all__
        if isinstance(getattr(export, name), type)
        and issubclass(getattr(export, name), Exception)
    } - {"ExportError"}
    assert len(kinds) > 12
    assert not [name for name in kinds if f"| `{name}` |" not in page]
    rows = page.partition("## Exit codes")[2].partition("## Errors")[0]
    assert not [int(code) for code in Code if f"| {int(code)} |" not in rows]
