"""How the suite runs: on which backend, in which precision, from which seed."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext

import pytest

from support import backends, process
from support.runs import parts, turns
from support.runs.cross_section import left_out
from support.runs.evidence import Recorder, files_recorded

COMPILED = 5 << 30
"""Bytes of this process at which what JAX has compiled is freed."""


def pytest_addoption(parser):
    parser.addoption(
        "--backend",
        metavar="BACKEND[,BACKEND]",
        help="run on this backend, or on several in processes of their own and compare "
        "their files; default: KERAS_BACKEND, or each that trains",
    )
    parser.addoption(
        "--heavy", action="store_true", help="run the tests marked `heavy` too"
    )
    parser.addoption(
        "--sweep", action="store_true", help="run the tests marked `sweep` too"
    )
    parser.addoption(
        "--answers",
        action="store_true",
        help="compare answers on every backend, not the files alone",
    )
    parser.addoption(
        "--all",
        action="store_true",
        help="run every case, where `pytest` without paths would draw some",
    )
    parser.addoption("--cross-section", action="store_true", help=argparse.SUPPRESS)
    parser.addoption(
        "--rest",
        action="store_true",
        help="run the cases that plain `pytest` leaves out, and no others: each on "
        "torch, and one in eight on the other backends",
    )
    parser.addoption(
        "--thirdparty",
        nargs="?",
        const="all",
        choices=("all", "sample", "tensorflow"),
        help="run the models of third-party libraries instead: all of them, a sample, "
        "or those that need TensorFlow",
    )
    parser.addoption(
        "--thirdparty-results", help="write the results of --thirdparty, a line each"
    )
    parser.addoption("--results", help=argparse.SUPPRESS)


def pytest_cmdline_main(config):
    if config.option.help or config.option.version:
        return None
    if config.option.thirdparty:
        return _only_thirdparty(config)
    names = backends.selected(config.option.backend)
    if len(names) > 1:
        return parts.run_all(names, config)
    os.environ.update(backends.environment(names[0]))
    return None


def _only_thirdparty(config):
    """Run the libraries' models, here, on the first backend where none is named."""
    if config.args_source is config.ArgsSource.TESTPATHS:
        config.args = ["tests/thirdparty"]
    named = config.option.backend or os.environ.get("KERAS_BACKEND")
    os.environ.update(backends.environment(named or backends.FIRST))


def pytest_ignore_collect(collection_path, config):
    """Leave out what plain environments don't have: libraries, an SDK, a browser.

    The server's SDK pins other releases than TensorFlow does.
    """
    tests = config.rootpath / "tests"
    if collection_path in {tests / name for name in parts.APART}:
        return True
    here = collection_path.parent == tests / "thirdparty"
    return True if here and not config.option.thirdparty else None


def pytest_collection_modifyitems(config, items):
    gone = [item for item in items if not _runs(item, config.option)]
    if config.option.cross_section or config.option.rest:
        gone += left_out(items, rest=config.option.rest)
    if gone:
        left = set(gone)
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]


def _runs(item, option):
    for mark in ("heavy", "sweep"):
        wanted = getattr(option, mark) or mark in option.markexpr
        if item.get_closest_marker(mark) and not wanted:
            return False
    if not option.results:  # a run of one backend
        return True
    return turns.runs_here(
        item, option.backend, answers=option.answers, shared_out=_is_shared_out(option)
    )


def _is_shared_out(option):
    """Whether the other backends take turns, as in all runs but `--all`."""
    return option.rest or option.cross_section


def pytest_terminal_summary(terminalreporter, config):
    if "support.keras_tests" in sys.modules:
        from support.keras_tests.summary import summary

        terminalreporter.section("Keras's own layer tests")
        for line in summary(terminalreporter.stats):
            terminalreporter.write_line(line)
    if config.option.results:
        found = config.pluginmanager.get_plugin("evidence").to_dict()
        parts.write_results(config.option.results, terminalreporter.stats, found)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    import hypothesis

    hypothesis.settings.register_profile(
        "repeatable", derandomize=True, database=None, deadline=None, max_examples=15
    )
    hypothesis.settings.load_profile("repeatable")
    if os.environ.get("KERAS_BACKEND") == "numpy":
        # It says of infinities what the other backends compute in silence.
        config.addinivalue_line("filterwarnings", "ignore::RuntimeWarning")
    if config.option.results:
        option = config.option
        shared_out = _is_shared_out(option)
        recorder = Recorder(option.backend, option.answers, shared_out=shared_out)
        config.pluginmanager.register(recorder, "evidence")


@pytest.fixture(scope="session", autouse=True)
def _initial_weights():
    """Let initial weights be the same on every backend."""
    from support.initial_weights import made_by_numpy

    with made_by_numpy():
        yield


@pytest.fixture(scope="session", autouse=True)
def _numbers_for_symbols():
    """Give Keras's NumPy backend numbers, not memory, where others have symbols.

    It runs the layers of a model that is built on them, so whether one is built at all
    is chance. The exporter does the same while it traces.
    """
    import keras

    if keras.backend.backend() != "numpy":
        yield
        return
    from keras.src.backend.numpy import core

    from keras_acts.export.trace.keras_patches.symbols import initialized

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "np", initialized(core.np))
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_recorded(request):
    """Note the digests of exported files where several backends are compared."""
    with files_recorded() if request.config.option.results else nullcontext():
        yield


@pytest.fixture(autouse=True)
def seeded():
    """Start each test from one random state, and names counted from the beginning."""
    _start_over()


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef):
    """Make what several tests share the same whichever of them comes first."""
    if fixturedef.scope != "function":
        _start_over()


def _start_over():
    import keras

    from support.automatic_names import count_anew

    keras.utils.set_random_seed(20)
    count_anew()


@pytest.fixture
def x64():
    """Let JAX compute in float64, which it does not by itself.

    The rest of the suite runs as a user does who has set nothing.
    """
    from support.precision import float64_enabled

    with float64_enabled():
        yield


@pytest.fixture(autouse=True)
def _x64_for_dtype(request):
    """Use `x64` in each test whose parameter `dtype` is float64."""
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and callspec.params.get("dtype") == "float64":
        request.getfixturevalue("x64")


@pytest.fixture(scope="module", autouse=True)
def _compiled_code_freed():
    """Free what JAX has compiled before it adds up to gigabytes.

    Not after each module: the next one computes much of the same.
    """
    yield
    import keras

    if keras.backend.backend() == "jax" and process.memory() > COMPILED:
        import jax

        jax.clear_caches()
