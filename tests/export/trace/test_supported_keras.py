"""The table of Keras's releases: what it says, and what happens outside of it."""

from __future__ import annotations

import re
import tomllib
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import pytest
from keras import layers

from keras_acts.export import UnsupportedKerasWarning, to_onnx
from keras_acts.export.convert.registry import registered_kinds
from keras_acts.export.trace.keras_patches import patches, supported
from support.process import ROOT


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """As in a process that has not traced."""
    supported.warn_if_untried.cache_clear()
    yield
    supported.warn_if_untried.cache_clear()


def model() -> Any:
    return keras.Sequential([keras.Input((3,)), layers.Dense(2)])


def test_the_releases_are_in_order() -> None:
    numbers = [supported.parsed(release) for release in supported.TRIED]
    assert numbers == sorted(set(numbers))
    assert list(supported.ADDED) == list(supported.TRIED[1:])


def test_what_releases_added_is_in_use() -> None:
    added = [name for names in supported.ADDED.values() for name in names]
    assert len(added) == len(set(added))
    used = {*registered_kinds(), *(patch.path for patch in patches.PATCHES)}
    assert set(added) <= used


def test_what_older_releases_need_is_a_patch() -> None:
    needed = [path for paths in supported.NEEDED_BEFORE.values() for path in paths]
    assert set(supported.NEEDED_BEFORE) <= set(supported.TRIED)
    assert set(needed) <= {patch.path for patch in patches.PATCHES}


def test_the_package_asks_for_the_oldest_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"keras>={supported.TRIED[0]}" in project["dependencies"]


def test_the_docs_name_the_range() -> None:
    text = (ROOT / "docs" / "export.md").read_text()
    assert f"Keras {supported.tried_range()}" in re.sub(r"\s+", " ", text)


def test_the_present_keras_was_tried() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        to_onnx(model())
    ours = [w for w in caught if w.category is UnsupportedKerasWarning]
    assert bool(ours) != supported.is_tried(keras.__version__)


@pytest.mark.parametrize("tried", [("2.4", "2.15"), ("99.0", "99.1")])
def test_another_keras_is_warned_of_once(
    tried: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supported, "TRIED", tried)
    with pytest.warns(UnsupportedKerasWarning) as caught:
        to_onnx(model())
    to_onnx(model())  # warnings are errors in tests
    (message,) = [str(warning.message) for warning in caught]
    for part in (keras.__version__, f"{tried[0]} to {tried[1]}", "verify"):
        assert part in message


def test_versions_are_compared_by_their_numbers() -> None:
    oldest, newest = supported.TRIED[0], supported.TRIED[-1]
    assert supported.is_tried(f"{oldest}.0")
    assert supported.is_tried(f"{newest}.7.dev0")
    major, minor = supported.parsed(newest)
    assert not supported.is_tried(f"{major}.{minor + 1}.0")
    assert supported.parsed("3.9.1") < supported.parsed("3.12")
    with pytest.raises(ValueError, match="Received: 'nightly'"):
        supported.parsed("nightly")
