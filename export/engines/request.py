"""The input of an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras_acts.export.options import ExportOptions


@dataclass(frozen=True, kw_only=True)
class Request(ExportOptions):
    """A model to convert, and the options.

    Attributes:
        model: A Keras model or layer, or a `SavedModel`.
    """

    model: Any
