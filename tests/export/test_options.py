"""The options of an export: one declaration, what follows from it, and wrong values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, get_type_hints

import keras
import numpy as np
import pytest
import typer
from keras import layers

from keras_acts._export_options import ExportOptions, about
from keras_acts.cli.app import app
from keras_acts.export import ExportError, OptionError, export_model, to_onnx, verify
from keras_acts.export.engines import Request
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
    assert set(parameters(export_model)) == {
        *("model", "path", "quantize"),
        *OPTIONS,
        *of_verify,
    }


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
    assert option.name in flags
    if about(option).has_flag:
        assert flags[option.name].help == about(option).help
    if about(option).has_flag:
        flag = flags[option.name]
        assert flag.opts == [f"--{option.name.replace('_', '-')}"]
        assert (flag.default, flag.help) == (option.default, about(option).help)


def test_a_request_is_the_options_and_a_model() -> None:
    assert {one.name for one in fields(Request)} == {"model", "size_names", *OPTIONS}


def test_options_are_taken_from_the_arguments_of_a_call() -> None:
    given: dict[str, Any] = {name: object() for name in OPTIONS}
    assert vars(ExportOptions.among({**given, "path": "x"})) == given


MISSPELT = {
    "target": ["cuba", "CPU", ""],
    "engine": ["nativ", "Auto", "tf2ONNX"],
    "dtype": ["float61", "bfloat16", "FLOAT32"],
    "opset": [0, 16, 27, -21],
    "input_names": [["a", "b"], [], {"imag": "x"}, [""]],
    "output_names": [["a", "b"], [], {"z": "x"}, ["image"]],
    "inputs_as_nchw": [["imag"], ["y"]],
    "input_signature": [(None, 7, 7, 3), (None, 4), "image"],
    "metadata": [{"keras_acts_version": "1"}, {"": "text"}],
}
"""Values of the right type, and wrong."""

WRONG_TYPES = {
    "target": [None, 3, b"cpu", ["cpu"], np.zeros(2)],
    "engine": [None, 3, b"native", ["native"], np.zeros(2)],
    "dtype": [32, np.float32, np.dtype("float32"), ["float16"], np.zeros(2)],
    "opset": ["21", 21.0, True, [21], np.int64(21), np.zeros(2)],
    "input_names": [3, "image", [3], {"image": 3}, [None]],
    "output_names": [3, "y", [3], {"y": 3}, [None]],
    "inputs_as_nchw": [None, 3, "image", [3], [None], {"image"}],
    "input_signature": [3, [3], ...],
    "metadata": [3, "text", {"name": 1}, {1: "text"}, [("name", "text")], ...],
    "path": [3, ["model.onnx"], b"model.onnx", ...],
}

CASES = [
    (name, value)
    for table in (MISSPELT, WRONG_TYPES)
    for name, values in table.items()
    for value in values
]


def model() -> keras.Model:
    image = keras.Input((8, 8, 3), name="image")
    conv = layers.Conv2D(2, 3, data_format="channels_last", name="y")
    return keras.Model(image, conv(image))


def test_every_option_has_wrong_values() -> None:
    assert set(WRONG_TYPES) == {"path", *OPTIONS}
    assert set(MISSPELT) == set(OPTIONS)


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda x: repr(x)[:30])
def test_a_wrong_value(name: str, value: Any, tmp_path: Path) -> None:
    options = {"path": tmp_path / "model.onnx", name: value}
    with pytest.raises(OptionError, match=r"Received: ") as caught:
        to_onnx(model(), **options)
    assert isinstance(caught.value, ExportError)
    assert isinstance(caught.value, ValueError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, *WRONG_TYPES["path"]], ids=str)
def test_an_export_that_is_verified_needs_a_path(path: Any) -> None:
    with pytest.raises(OptionError, match=r"Received: path="):
        export_model(model(), path)
