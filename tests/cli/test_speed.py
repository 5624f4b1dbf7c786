"""Help, versions and mistakes are answered before anything heavy is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_acts.cli.app import app
from support.process import ROOT

pytestmark = pytest.mark.runs_once("processes that import no backend")

HEAVY = {"keras", "numpy", "onnx", "onnx_ir", "tensorflow", "jax", "torch", "h5py"}
COMMANDS = [command.name for command in app.registered_commands]

# What a process runs: each line of arguments in turn, as the console script does.
PROGRAM = """
import json, sys
sys.argv = ["keras-acts"]
from keras_acts.cli.app import app
from keras_acts.cli.encodings import print_what_can_be
print_what_can_be()
for arguments in json.loads(sys.stdin.read()):
    try:
        app(arguments, prog_name="keras-acts")
    except SystemExit as left:
        code = left.code
    loaded = sorted({name.split(".")[0] for name in sys.modules})
    print("\\nRAN", json.dumps([code, loaded]), flush=True)
"""

QUICK = {
    "help": (["--help"], 0),
    "version": (["--version"], 0),
    "no arguments": ([], 2),
    "no such command": (["fly"], 2),
    "a command without arguments": (["export"], 2),
    "an unknown flag": (["list", "--jsn"], 2),
    "a wrong type": (["export", "a.keras", "b.onnx", "--opset", "new"], 2),
    "list": (["list"], 0),
    "list as JSON": (["list", "--json"], 0),
    "an unknown family": (["list", "--family", "exponentail"], 2),
    "show": (["show", "Mish"], 0),
    "an unknown name": (["show", "Mishh"], 2),
    "suggest": (["suggest"], 0),
    "suggest with a question": (["suggest", "--task", "binary", "--json"], 0),
    "an unknown task": (["suggest", "--task", "binray"], 2),
    "nothing to check": (["check", "none.keras"], 2),
    "no such model": (["export", "none.keras", "b.onnx"], 2),
    "a bad opset": (["export", "none.keras", "b.onnx", "--opset", "5"], 2),
    "a bad target": (["export", "none.keras", "b.onnx", "--target", "gpu"], 2),
    "a bad OUT": (["export", "none.keras", "b.txt"], 2),
    "a bad batch": (["export", "none.keras", "b.onnx", "--batch", "0"], 2),
    "a bad seed": (["verify", "none.keras", "b.onnx", "--seed", "-1"], 2),
    "a bad record": (["verify", "none.keras", "b.onnx", "--record", "a.txt"], 2),
    "a bad signature": (["export", "a.keras", "b.onnx", "--input-signature", "a;b"], 2),
    "a device": (["verify", "/dev/zero", "b.onnx"], 2),
    "no such file": (["inspect", "none.onnx"], 2),
    "no tokens": (["generate", "none", "--ids", "1,a"], 2),
    **{f"help of {name}": ([name, "--help"], 0) for name in COMMANDS},
}
"""Arguments, and the exit code."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> dict[str, tuple[int, set[str]]]:
    """The exit code of each, and the packages loaded by then."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([arguments for arguments, _ in QUICK.values()]),
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": "/"},
        cwd=tmp_path_factory.mktemp("empty"),
        capture_output=True,
        text=True,
    )
    lines = [x for x in done.stdout.splitlines() if x.startswith("RAN ")]
    assert len(lines) == len(QUICK), done.stderr
    found = [json.loads(line.removeprefix("RAN ")) for line in lines]
    return {name: (code, set(x)) for name, (code, x) in zip(QUICK, found, strict=True)}


@pytest.mark.parametrize("name", QUICK)
def test_it_imports_nothing_heavy(name, ran):
    code, loaded = ran[name]
    assert code == QUICK[name][1]
    assert not loaded & HEAVY


@pytest.mark.parametrize("how", [["-m", "keras_acts"], ["keras-acts"]], ids=str)
def test_both_ways_to_start_it_are_light(how, tmp_path):
    (tmp_path / "keras-acts").write_text("from keras_acts.cli import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *how, "--version"],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": "/"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("keras-acts ")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY


@pytest.mark.slow
def test_a_program_that_imports_the_package_has_its_layers(tmp_path: Path) -> None:
    """The imports are left out of the command line only, whatever a program's name."""
    (tmp_path / "keras-acts.py").write_text(
        "import sys\nimport keras_acts\nprint('keras_acts.layers' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "keras-acts.py"],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "KERAS_BACKEND": "torch"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "True", done.stderr


@pytest.mark.slow
def test_what_the_package_registers_is_there_where_a_model_is_read(tmp_path):
    """As after `import keras_acts`: the command line imports it in another order."""
    listing = (
        "import keras; print(sorted(keras.saving.get_custom_objects()), "
        "sorted(vars(keras_acts)))"
    )
    programs = {
        "package": f"import keras_acts; {listing}",
        "keras-acts": "import keras_acts.cli.loading as x; x.import_keras(); "
        f"import keras_acts; {listing}",
    }
    said = []
    for name, program in programs.items():
        (tmp_path / name).write_text(program)
        done = subprocess.run(
            [sys.executable, name],
            env={"PYTHONPATH": str(ROOT), "PATH": "", "KERAS_BACKEND": "torch"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        registered, _, attributes = done.stdout.partition("] [")
        said.append((registered, set(attributes.split(", ")) - {"'cli'"}))
    assert "Mish" in said[0][0]
    assert said[0][0] == said[1][0]
    assert {"'functional'", "'layers'"} <= said[0][1] & said[1][1]
