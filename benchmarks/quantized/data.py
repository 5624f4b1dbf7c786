"""Real data that packages ship: digits of scikit-learn, sources of Python's library."""

from __future__ import annotations

import re
import sysconfig
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_TOKEN = re.compile(r"[A-Za-z_]+|\d+|[^\sA-Za-z_\d]")
_LIBRARIES = (
    "asyncio",
    "email",
    "unittest",
    "multiprocessing",
    "xml",
    "http",
    "importlib",
    "json",
    "logging",
    "tkinter",
    "urllib",
    "ctypes",
)
VOCABULARY = 10_000
LENGTH = 32
_UNKNOWN = 1


@dataclass(frozen=True)
class Data:
    """Inputs and classes, to train on and to measure on."""

    train: Array
    train_classes: Array
    test: Array
    test_classes: Array


def digits() -> Data:
    """Return scikit-learn's 1,797 images of 8 by 8, a quarter of them to measure on."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = (found.images / 16).astype("float32")[..., None]
    return _split(images, found.target, len(images) * 3 // 4)


def sources() -> Data:
    """Return parts of Python's own sources; the class is the library that has them.

    Each part is 32 tokens; a file is in one half of the data only.
    """
    root = Path(sysconfig.get_path("stdlib"))
    files = [
        (label, _TOKEN.findall(path.read_text(encoding="utf-8", errors="replace")))
        for label, library in enumerate(_LIBRARIES)
        for path in sorted((root / library).rglob("*.py"))
        if "test" not in path.parts
    ]
    order = np.random.default_rng(0).permutation(len(files))
    files = [files[i] for i in order]
    cut = len(files) * 3 // 4
    counts = Counter(token for _, tokens in files[:cut] for token in tokens)
    common = sorted(counts, key=lambda token: (-counts[token], token))
    ids = {token: 2 + i for i, token in enumerate(common[: VOCABULARY - 2])}
    train, test = _parts(files[:cut], ids), _parts(files[cut:], ids)
    return Data(*train, *test)


def _parts(
    files: list[tuple[int, list[str]]], ids: dict[str, int]
) -> tuple[Array, Array]:
    rows, classes = [], []
    for label, tokens in files:
        numbers = [ids.get(token, _UNKNOWN) for token in tokens]
        for start in range(0, len(numbers) - LENGTH + 1, LENGTH):
            rows.append(numbers[start : start + LENGTH])
            classes.append(label)
    order = np.random.default_rng(1).permutation(len(rows))
    return np.array(rows, "int32")[order], np.array(classes)[order]


def _split(inputs: Array, classes: Array, cut: int) -> Data:
    order = np.random.default_rng(0).permutation(len(inputs))
    inputs, classes = inputs[order], classes[order]
    return Data(inputs[:cut], classes[:cut], inputs[cut:], classes[cut:])


CLASSES = len(_LIBRARIES)
