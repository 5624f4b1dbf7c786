"""Converters, forms and passes say in a sentence what they map to what.

ruff checks that public functions have docstrings. These tests go by the registries, so
that they include private functions, closures and functions named in tables.
"""

import ast
import importlib
import inspect
import pkgutil
import re

import pytest
from onnx_ir.passes import InPlacePass

from keras_acts.export import passes
from keras_acts.export.convert.registry import find_operation, registered_kinds
from keras_acts.export.lowering import FORMS
from support.process import ROOT

FOLDERS = ("convert", "lowering", "passes")
FILES = sorted(
    path for folder in FOLDERS for path in (ROOT / "export" / folder).rglob("*.py")
)
DECORATORS = {"converts", "converts_layer", "form", "register_converter"}
ONLY_A_NUMBER = re.compile(r"Rules? \d+\.?$")


def _is_sentence(documentation):
    """Whether a docstring's first line is a sentence, and more than a rule's number."""
    first = (documentation or "").strip().split("\n")[0]
    return bool(re.match(r"[A-Z].* .*\.$", first)) and not ONLY_A_NUMBER.match(first)


@pytest.mark.parametrize(
    ("documentation", "good"),
    [
        ("Map `ops.flip` to a Slice with negative steps; the shape stays.", True),
        ("Rule 1: permute the axes.\n\nMore.", True),
        (None, False),
        ("", False),
        ("Rule 1.", False),
        ("Slices.", False),
        ("the shape stays.", False),
        ("Map `ops.flip` to a Slice", False),
    ],
)
def test_what_a_sentence_is(documentation, good):
    assert _is_sentence(documentation) is good


def test_converters_of_operations():
    kinds = registered_kinds()
    assert kinds
    silent = [k for k in kinds if not _is_sentence(find_operation(k).__doc__)]
    assert not silent


def test_forms_of_activations():
    forms = [form for several in FORMS.values() for form in several]
    assert forms
    silent = [form for form in forms if not _is_sentence(form.build.__doc__)]
    assert not silent


def _pass_classes():
    for module in pkgutil.walk_packages(passes.__path__, f"{passes.__name__}."):
        for cls in vars(importlib.import_module(module.name)).values():
            own = inspect.isclass(cls) and cls.__module__ == module.name
            if own and issubclass(cls, InPlacePass):
                yield cls


@pytest.mark.parametrize("cls", list(_pass_classes()), ids=lambda cls: cls.__name__)
def test_passes_cite_numbered_rules(cls):
    assert _is_sentence(vars(cls)["__doc__"])
    assert _is_sentence(vars(cls)["call"].__doc__)
    assert re.search(r"\brules? \d", f"{cls.__doc__} {cls.call.__doc__}")
    rules = inspect.getmodule(cls).__doc__
    assert re.search(r"^(1\. |Rule 1, )", rules, re.MULTILINE)


def _decorators(function):
    for one in function.decorator_list:
        name = one.func if isinstance(one, ast.Call) else one
        yield getattr(name, "id", None)


def _registered(tree):
    """Yield the functions of a module that a decorator or a table registers."""
    tables = [x for x in tree.body if isinstance(x, ast.Assign | ast.AnnAssign)]
    named = {
        name.id
        for table in tables
        for name in ast.walk(table)
        if isinstance(name, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (
            node.name in named or DECORATORS & set(_decorators(node))
        ):
            yield node


def test_functions_behind_decorators_and_in_tables():
    functions = [
        (path.relative_to(ROOT), function)
        for path in FILES
        for function in _registered(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert functions
    silent = [
        f"{path}: {function.name}"
        for path, function in functions
        if not _is_sentence(ast.get_docstring(function))
    ]
    assert not silent
