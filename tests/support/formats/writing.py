"""A model written in a format, or the test skipped where its runtime is missing."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import pytest

from support.formats.writers import Format


def written(model: Any, format: Format, folder: Path) -> Path:
    """Write a model, and return the file."""
    if importlib.util.find_spec(format.package) is None:
        pytest.skip(f"{format.package} is not installed; the test extra has it")
    path = folder / f"model{format.suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converters' own
        format.write(model, path)
    return path
