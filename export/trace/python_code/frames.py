"""The code that asks: of the model, or of Keras and the other libraries below it."""

from __future__ import annotations

import inspect
import linecache
from types import FrameType
from typing import Any

_LIBRARIES = frozenset(
    (
        *("keras", "keras_acts", "jax", "jaxlib", "numpy", "openvino", "optree"),
        *("tensorflow", "torch"),
    )
)

_TRACER = "keras_acts.export.trace.tracer"
"""The module that calls the model: frames around it belong to the user's program."""


def is_library(module: dict[str, Any]) -> bool:
    """Whether a module, given its globals, is Keras's or of a library below it."""
    return str(module.get("__name__")).partition(".")[0] in _LIBRARIES


def _is_library(frame: FrameType) -> bool:
    return is_library(frame.f_globals)


def asked_by_model(through: int = 0) -> bool:
    """Whether the caller of the calling function belongs to the model's own code.

    Args:
        through: How many functions of Keras stand between the two.
    """
    frame = inspect.currentframe()
    for _ in range(2 + through):
        frame = None if frame is None else frame.f_back
    return frame is not None and not _is_library(frame)


def asking_expression() -> str:
    """Return the source of the innermost expression of the model that is evaluated.

    Where none of the model's own code asks, it is that of Keras.
    """
    frames = _traced_frames()
    models = (one for one in frames if not _is_library(one))
    keras = (one for one in frames if _package(one) == "keras")
    frame = next(models, None) or next(keras, None)
    if frame is None:
        return "a condition"
    positions = inspect.getframeinfo(frame, context=0).positions
    return _source(frame.f_code.co_filename, positions) or "a condition"


def _traced_frames() -> list[FrameType]:
    """Return the frames inside the trace, the innermost first."""
    frames = []
    frame = inspect.currentframe()
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    names = [one.f_globals.get("__name__") for one in frames]
    return (
        frames[: len(names) - names[::-1].index(_TRACER)]
        if _TRACER in names
        else frames
    )


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _source(filename: str, positions: object) -> str:
    """Return the source at a position, on one line."""
    first, last = (getattr(positions, x, None) for x in ("lineno", "end_lineno"))
    start, end = (getattr(positions, x, None) for x in ("col_offset", "end_col_offset"))
    line = linecache.getline(filename, first or 0)
    if first is None or first != last or start is None:
        return line.strip()
    # Columns are offsets in bytes.
    return line.encode()[start:end].decode(errors="ignore").strip()


def is_deliberate(error: BaseException) -> bool:
    """Whether code checks its arguments and raised an error, by `raise` or `assert`.

    It is the model's own code, or a function of Keras before it records anything.
    """
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if not frames or any(one.tb_frame.f_code.co_name in _SHAPES for one in frames):
        return False
    last = frames[-1]
    package = str(last.tb_frame.f_globals.get("__name__")).partition(".")[0]
    if is_library(last.tb_frame.f_globals) and package != "keras":
        return False
    if isinstance(error, AssertionError):
        return True
    positions = inspect.getframeinfo(last, context=0).positions
    return _source(last.tb_frame.f_code.co_filename, positions).startswith("raise")


_SHAPES = ("compute_output_spec", "compute_output_shape", "symbolic_call")
"""Functions of Keras that may refuse symbols, where they would take values."""
