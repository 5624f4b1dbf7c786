"""Where Keras's private parts are used: in the places named here, each for a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.process import ROOT

pytestmark = pytest.mark.runs_once("it reads source files")

MAY = {
    "keras_acts/diagnosis/watching/masks.py": "reads the masks of tensors",
    "export/trace/keras_patches": "tracing changes Keras and reads its private parts",
    "keras_acts/_identifiers.py": "adds names to Keras's dictionary of activations",
    "tests/activations/test_sizes_and_names.py": "restores the names Keras knows",
    "tests/activations/test_conversion.py": "reads which names Keras knows",
    "keras_acts/layers/_hosts.py": "builds activations with the layers that hold them",
    "tests/export/layers/test_attention.py": "has an operation without a public name",
    "tests/export/engines/test_engines.py": "compares Keras's counters for names",
    "tests/export/trace/test_hooks.py": "checks what tracing needs of Keras",
    "tests/export/layers/recurrent": "calls `backend.rnn` as a user's layer may",
    "tests/export/trace/test_untouched.py": "compares the state of the process",
    "tests/conftest.py": "fills what the NumPy backend leaves uninitialized",
    "tests/support/automatic_names.py": "sets their counters to zero",
    "tests/support/initial_weights.py": "draws initial weights faster",
    "tests/support/masks.py": "attaches masks to tensors, and reads them",
    "tests/support/keras_tests": "runs Keras's own tests",
}
"""The packages and files that may import `keras.src`, and why."""

MAY_READ = {
    "keras_acts/advice/checks/calls.py": {
        "_flatten_layers": "the layers in a layer, which Keras shows of models only",
        "_inbound_nodes": "the calls of a layer, of which Keras shows the first only",
        "_outbound_nodes": "the same, from the other side",
        "_keras_history": "which call gave a tensor",
    },
    "export/engines/islands/torch_exporter.py": {
        "_guards_code": "conditions on sizes, which torch shows nowhere else",
    },
    "export/generation/causal_model.py": {
        "_build_cache": "how KerasHub's models make a cache; nothing public does",
    },
    "keras_acts/diagnosis/watching/sites.py": {
        "_layers": "the layers inside a layer, which Keras lists for models alone",
    },
}
"""Private attributes of other packages, by the files that read them, and why."""

LIBRARY = [
    path
    for folder in ("keras_acts", "export", "examples", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if (ROOT / "keras_acts" / "export") not in path.parents
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

PRIVATE = "keras.src"
PUBLIC_UNDERSCORES = {"_fields", "_exit"}  # of named tuples, and of `os`


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def excused(path: Path) -> bool:
    return any(name(path) == place or f"{place}/" in name(path) for place in MAY)


def imported(tree: ast.AST) -> Iterator[str]:
    """Private modules that a file imports, or names as a path to be looked up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_private(module: str) -> bool:
    return module == PRIVATE or module.startswith((f"{PRIVATE}.", f"{PRIVATE}:"))


def defined(tree: ast.AST) -> Iterator[str]:
    """Names that a file itself gives to attributes, functions and classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                yield node.attr
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield node.arg


def underscored(tree: ast.AST) -> Iterator[str]:
    """Private attributes that a file reads or sets, by a dot or by `getattr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("getattr", "hasattr", "setattr", "delattr")
            and isinstance(node.args[1], ast.Constant)
        ):
            yield str(node.args[1].value)


@pytest.mark.parametrize("path", [*LIBRARY, *TESTS], ids=name)
def test_private_keras_stays_in_its_places(path: Path) -> None:
    if not excused(path) and path != Path(__file__):
        tree = ast.parse(path.read_text())
        assert [module for module in imported(tree) if is_private(module)] == []


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_nobody_else_reads_private_attributes(path: Path) -> None:
    if excused(path):
        return
    tree = ast.parse(path.read_text())
    own = {*defined(tree), *PUBLIC_UNDERSCORES, *MAY_READ.get(name(path), {})}
    foreign = {
        attribute
        for attribute in underscored(tree)
        if attribute.startswith("_")
        and not attribute.endswith("__")
        and attribute not in own
    }
    assert foreign == set()


@pytest.mark.parametrize("place", MAY)
def test_each_place_needs_its_excuse(place: str) -> None:
    assert MAY[place]
    paths = [path for path in [*LIBRARY, *TESTS] if f"{place}/" in f"{name(path)}/"]
    modules = [m for path in paths for m in imported(ast.parse(path.read_text()))]
    assert any(map(is_private, modules))


@pytest.mark.parametrize("place", MAY_READ)
def test_each_private_attribute_that_may_be_read_is(place: str) -> None:
    tree = ast.parse((ROOT / place).read_text())
    assert all(MAY_READ[place].values())
    assert set(MAY_READ[place]) <= set(underscored(tree))


def test_the_checks_find_what_they_look_for() -> None:
    tree = ast.parse(
        "import keras.src.ops\nfrom keras.src import ops\nfrom keras import src\n"
        "find('keras.src.ops:core')\nkeras.src.backend.rnn\n"
        "layer._layers, getattr(layer, '_nodes', None)\n"
    )
    assert len([module for module in imported(tree) if is_private(module)]) >= 5
    assert {"_layers", "_nodes"} <= set(underscored(tree))
    assert not set(defined(tree)) & {"_layers", "_nodes"}
