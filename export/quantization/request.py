"""What `export_model(..., quantize=...)` takes: a mode, or arguments of `quantize`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_acts._export_options import MODES
from keras_acts.export.errors import OptionError
from keras_acts.export.quantization.settings import Settings, check

_DATA = ("calibration", "inputs")


@dataclass(frozen=True)
class Request:
    """A quantization that is asked for along with an export.

    Attributes:
        settings: Its options.
        calibration: The user's data for the ranges, or None.
        inputs: The user's data to measure answers on, or None.
    """

    settings: Settings
    calibration: Any = None
    inputs: Any = None

    @classmethod
    def of(cls, asked: Any, inputs: Any) -> Request:
        """Read the argument of `export_model`.

        Args:
            asked: The argument.
            inputs: What else the answers are compared on, unless it says otherwise.

        Raises:
            OptionError: It is neither a mode nor a dictionary of valid arguments.
        """
        asked = {"mode": asked} if isinstance(asked, str) else asked
        if not isinstance(asked, Mapping):
            raise OptionError(
                f"`quantize` must be one of {', '.join(map(repr, MODES))}, or a "
                "dictionary of arguments of `keras_acts.export.quantize`. "
                f"Received: quantize={asked!r} (of type {type(asked).__name__})"
            )
        known = (*Settings.names(), *_DATA)
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise OptionError(
                "`quantize` must have arguments of `keras_acts.export.quantize`: "
                f"{', '.join(sorted(known))}. Received: {unknown}"
            )
        own = {name: asked[name] for name in asked if name not in _DATA}
        settings = Settings(**own)
        check(settings)
        once = hasattr(inputs, "__next__")  # the verification has read it
        inputs = asked.get("inputs", None if once else inputs)
        return cls(settings, asked.get("calibration"), inputs)
