"""Keras's own layer tests, as configurations of layers to export.

Keras ships its `*_test.py` files in its wheel. Their test methods describe layers by
calls of `run_layer_test(...)`. `collect()` runs each such method with a
`run_layer_test` that only notes its arguments. `call_sites()` finds the calls in the
source, so that none can vanish: a method that Keras skips on this backend, or that
fails before it comes to the call, leaves a site without a configuration.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
import io
import sys
import types
import unittest
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from support.export_check import draw_plain

LAYERS = Path(keras.__file__).parent / "src" / "layers"
PACKAGE = "keras.src.layers"


@dataclass(frozen=True, order=True)
class Site:
    """One call of `run_layer_test` in Keras's sources.

    Attributes:
        module: The test module, below `keras.src.layers`.
        method: The class and method that hold the call.
        number: Which of the method's calls it is, from 0.
        lines: The first and last line of the call.
        loops: Whether it stands in a loop.
        raises: Whether Keras expects an error of it.
    """

    module: str
    method: str
    number: int
    lines: tuple[int, int] = field(compare=False)
    loops: bool = field(compare=False)
    raises: bool = field(compare=False)

    def __str__(self) -> str:
        module = self.module.rsplit(".", 1)[-1]
        return f"{module}:{self.method}:{self.number}"


@dataclass(frozen=True)
class Configuration:
    """A layer as one run of a call describes it.

    Attributes:
        site: The call.
        run: Which of the call's runs it is: parametrized tests run one call often.
        arguments: What the call was given.
    """

    site: Site
    run: int
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.site}:{self.run}"

    @property
    def obstacle(self) -> str | None:
        """Why it describes no model that could be exported, None if it does."""
        for condition, reason in (
            (self.site.raises, "Keras expects an error"),
            (self.arguments["input_sparse"], "ONNX has no sparse inputs"),
            (self.arguments["input_ragged"], "ONNX has no ragged inputs"),
            (self._specs is None, "it gives no input"),
        ):
            if condition:
                return reason
        return None

    @property
    def _specs(self) -> Any:
        shape = self.arguments["input_shape"]
        return self.arguments["input_data"] if shape is None else shape

    def model(self) -> keras.Model:
        """Return a model of this one layer, its batch size unknown."""
        layer = self.arguments["layer_cls"](**(self.arguments["init_kwargs"] or {}))
        inputs = self._inputs()
        call = dict(self.arguments["call_kwargs"] or {})
        if "training" in call:
            call["training"] = False  # a file is for inference
        if isinstance(inputs, dict):
            outputs = layer(**inputs, **call)
        else:
            outputs = layer(inputs, **call)
        return keras.Model(inputs, outputs)

    def _inputs(self) -> Any:
        data, dtype = self.arguments["input_data"], self.arguments["input_dtype"]
        if data is not None:
            return keras.tree.map_structure(_input_like, data)
        shapes = self.arguments["input_shape"]
        dtypes = dtype or keras.tree.map_shape_structure(lambda _: "float32", shapes)
        return keras.tree.map_structure_up_to(
            dtypes, lambda dtype, shape: _input(shape, dtype), dtypes, shapes
        )

    def arrays(self, model: keras.Model, batch: int) -> list[np.ndarray]:
        """Return the input that the call gives, or a drawn one of a batch size."""
        data = self.arguments["input_data"]
        if data is not None:
            return [_array(x)[:batch] for x in keras.tree.flatten(data)]
        rng = np.random.default_rng(7)
        return [draw_plain(rng, [batch, *x.shape[1:]], x.dtype) for x in model.inputs]


@dataclass(frozen=True)
class Collection:
    """What a backend's run over Keras's layer tests found.

    Attributes:
        sites: Every call in the sources.
        configurations: What the calls that were reached describe.
        unreached: Why the others were not, by site.
    """

    sites: tuple[Site, ...]
    configurations: tuple[Configuration, ...]
    unreached: Mapping[Site, str]


def _array(x: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(x))


def _input(shape: Any, dtype: str) -> Any:
    return keras.Input(batch_shape=(None, *shape[1:]), dtype=dtype)


def _input_like(x: Any) -> Any:
    return _input(x.shape, keras.backend.standardize_dtype(x.dtype))


class _Calls(ast.NodeVisitor):
    """Finds the calls of one module, and the methods that hold them."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.sites: list[Site] = []
        self._within: list[str] = []
        self._loops = 0
        self._raises = 0

    def visit_For(self, node: ast.For) -> None:
        self._loops += 1
        self.generic_visit(node)
        self._loops -= 1

    def visit_With(self, node: ast.With) -> None:
        raises = any("assertRaises" in ast.unparse(item) for item in node.items)
        self._raises += raises
        self.generic_visit(node)
        self._raises -= raises

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node)

    def _enter(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "run_layer_test":
            method = ".".join(self._within[:2])
            number = sum(site.method == method for site in self.sites)
            lines = (node.lineno, node.end_lineno or node.lineno)
            marks = (bool(self._loops), bool(self._raises))
            self.sites.append(Site(self.module, method, number, lines, *marks))
        self.generic_visit(node)


@cache
def call_sites() -> tuple[Site, ...]:
    """Return every call of `run_layer_test` in the tests of Keras's layers."""
    sites: list[Site] = []
    for path in sorted(LAYERS.rglob("*_test.py")):
        parts = path.relative_to(LAYERS).with_suffix("").parts
        calls = _Calls(".".join((PACKAGE, *parts)))
        calls.visit(ast.parse(path.read_text(encoding="utf-8")))
        sites += calls.sites
    return tuple(sites)


@cache
def collect() -> Collection:
    """Run the methods that hold the calls, and note what these are given."""
    sites = call_sites()
    found: list[Configuration] = []
    reasons: dict[Site, str] = {}
    for module, method in dict.fromkeys((s.module, s.method) for s in sites):
        mine = [s for s in sites if (s.module, s.method) == (module, method)]
        notes = _Notes(mine)
        problem = "no run of its test method came to the call"
        try:
            with _standing_in():
                for case, name in _runs(module, method):
                    problem = _run(case, name, notes) or problem
        except ImportError as error:
            problem = f"its test module can't be imported: {error}"
        found += notes.configurations
        reached = {one.site for one in notes.configurations}
        reasons |= {site: problem for site in mine if site not in reached}
    return Collection(sites, tuple(found), reasons)


class _DoneError(Exception):
    """Ends a test method after its last call: the rest of it is Keras's own matter."""


class _Notes:
    """Stands in for `run_layer_test`: notes the arguments and returns."""

    def __init__(self, sites: list[Site]) -> None:
        self.configurations: list[Configuration] = []
        self._sites = sites

    def take(self, case: Any, args: Any, kwargs: Any, line: int) -> None:
        signature = inspect.signature(type(case).run_layer_test)
        given = signature.bind(case, *args, **kwargs)
        given.apply_defaults()
        arguments = {k: v for k, v in given.arguments.items() if k != "self"}
        site = next(s for s in self._sites if s.lines[0] <= line <= s.lines[1])
        run = sum(one.site == site for one in self.configurations)
        self.configurations.append(Configuration(site, run, arguments))
        if site.raises:
            arguments["layer_cls"](**arguments["init_kwargs"])
        if site == self._sites[-1] and not site.loops:
            raise _DoneError


def _not_on(backend: str, reason: str = "") -> pytest.MarkDecorator:
    return pytest.mark.skipif(keras.backend.backend() == backend, reason=reason)


@contextlib.contextmanager
def _standing_in() -> Iterator[None]:
    """Put modules in place that the tests import and Keras's wheel does not bring.

    These are its own `conftest`, with a mark, and `grain`, whose data sets only other
    test methods read.
    """
    absent = {"conftest": types.ModuleType("conftest")}
    vars(absent["conftest"])["skip_if_backend"] = _not_on
    if importlib.util.find_spec("grain") is None:
        absent["grain"] = types.ModuleType("grain")
    before = {name: sys.modules.get(name) for name in absent}
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _runs(module: str, method: str) -> Iterator[tuple[Any, str]]:
    """Yield the test class and the names that its parameters give the method."""
    cls_name, _, base = method.partition(".")
    cls = getattr(importlib.import_module(module), cls_name)
    for name in sorted(vars(cls)):
        rest = name.removeprefix(base)
        if callable(getattr(cls, name)) and name.startswith(base):
            # Parameters add a number or a name in words to the method's own.
            if rest and hasattr(cls, base):
                continue
            yield cls, name


def _run(cls: Any, name: str, notes: _Notes) -> str | None:
    """Run one test method; return why it stopped early, None if it did not."""
    skipped = _skip_reason(cls, getattr(cls, name))
    if skipped:
        return f"Keras skips it: {skipped}"
    case = cls(name)

    def run_layer_test(*args: Any, **kwargs: Any) -> None:
        notes.take(case, args, kwargs, sys._getframe(1).f_lineno)

    case.run_layer_test = run_layer_test
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case.setUp()
            try:
                getattr(case, name)()
            finally:
                case.tearDown()
                case.doCleanups()
                keras.config.set_dtype_policy("float32")
    except _DoneError:
        return None
    except (unittest.SkipTest, pytest.skip.Exception) as skip:
        return f"Keras skips it: {skip}"
    except Exception as error:
        return f"its test method fails before: {type(error).__name__}: {error}"
    return None


def _skip_reason(*marked: Any) -> str | None:
    """Return why pytest would skip a test of Keras, from its marks."""
    for one in marked:
        marks = getattr(one, "pytestmark", [])
        for mark in marks if isinstance(marks, list) else [marks]:
            if mark.name == "skip" or (mark.name == "skipif" and any(mark.args)):
                return str(mark.kwargs.get("reason", "no reason given"))
    return None
