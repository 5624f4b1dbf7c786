"""The scripts in `.ci/`, the workflows and pre-commit agree with each other."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib

import pytest

import keras_acts
from support.process import ROOT

CI = ROOT / ".ci"
SCRIPTS = sorted(path for path in CI.iterdir() if not path.suffix)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

SYSTEMS = {
    "macos-latest": "Operating System :: MacOS",
    "ubuntu-latest": "Operating System :: POSIX :: Linux",
    "windows-latest": "Operating System :: Microsoft :: Windows",
}


def _module(name):
    spec = importlib.util.spec_from_file_location(name, CI / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


def _bash(*arguments):
    return subprocess.run(
        ["bash", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def _list_in(workflow, key):
    """Return a list such as `os: [a, b]` of a workflow's matrix."""
    text = (ROOT / ".github" / "workflows" / workflow).read_text()
    found = re.search(rf"^ +{key}: \[(.*)\]$", text, flags=re.MULTILINE)
    return [item.strip(' "') for item in found[1].split(",")]


def _called_by(workflow):
    names = re.findall(r"bash \.ci/([\w{}$. ]+?)(?: |$)", workflow.read_text(), re.M)
    for name in names:
        if name.startswith("${{"):
            yield from _list_in(workflow.name, "job")
        else:
            yield name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_nothing_but_the_scripts(path):
    called = list(_called_by(path))
    assert called
    assert set(called) <= {script.name for script in SCRIPTS}
    others = ("bash .ci/", "git config --global core.symlinks", "gh release create")
    runs = re.findall(r"run: (.*)", path.read_text())
    assert not [one for one in runs if not one.startswith(others)]


def test_each_script_is_a_job_or_part_of_one():
    called = {name for path in WORKFLOWS for name in _called_by(path)}
    assert {script.name for script in SCRIPTS} - called == {"run", "release_notes"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_bash_and_share_the_library(path):
    assert _bash("-n", str(path)).returncode == 0
    assert 'source "$(dirname "$0")/lib.sh"' in path.read_text()
    assert os.access(path, os.X_OK)


def test_contributing_lists_each_script():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    assert not [path.name for path in SCRIPTS if f".ci/{path.name}" not in page]


def test_classifiers_are_what_the_matrix_tests():
    language = "Programming Language :: Python :: 3."
    pythons = [f"{language}{v[2:]}" for v in _list_in("ci.yml", "python")]
    systems = [SYSTEMS[name] for name in _list_in("ci.yml", "os")]
    stated = [
        one
        for one in PROJECT["classifiers"]
        if one.startswith((language, "Operating System ::"))
    ]
    assert sorted(stated) == sorted(pythons + systems)


def test_the_cross_section_exists():
    listed = re.search(r"cross_section=\((.*?)\)", (CI / "lib.sh").read_text(), re.S)
    paths = listed[1].split()
    assert paths
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_lint_and_types_are_pre_commits_hooks():
    config = (ROOT / ".pre-commit-config.yaml").read_text()
    hooks = re.findall(r"- id: (\S+)", config)
    assert {"ruff-check", "ruff-format", "mypy"} <= set(hooks)
    # What runs is what the [dev] extra installs, in one version here and there.
    assert config.count("repo: ") == config.count("repo: local") == 1
    assert config.count("language: system") == len(hooks)
    assert "SKIP=mypy pre-commit run --all-files" in (CI / "lint").read_text()
    assert "pre-commit run mypy --all-files" in (CI / "types").read_text()
    exact = [one for one in PROJECT["optional-dependencies"]["dev"] if "==" in one]
    assert [one.split("==")[0] for one in exact] == ["mypy", "ruff"]


def test_requirements_are_those_of_the_project():
    requirements = _module("requirements")
    assert requirements.requirements("keras")[0] in PROJECT["dependencies"]
    # The backend's own extra takes more than the tests do.
    assert requirements.requirements("torch") == ["torch>=2.6", "torch~=2.13.0"]
    assert requirements.lowest("torch") == "torch==2.13.0"
    assert requirements.lowest("jax") == "jax[cpu]==0.6"
    with pytest.raises(SystemExit, match="Received: 'theano'"):
        requirements.requirements("theano")


def test_the_newest_patch_of_each_keras_is_tried():
    listed = (
        "keras (3.15.1)\nAvailable versions: 3.15.1, 3.15.0, 3.9.2, 3.12.10, 3.12.9"
    )
    table = _module("keras_table")
    assert table.newest_of_each(listed, "3.12") == ["3.12.10", "3.15.1"]


@pytest.mark.parametrize(
    ("attributes", "is_good"),
    [
        ('tests="3" failures="0" errors="0" skipped="1"', True),
        ('tests="3" failures="1" errors="0" skipped="1"', False),
        ('tests="3" failures="0" errors="1" skipped="0"', False),
        ('tests="1" failures="0" errors="0" skipped="1"', False),
    ],
)
def test_a_keras_works_if_tests_ran_and_none_failed(attributes, is_good, tmp_path):
    path = tmp_path / "3.14.1.xml"
    path.write_text(f"<testsuites><testsuite {attributes}/></testsuites>")
    table = _module("keras_table")
    result = table.Result.read(path)
    assert result.is_good is is_good
    assert ("| 3.14.1 | works |" in table.table([result])) is is_good


def test_release_notes_are_the_section_of_the_version():
    done = _bash(".ci/release_notes")
    assert done.returncode == 0, done.stderr
    assert "\n### " in done.stdout
    assert "\n## " not in done.stdout
    changelog = (ROOT / "CHANGELOG.md").read_text()
    section = changelog.split(f"## [{keras_acts.__version__}]", 1)[1]
    assert done.stdout.strip() in section
    assert _bash(".ci/release_notes", "9.9.9").returncode == 1


def test_a_tag_of_another_version_is_refused(tmp_path):
    done = _bash(".ci/release", "v9.9.9", str(tmp_path))
    assert done.returncode == 1
    assert f"The tag must be v{keras_acts.__version__}" in done.stderr
    assert not list(tmp_path.iterdir())
