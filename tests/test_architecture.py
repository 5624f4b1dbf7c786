"""What imports what, and how large it may grow."""

import ast
import sys

import keras
import pytest

from keras_acts.export.convert.registry import registered_kinds
from support.process import ROOT, python

pytestmark = pytest.mark.runs_once("reads source files")

OF_THE_LIBRARY = (
    *("advice", "diagnosis", "functional", "layers"),
    *("_onnx_files", "packaging", "plotting", "serving"),
)
LIBRARY = sorted((ROOT / "keras_acts").glob("*.py")) + [
    path
    for folder in OF_THE_LIBRARY
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

COPIED = ROOT / "export" / "generation" / "runtime"
"""A folder that runs by itself, wherever it is copied: its imports are relative."""


def _name(path):
    return str(path.relative_to(ROOT))


def _imports(path):
    """Return the absolute names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 1 and path.parent == COPIED:
                continue
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


STAGES = (
    *(
        "errors",
        "contexts",
        "silence",
        "metadata",
        "options",
        "names",
        "identity",
        "trace",
        "signature_graphs",
        "saved_model",
        "keras2",
        "builder",
        "lowering",
        "convert",
    ),
    *("passes", "engines", "write", "parity", "quantization", "generation"),
    *("api", "__init__"),
)
"""The parts of the exporter in the order in which data passes through them."""

# A type in the annotation of an error that holds a report.
BACKWARDS = {("errors", "parity")}


def _stage(path):
    return path.relative_to(ROOT / "export").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", EXPORT, ids=_name)
def test_data_flows_one_way(path):
    prefix = "keras_acts.export."
    here = STAGES.index(_stage(path))
    named = {
        m.removeprefix(prefix).split(".")[0] for m in _imports(path) if prefix in m
    }
    later = [stage for stage in named & set(STAGES) if STAGES.index(stage) > here]
    assert not [stage for stage in later if (_stage(path), stage) not in BACKWARDS]


@pytest.mark.parametrize("path", sorted(COPIED.glob("*.py")), ids=_name)
def test_what_runs_without_keras_imports_nothing_of_it(path):
    packages = {module.split(".")[0] for module in _imports(path)}
    assert packages - sys.stdlib_module_names <= {"numpy", "onnxruntime"}


def test_every_stage_has_its_place():
    assert {_stage(path) for path in EXPORT} == set(STAGES)


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_nobody_imports_export_by_its_folder(path):
    assert not [module for module in _imports(path) if _is_within(module, "export")]


@pytest.mark.parametrize("path", EVERYTHING, ids=_name)
def test_files_stay_small(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_distributed_packages_are_the_folders():
    listing = (
        "import setuptools; from distutils.core import run_setup;"
        "print(*run_setup('setup.py', stop_after='commandline').packages)"
    )
    done = python("-c", listing, backend=keras.backend.backend())
    assert done.returncode == 0, done.stderr
    folders = {"keras_acts": ROOT / "keras_acts", "keras_acts.export": ROOT / "export"}
    found = {
        ".".join([package, *path.parent.relative_to(folder).parts])
        for package, folder in folders.items()
        for path in folder.rglob("*.py")
        if package == "keras_acts.export"
        or "export" not in path.parts[len(ROOT.parts) :]
    }
    assert sorted(done.stdout.splitlines()[-1].split()) == sorted(found)


MOST_FILES = 16


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in [*LIBRARY, *CLI, *EXPORT]}), ids=_name
)
def test_folders_stay_small(folder):
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


OPERATIONS = ROOT / "export" / "convert" / "ops"
OWN_NAMESPACES = {"activations": "nn", "keras_acts": "nn"}
"""Where converters stand whose kind names no module of `keras.ops`."""


@pytest.mark.parametrize("path", sorted(OPERATIONS.rglob("*.py")), ids=_name)
def test_converters_stand_in_the_folder_of_their_namespace(path):
    kinds = set(registered_kinds())
    named = {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in kinds
    }
    folders = {kind.split(".")[0] for kind in named}
    folders = {OWN_NAMESPACES.get(folder, folder) for folder in folders}
    assert folders <= {path.relative_to(OPERATIONS).parts[0]}
