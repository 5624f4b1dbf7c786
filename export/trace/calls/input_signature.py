"""How a user's signature becomes the arguments of a call.

Like `model.export` of Keras, `input_signature` takes a list or tuple with a structure
for each positional argument. It also takes the structure of a single argument by
itself, and a dictionary with a structure for each argument by name.

1. A Functional or Sequential model has one argument, of a known structure.
2. A dictionary whose keys are arguments of the call, the required ones among them,
   gives each by its name.
3. A list or tuple of one structure is the first argument.
4. A longer one is several arguments if the call takes so many, else the first one. A
   model that was called before says which it is; of a function it is several.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_acts.export.errors import SignatureError
from keras_acts.export.trace.calls.function_model import FunctionModel
from keras_acts.export.trace.keras_patches import reads

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""The positional arguments and the keywords, each a structure."""

_AUTOMATIC = re.compile(r"keras_tensor(_\d+)?")
"""Names that Keras gives tensors."""

_CONTEXT = ("training", "mask")
"""Arguments that Keras fills in itself, if they have a default."""


def arguments_of(model: Any, given: Any) -> Arguments:
    """Return the arguments of a call that a signature stands for (rules 1 to 4).

    Raises:
        SignatureError: It has another structure than the model's inputs.
    """
    known = reads.input_structure(model)
    if known is not None:
        return (_like_known(model.name, known, given),), {}
    parameters = parameters_of(model)
    if isinstance(given, Mapping) and _names_arguments(given, parameters):
        return (), dict(given)
    if not is_sequence(given):
        return (given,), {}
    if len(given) == 1:
        return (given[0],), {}
    several = _is_several(model, given, parameters)
    return (tuple(given), {}) if several else ((given,), {})


def recorded_arguments(model: Any, make: Callable[[Any], Any]) -> Arguments:
    """Return the arguments that a model was called with, made of their shapes.

    Those after one that was left out are keywords.
    """
    recorded = reads.recorded_shapes(model)
    order = list(parameters_of(model))
    names = [key.removesuffix("_shape") for key in recorded]
    made = [make(shape) for shape in recorded.values()]
    if names == order[: len(names)] or not set(names) <= set(order):
        return tuple(made), {}
    named = dict(zip(names, made, strict=True))
    first = named.pop(order[0]) if order[0] in named else None
    return (() if first is None else (first,)), named


def parameters_of(model: Any) -> dict[str, inspect.Parameter]:
    """Return the parameters of a model's `call`, or of a function."""
    call = model.function if isinstance(model, FunctionModel) else model.call
    return dict(inspect.signature(call).parameters)


def is_sequence(x: Any) -> bool:
    """Whether something is a list or tuple of structures, not a shape or a pair."""
    return isinstance(x, list | tuple) and not is_shape(x) and not is_pair(x)


def is_shape(x: Any) -> bool:
    """Whether something is a shape."""
    return isinstance(x, list | tuple) and all(
        d is None or (isinstance(d, int) and not isinstance(d, bool)) for d in x
    )


def is_pair(x: Any) -> bool:
    """Whether something is a pair `(shape, dtype)`."""
    return (
        isinstance(x, tuple)
        and len(x) == 2
        and is_shape(x[0])
        and isinstance(x[1], str)
    )


def shown(structure: Any) -> str:
    """Return a structure in words: shapes in the place of its leaves."""
    if isinstance(structure, Mapping):
        parts = (f"{key!r}: {shown(x)}" for key, x in structure.items())
        return "{" + ", ".join(parts) + "}"
    if is_sequence(structure):
        inside = ", ".join(map(shown, structure))
        return f"[{inside}]" if isinstance(structure, list) else f"({inside})"
    shape = getattr(structure, "shape", None)
    return repr(structure) if shape is None else str(tuple(shape))


def _names_arguments(given: Any, parameters: Mapping[str, Any]) -> bool:
    """Rule 2: whether a dictionary gives arguments by their names."""
    required = {
        name
        for name, one in parameters.items()
        if one.default is one.empty
        and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }
    return required <= set(given) <= set(parameters)


def _is_several(
    model: Any, given: Any, parameters: Mapping[str, inspect.Parameter]
) -> bool:
    """Rule 4: whether a list or tuple is several arguments, not the first one."""
    if isinstance(model, FunctionModel):
        return True
    recorded = list(reads.recorded_shapes(model).values())
    if len(recorded) == 1:
        return not is_sequence(recorded[0]) or len(recorded[0]) != len(given)
    if isinstance(given, tuple) and len(recorded) > 1:
        return True
    positional = [
        name
        for name, one in parameters.items()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        and not (name in _CONTEXT and one.default is not one.empty)
    ]
    variadic = any(one.kind is one.VAR_POSITIONAL for one in parameters.values())
    return variadic or len(positional) >= min(len(given), 2)


def _like_known(name: str, known: Any, given: Any) -> Any:
    """Rule 1: return a signature in the structure of a model's inputs."""
    candidates = [given]
    if is_sequence(given) and len(given) == 1:
        candidates.append(given[0])
    if isinstance(known, list | tuple) and len(known) == 1:
        candidates += [[one] for one in candidates if _is_leaf(one)]
    for one in candidates:
        if _has_structure(one, known):
            return _completed(one, known)
    raise SignatureError(
        f"`input_signature` must fit the inputs of '{name}', of the structure "
        f"{shown(known)}, or be a list with that alone. "
        f"Received: input_signature={shown(given)}"
    )


def _completed(given: Any, known: Any) -> Any:
    """Return a signature with the names and dtypes that it leaves to the model."""
    if isinstance(known, Mapping):
        return {key: _completed(given[key], known[key]) for key in given}
    if isinstance(known, list | tuple):
        return [_completed(*pair) for pair in zip(given, known, strict=True)]
    if given is None or is_pair(given):
        shape, dtype = given or (None, None)
    else:
        shape = given if is_shape(given) else getattr(given, "shape", None)
        dtype = getattr(given, "dtype", None)
    if shape is None:
        return given
    names = [getattr(given, "name", None), known.name]
    own = [one for one in names if one and not _AUTOMATIC.fullmatch(one)]
    return keras.InputSpec(
        dtype=keras.backend.standardize_dtype(dtype or known.dtype),
        shape=tuple(shape),
        name=own[0] if own else None,
    )


def _is_leaf(x: Any) -> bool:
    return not isinstance(x, Mapping) and not is_sequence(x)


def _has_structure(given: Any, known: Any) -> bool:
    """Whether two structures differ in their leaves alone, and in list or tuple."""
    if isinstance(known, Mapping):
        return (
            isinstance(given, Mapping)
            and set(given) == set(known)
            and all(_has_structure(given[key], known[key]) for key in known)
        )
    if isinstance(known, list | tuple):
        return (
            is_sequence(given)
            and len(given) == len(known)
            and all(map(_has_structure, given, known))
        )
    return _is_leaf(given)
