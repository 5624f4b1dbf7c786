"""The input of an engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_acts.export.options import ExportOptions


@dataclass(frozen=True, kw_only=True)
class Request(ExportOptions):
    """A model to convert, and the options.

    Attributes:
        model: A Keras model or layer, or a `SavedModel`.
        size_names: By the name of an input, the names of its unknown sizes, None for
            those that keep their own; of one name are sizes that are always equal.
    """

    model: Any
    size_names: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
