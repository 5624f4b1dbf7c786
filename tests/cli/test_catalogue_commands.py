"""`keras-acts list`, `show`, `--version`, `--help`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from keras_acts import __version__, catalogue
from keras_acts.cli.app import app

pytestmark = pytest.mark.runs_once("it touches no backend")

ROWS = catalogue.activations()


def invoke(*arguments: str):
    return CliRunner().invoke(app, list(arguments), prog_name="keras-acts")


def test_list_shows_every_activation_with_its_family_and_formula():
    result = invoke("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    for row in ROWS.values():
        assert row.family in result.stdout
        mark = "*" if row.learnable else ""
        name = " = ".join([row.name, *row.aliases]) + mark
        assert any(name in line.split("  ") or f" {name} " in line for line in lines), (
            name
        )
    assert "x * tanh(softplus(x))" in result.stdout


def test_list_as_json_is_the_catalogue():
    rows = json.loads(invoke("list", "--json").stdout)
    assert {row["name"] for row in rows} == set(ROWS)
    mish = next(row for row in rows if row["name"] == "Mish")
    assert mish == {
        "name": "Mish",
        "family": "exponential",
        "formula": "x * tanh(softplus(x))",
        "learnable": False,
        "aliases": [],
        "function": "mish",
    }


def test_list_of_one_family():
    rows = json.loads(invoke("list", "--family", "exponential", "--json").stdout)
    expected = {row.name for row in ROWS.values() if row.family == "exponential"}
    assert {row["name"] for row in rows} == expected < set(ROWS)


def test_list_of_an_unknown_family_names_the_known_ones():
    result = invoke("list", "--family", "exponentail")
    assert result.exit_code == 2
    assert "exponential" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("name", ["ELU", "elu", "Elu"])
def test_show_prints_definition_arguments_and_source(name):
    result = invoke("show", name)
    assert result.exit_code == 0
    for part in ("layers.ELU(alpha=1.0)", "functional.elu", "Edge values:", "Clevert"):
        assert part in result.stdout, part


@pytest.mark.parametrize("name", ROWS)
def test_show_as_json_has_the_docstring_and_the_arguments(name):
    result = invoke("show", name, "--json")
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert shown["name"] == name
    assert "Reference:" in shown["docstring"]
    assert list(shown["arguments"]) == list(ROWS[name].defaults)


def test_show_of_a_typo_suggests_near_names():
    result = invoke("show", "Mishh")
    assert result.exit_code == 2
    assert "Did you mean Mish" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["export"], ["show"], ["fly"], ["list", "--jsn"]]
)
def test_bad_usage_leaves_with_2(arguments):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Usage: keras-acts" in result.stderr


def test_help_names_the_exit_codes():
    result = invoke("--help")
    assert result.exit_code == 0
    assert "4 a required provider did not run" in " ".join(result.stdout.split())


def test_the_module_is_the_command_and_imports_onnx_only_when_it_needs_it():
    command = [sys.executable, "-X", "importtime", "-m", "keras_acts", "list", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {row["name"] for row in json.loads(done.stdout)} == set(ROWS)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "keras_acts.cli.commands.export" in imported
    assert not {"onnx", "onnxruntime", "keras_acts.export"} & imported


def test_the_version():
    assert invoke("--version").stdout == f"keras-acts {__version__}\n"
