"""The documentation says what is so: derived parts are current."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from keras_acts.export.convert import coverage

ROOT = Path(__file__).resolve().parents[1]


def _generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_derived_pages_are_current():
    assert not _generator().outdated(), "run `python docs/generate.py`"


def test_every_activation_has_an_entry():
    page = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    generator = _generator()
    for _, rows in generator.families():
        for row in rows:
            assert f"### {row.name}\n" in page


def test_every_operation_and_layer_has_a_state():
    rows = [*coverage.operations(), *coverage.layer_rows()]
    assert len(rows) > 450
    without = [row.name for row in rows if row.state not in coverage.STATES]
    assert not without, f"neither a converter nor a reason: {without}"
    silent = [r.name for r in rows if r.state == coverage.IMPOSSIBLE and not r.reason]
    assert not silent


def test_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'pip install -e ".[examples]" && python examples/quickstart.py' in readme
    assert 'pip install -e ".[test]" && pytest' in readme
