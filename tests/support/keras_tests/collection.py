"""The configurations that the runs of Keras's layer tests come to."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import sys
import types
import unittest
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import pytest
from keras.src.utils import naming

from support.keras_tests.configuration import Configuration
from support.keras_tests.sites import Site, call_sites


@dataclass(frozen=True)
class Collection:
    """What a backend's run over Keras's layer tests found.

    Attributes:
        sites: Every call in the sources.
        configurations: What the calls that were reached describe.
        stopped: Runs of test methods that stopped before their last call, with the
            reason: what they would have described is missing.
    """

    sites: tuple[Site, ...]
    configurations: tuple[Configuration, ...]
    stopped: Mapping[str, str]

    @property
    def models(self) -> list[Configuration]:
        """The configurations that describe a model."""
        return [one for one in self.configurations if not one.obstacle]

    @property
    def unreached(self) -> list[Site]:
        """The calls that no run came to."""
        reached = {one.site for one in self.configurations}
        return [site for site in self.sites if site not in reached]

    @property
    def excluded(self) -> dict[str, str]:
        """Why what describes no model to export does not, by name."""
        reasons = dict(self.stopped)
        for site in self.unreached:
            if not any(name.startswith(site.test) for name in self.stopped):
                reasons[str(site)] = "another branch of its test runs on this machine"
        for one in self.configurations:
            if one.obstacle:
                reasons[str(one)] = one.obstacle
        return reasons


@cache
def collect() -> Collection:
    """Run the methods that hold the calls, and note what these are given."""
    sites = call_sites()
    found: list[Configuration] = []
    stopped: dict[str, str] = {}
    for test in dict.fromkeys(site.test for site in sites):
        mine = [site for site in sites if site.test == test]
        notes = _Notes(mine)
        with _standing_in():
            for case, name in _runs(mine[0]):
                reason = _run(case, name, notes)
                if reason:
                    stopped[f"{test}:{name}"] = reason
        found += notes.configurations
    return Collection(sites, tuple(found), stopped)


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


def _runs(site: Site) -> Iterator[tuple[Any, str]]:
    """Yield the test class and each name under which it runs a call's method."""
    cls_name, _, method = site.method.partition(".")
    cls = getattr(importlib.import_module(site.module), cls_name)
    for name in sorted(vars(cls)):
        # Parametrized tests run under longer names, and wrap the method.
        function = inspect.unwrap(getattr(cls, name))
        if inspect.isfunction(function) and function.__code__.co_name == method:
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
    # Layers among the arguments are numbered by these, and draw by them.
    naming.reset_uids()
    keras.utils.set_random_seed(0)
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
