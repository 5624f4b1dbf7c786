"""One architecture of a library of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import keras


@dataclass(frozen=True)
class Architecture:
    """One architecture of a library of others.

    Attributes:
        library: The library's name in the package index.
        name: The class or function that makes it, and what sets it apart.
        build: Makes the model, tiny.
        sizes: Sizes of inputs by name, beside the batch, where they have to fit each
            other; None is any length.
        refused: What the error quotes where it can't be exported; "" where it can.
        missing: What is missing there.
        refused_on: The backends on which it can't.
        backends: The backends on which the library runs.
        engine: As of `to_onnx`; "auto" where a layer calls the backend itself.
    """

    library: str
    name: str
    build: Callable[[], keras.Model]
    sizes: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    refused: str = ""
    missing: str = ""
    refused_on: Sequence[str] = ("torch", "jax", "tensorflow")
    backends: Sequence[str] = ("torch", "jax", "tensorflow")
    engine: str = "native"

    @property
    def refused_here(self) -> str:
        """What the error quotes on this backend; "" where the model is exported."""
        here = keras.backend.backend() in self.refused_on
        return self.refused if here else ""

    def __str__(self) -> str:
        return f"{self.library}/{self.name}"
