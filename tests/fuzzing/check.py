"""Exports a program, runs the file in onnxruntime, and compares it with Keras."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from fuzzing import reference
from fuzzing.program import FUNCTION, FUNCTIONAL, SUBCLASSED, Program
from keras_acts.export import ExportError, to_onnx
from keras_acts.export.errors import GraphError
from support.automatic_names import count_anew
from support.empty import ABORTS_ON_SIZES, has_any
from support.empty import REFUSED as REFUSED_EMPTY
from support.export_check import assert_alike, open_session, run
from support.masks import attach_mask, mask_of

Array = np.ndarray

RIGHT = "right"
REFUSED = "refused"
WRONG = "wrong answer"
BROKEN = "file that can't run"
UNTYPED = "untyped error"
ROUNDING = "rounding decides"
EPSILONS = {
    "bfloat16": 2.0**-7,
    "float16": 2.0**-10,
    "float32": 2.0**-23,
    "float64": 2.0**-52,
}
FAULTS = (WRONG, BROKEN, UNTYPED)

SIZES = {
    0: (1, 3),
    2: (4, 3),
    3: (4, 2),
    4: (3, 6),
    5: (7, 2),
    6: (9, 5),
    7: (8, 5),
    8: (11, 6),
}
"""What unknown sizes become in other runs; 0 is the batch. Equal ones stay so. No other
becomes 1, which some backends broadcast where Keras's rules have an error."""

EMPTY = ({0: 0}, {n: 0 for n in SIZES if n})
"""The unknown sizes that are 0 in the last runs: the batch, then the others."""


@dataclass(frozen=True)
class Result:
    """What came of a program.

    Attributes:
        outcome: Right, refused or one of `FAULTS`; or that Keras's own answers turn on
            the last bit of a number, so that none is right.
        reason: What is wrong, or why it was refused.
        seconds: How long it took.
    """

    outcome: str
    reason: str = ""
    seconds: float = 0.0

    def is_like(self, other: Result) -> bool:
        """Whether another program went wrong in the same way."""
        return self.outcome == other.outcome and self.kind == other.kind

    @property
    def kind(self) -> str:
        """The reason without names and numbers."""
        line = self.reason.splitlines()[0] if self.reason else ""
        line = re.sub(r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\[[^\]]*\]", "…", line)
        return re.sub(r"\b[a-z_0-9/]*\d+[\w/.]*", "…", line)[:160]


_OUTSIDE = ("Out of range value in index", "indices element out of data bounds")
"""What onnxruntime says of an index outside of an axis, where backends differ."""

_SHOWN = re.compile("difference|ACTUAL|DESIRED")


class NoAnswerError(Exception):
    """Keras refuses an input, or computes numbers that are no numbers."""


def check(program: Program) -> Result:
    """Return what comes of a program."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome, reason = _checked(program)
    return Result(outcome, reason, round(time.perf_counter() - start, 3))


def prepared(program: Program) -> tuple[dict[str, Any], Any]:
    """Return the variables of a program and its model, called once, with weights.

    Raises:
        Exception: Keras doesn't build the model, or its call fails.
    """
    count_anew()
    keras.utils.set_random_seed(1)
    names = program.build()
    model = names["model"]
    arrays = _arrays(program, {}).values()
    inputs = [keras.ops.convert_to_tensor(x) for x in arrays]
    if program.form == FUNCTION:
        model(*inputs)
        reference.randomize(reference.layers_of(names))
    else:
        model(inputs if len(inputs) > 1 else inputs[0], training=False)
        reference.randomize(model)
    if program.form == SUBCLASSED:
        names |= {k: v for k, v in vars(model).items() if re.fullmatch(r"l\d+", k)}
    return names, model


def _checked(program: Program) -> tuple[str, str]:
    names, model = prepared(program)
    known = program.form == FUNCTIONAL
    signature = {} if known else {"input_signature": names["signature"]}
    try:
        proto = to_onnx(model, engine="native", **signature, **program.options)
    except GraphError as error:
        return BROKEN, f"GraphError: {error}"
    except ExportError as error:
        return REFUSED, str(error)
    except Exception as error:
        return UNTYPED, f"{type(error).__name__}: {error}"
    try:
        sessions = [open_session(proto), open_session(proto, optimized=False)]
    except Exception as error:
        return BROKEN, f"{type(error).__name__}: {error}"
    for arrays in _runs(program, empty=not has_any(proto.graph, ABORTS_ON_SIZES)):
        try:
            want, magnitude = answers(program, names, arrays)
        except NoAnswerError:
            continue
        for session, how in zip(sessions, ("", " without optimizations"), strict=True):
            try:
                got = run(session, list(arrays.values()))
            except Exception as error:
                if any(known in str(error) for known in (*REFUSED_EMPTY, *_OUTSIDE)):
                    continue
                return BROKEN, f"{type(error).__name__}{how}: {error}"
            wrong = _difference(_held(got, want), want, magnitude, program.draws)
            if wrong:
                shown = f"{wrong}{how} (sizes {[x.shape for x in arrays.values()]})"
                unsure = _rounding(program, names, arrays, want)
                return (ROUNDING if unsure else WRONG), shown
    return RIGHT, ""


def _runs(program: Program, *, empty: bool) -> Iterator[dict[str, Array]]:
    """Yield the sample, and where sizes are unknown inputs of others, then of none."""
    yield _arrays(program, {})
    if any(x.unknown for x in program.inputs):
        for i in range(2):
            yield _arrays(program, {n: x[i] for n, x in SIZES.items()})
        if empty:
            yield from (_arrays(program, sizes) for sizes in EMPTY)


def _arrays(program: Program, sizes: Mapping[int, int]) -> dict[str, Array]:
    made = {}
    for port in program.inputs:
        shape = [
            n if i not in port.unknown else sizes.get(n if i else 0, n)
            for i, n in enumerate(port.shape)
        ]
        made[port.name] = reference.draw(
            shape,
            port.dtype,
            port.positive,
            seed=len(sizes) + sum(shape) if sizes else 0,
        )
    return made


def answers(
    program: Program,
    names: Mapping[str, Any],
    arrays: Mapping[str, Array],
    noise: np.random.Generator | None = None,
) -> tuple[list[Array], float]:
    """Return Keras's answers, step by step, and the largest number on the way.

    Args:
        program: The program.
        names: Its layers.
        arrays: Its inputs.
        noise: Moves the inputs and the result of each step by some of their last bits.

    Raises:
        NoAnswerError: Keras refuses it, or a step gives what is no number.
    """
    values, largest = dict(names), 0.0
    try:
        for name, x in arrays.items():
            values[name] = keras.ops.convert_to_tensor(_moved(x, noise))
        for step in program.steps:
            result = eval(step.code, values)  # our own code
            array = _numpy(result)
            # TensorFlow's `==` of sizes that don't fit is False, and no error.
            if array.ndim != len(step.shape):
                raise NoAnswerError
            # Of nothing at all, the result of some functions has another one.
            if not array.size and _name(array) != step.dtype:
                raise NoAnswerError
            if not array.size and not _has_stated_sizes(array, step.code, values):
                raise NoAnswerError
            if not np.isfinite(array.astype("float64")).all():
                raise NoAnswerError
            magnitude = np.abs(array.astype("float64")).max(initial=0.0)
            largest = max(largest, float(magnitude))
            if noise is not None and "float" in str(array.dtype):
                mask = mask_of(result)
                result = keras.ops.convert_to_tensor(_moved(array, noise))
                if mask is not None:
                    attach_mask(result, mask)
            values[step.target] = result
    except NoAnswerError:
        raise
    except Exception as error:
        raise NoAnswerError from error
    return [_numpy(values[x]) for x in program.outputs], largest


def _has_stated_sizes(array: Array, code: str, values: Mapping[str, Any]) -> bool:
    """Whether a result of nothing has the sizes that Keras states for such inputs.

    TensorFlow's convolutions hand a batch of none back as it came.
    """
    symbolic = {
        name: keras.KerasTensor(x.shape, keras.backend.standardize_dtype(x.dtype))
        if keras.ops.is_tensor(x)
        else x
        for name, x in values.items()
    }
    try:
        return tuple(eval(code, symbolic).shape) == array.shape  # our own code
    except Exception:  # Keras has no say
        return True


def _moved(x: Array, noise: np.random.Generator | None) -> Array:
    """Return numbers with some of their last bits changed."""
    if noise is None or "float" not in str(x.dtype):
        return x
    part = 4 * EPSILONS[str(x.dtype)] * noise.uniform(-1, 1, x.shape)
    numbers = x.astype("float64")
    # The sign of a zero, and its order beside another, are such bits too.
    return np.where(numbers == 0, part * 1e-6, numbers * (1 + part)).astype(x.dtype)


def _held(got: list[Array], want: list[Array]) -> list[Array]:
    """Return answers in the dtypes in which torch holds unsigned numbers."""
    if keras.backend.backend() != "torch":
        return got
    return [
        x.astype(y.dtype) if x.dtype.name in ("uint16", "uint32") else x
        for x, y in zip(got, want, strict=True)
    ]


def _name(array: Array) -> str:
    return str(keras.backend.standardize_dtype(array.dtype))


def _numpy(x: Any) -> Array:
    return np.asarray(keras.ops.convert_to_numpy(x))


def _difference(
    got: list[Array], want: list[Array], magnitude: float, drawn: bool = False
) -> str:
    """Return how answers differ; "" if they don't.

    Args:
        got: Those of one side.
        want: Those of the other.
        magnitude: The largest number on the way. Some epsilons of it are its rounding,
            where they cancel out.
        drawn: Whether they are drawn anew, so that their numbers differ.
    """
    for actual, expected in zip(got, want, strict=True):
        if actual.dtype != expected.dtype:
            return f"dtype {actual.dtype}, Keras {expected.dtype}"
        if actual.shape != expected.shape:
            return f"shape {actual.shape}, Keras {expected.shape}"
        if drawn:
            continue
        bits = 16 * EPSILONS.get(str(actual.dtype), 0.0) * magnitude
        try:
            far = np.abs(actual.astype("float64") - expected.astype("float64")) > bits
            assert_alike(np.where(far, actual, expected), expected)
        except AssertionError as error:
            shown = [x for x in str(error).splitlines() if _SHOWN.search(x)]
            return "\n".join(["answers differ", *shown])
    return ""


def _rounding(
    program: Program,
    names: Mapping[str, Any],
    arrays: Mapping[str, Array],
    want: list[Array],
) -> bool:
    """Whether Keras's own answers change as much where last bits are moved."""
    for seed in range(4):
        noise = np.random.default_rng(seed)
        try:
            moved, magnitude = answers(program, names, arrays, noise)
        except NoAnswerError:
            return True
        if _difference(moved, want, magnitude):
            return True
    return False
