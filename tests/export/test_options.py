"""The options of an export: one declaration, and everything that follows from it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any, get_type_hints

import pytest
import typer

from keras_acts._export_options import ExportOptions, about
from keras_acts.cli.app import app
from keras_acts.export import export_model, to_onnx, verify
from keras_acts.export.engines import Request
from keras_acts.export.options import check_options
from support.process import ROOT

OPTIONS = {one.name: one for one in fields(ExportOptions)}
each_option = pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda x: x.name)
each_function = pytest.mark.parametrize("function", [to_onnx, export_model])


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function, eval_str=True).parameters)


@each_function
@each_option
def test_functions_have_each_option(
    function: Callable[..., Any], option: Field[Any]
) -> None:
    parameter = parameters(function)[option.name]
    assert parameter.kind is parameter.KEYWORD_ONLY
    assert parameter.default == option.default
    assert parameter.annotation == get_type_hints(ExportOptions)[option.name]


def test_functions_have_no_others() -> None:
    of_verify = set(parameters(verify)) - {"model", "onnx_model"}
    assert set(parameters(to_onnx)) == {"model", "path", *OPTIONS}
    assert set(parameters(export_model)) == {"model", "path", *OPTIONS, *of_verify}


@pytest.mark.parametrize("name", sorted(set(parameters(verify)) & set(OPTIONS)))
def test_verify_has_the_same_default(name: str) -> None:
    assert parameters(verify)[name].default == OPTIONS[name].default


def test_export_model_has_the_defaults_of_verify() -> None:
    own, theirs = parameters(export_model), parameters(verify)
    common = set(own) & set(theirs) - {"model"}
    assert {"providers", "batch_sizes", "seed"} <= common
    assert {n: own[n].default for n in common} == {n: theirs[n].default for n in common}


@each_option
def test_each_option_is_documented(option: Field[Any]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^ {{4}}{option.name}: ", inspect.getdoc(to_onnx) or "", re.M)
    assert f"`{option.name}`" in readme
    assert about(option).help.endswith(".")


@each_option
def test_each_choice_is_in_the_help(option: Field[Any]) -> None:
    for choice in about(option).choices or ():
        assert choice is None or choice in about(option).help


@each_option
def test_the_command_has_a_flag_with_its_help(option: Field[Any]) -> None:
    command = typer.main.get_command(app).commands["export"]  # type: ignore[attr-defined]
    flags = {parameter.name: parameter for parameter in command.params}
    assert (option.name in flags) is about(option).has_flag
    if about(option).has_flag:
        flag = flags[option.name]
        assert flag.opts == [f"--{option.name.replace('_', '-')}"]
        assert (flag.default, flag.help) == (option.default, about(option).help)


def test_a_request_is_the_options_and_a_model() -> None:
    assert {one.name for one in fields(Request)} == {"model", *OPTIONS}


def test_options_are_taken_from_the_arguments_of_a_call() -> None:
    given: dict[str, Any] = {name: object() for name in OPTIONS}
    assert vars(ExportOptions.among({**given, "path": "x"})) == given


@pytest.mark.parametrize(
    "name", [one.name for one in OPTIONS.values() if about(one).choices]
)
def test_what_is_no_choice_is_refused(name: str) -> None:
    with pytest.raises(Exception, match=rf"`{name}` must be .*Received: {name}='no'"):
        check_options(ExportOptions(**{name: "no"}))
