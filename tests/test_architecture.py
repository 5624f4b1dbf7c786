"""What imports what, and how large it may grow."""

import ast
import json
import tomllib

import keras
import pytest

from support.process import ROOT, python

LIBRARY = sorted((ROOT / "keras_acts").glob("*.py")) + [
    path
    for folder in ("functional", "layers")
    for path in sorted((ROOT / "keras_acts" / folder).rglob("*.py"))
]
CLI = sorted((ROOT / "keras_acts" / "cli").rglob("*.py"))
EXPORT = sorted((ROOT / "export").rglob("*.py"))
OTHERS = [
    path
    for folder in ("tests", "examples", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
EVERYTHING = [*LIBRARY, *CLI, *EXPORT, *OTHERS]

MAY_NAME_EXPORT = {ROOT / "keras_acts" / "__main__.py"}
MOST_LINES = 400


def _name(path):
    return str(path.relative_to(ROOT))


def _imports(path):
    """Return the absolute names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_within(module, package):
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", LIBRARY, ids=_name)
def test_activations_import_neither_export_nor_command_line(path):
    above = [
        module
        for module in _imports(path)
        if _is_within(module, "keras_acts.export")
        or (_is_within(module, "keras_acts.cli") and path not in MAY_NAME_EXPORT)
    ]
    assert not above


ROOMS = (
    *("errors", "options", "trace", "saved_model", "builder", "lowering", "convert"),
    *("passes", "engines", "write", "parity", "api", "__init__"),
)
"""The parts of the exporter in the order in which data passes through them."""

# A type in the annotation of an error that holds a report.
BACKWARDS = {("errors", "parity")}


def _room(path):
    return path.relative_to(ROOT / "export").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", EXPORT, ids=_name)
def test_data_flows_one_way(path):
    prefix = "keras_acts.export."
    here = ROOMS.index(_room(path))
    named = {
        m.removeprefix(prefix).split(".")[0] for m in _imports(path) if prefix in m
    }
    later = [room for room in named & set(ROOMS) if ROOMS.index(room) > here]
    assert not [room for room in later if (_room(path), room) not in BACKWARDS]


def test_every_room_has_its_place():
    assert {_room(path) for path in EXPORT} == set(ROOMS)


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_nobody_imports_export_by_its_folder(path):
    assert not [module for module in _imports(path) if _is_within(module, "export")]


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_files_stay_small(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_listed_packages_are_the_folders():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = settings["tool"]["setuptools"]["packages"]
    folders = {"keras_acts": ROOT / "keras_acts", "keras_acts.export": ROOT / "export"}
    found = {
        ".".join([package, *path.parent.relative_to(folder).parts])
        for package, folder in folders.items()
        for path in folder.rglob("*.py")
        if package == "keras_acts.export"
        or "export" not in path.parts[len(ROOT.parts) :]
    }
    assert sorted(listed) == sorted(found)


def _loaded_by(statement):
    """Return the top-level packages that a fresh process has after a statement."""
    code = (
        f"{statement}; import json, sys;"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = python("-c", code, backend=keras.backend.backend())
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY = {"onnx", "onnx_ir", "onnxruntime", "matplotlib", "typer", "tf2onnx"}
BACKENDS = {"tensorflow", "jax", "torch"}


def test_import_is_light():
    here = keras.backend.backend()
    with_keras = _loaded_by("import keras")
    loaded = _loaded_by("import keras_acts")
    assert not loaded & HEAVY
    assert not (loaded - with_keras) & (BACKENDS - {here})


def test_export_loads_onnx_but_not_onnxruntime():
    loaded = _loaded_by("import keras_acts.export")
    assert "onnx_ir" in loaded
    assert not loaded & {"onnxruntime", "tf2onnx", "matplotlib", "typer"}
