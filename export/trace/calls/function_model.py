"""A function as a model: its layers are those that it closes over.

Its layers, variables and seed generators are found where the function has them:

1. in its closure, among the globals that its code names, and in its defaults;
2. as the object of a bound method, or among the arguments of a `functools.partial`;
3. in lists, tuples and dictionaries, in attributes of objects, and in functions that
   are found likewise.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras

from keras_acts.export.errors import SignatureError
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import ACTIVE
from keras_acts.export.trace.tensors import has_traced

_LIBRARIES = ("builtins", "jax", "keras", "numpy", "tensorflow", "torch")
"""Packages whose functions hold no layers of the user's."""

_PARTS = (keras.layers.Layer, keras.Variable, keras.random.SeedGenerator)


class FunctionModel(keras.Model):
    """A function of tensors, written in `keras.ops`, that is called like a model.

    Unlike a layer it casts no input.

    Attributes:
        function: The function.
    """

    function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(name=_name(function), autocast=False)
        self._parts = list(_parts_of(function))
        # Set last, and unseen by Keras, which would track the owner of a method.
        object.__setattr__(self, "function", function)
        self.built = all(layer.built for layer in self.layers)

    @property
    def parameter_names(self) -> list[str]:
        """The names of the positional parameters."""
        parameters = inspect.signature(self.function).parameters.values()
        named = (p for p in parameters if p.kind is not p.VAR_POSITIONAL)
        return [p.name for p in named if p.kind is not p.VAR_KEYWORD]

    def build_layers(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Create the weights of its layers, given symbolic arguments."""
        reads.infer_output_spec(self.function, *args, **kwargs)
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __call__(self, *args: Any, training: Any = False, **kwargs: Any) -> Any:
        """Call the function, without what Keras does around `Layer.call`.

        `training` is for a function that takes it.
        """
        if "training" in inspect.signature(self.function).parameters:
            kwargs["training"] = training
        recorder = ACTIVE.get()
        if recorder is None or not has_traced((args, kwargs)):
            return self.function(*args, **kwargs)
        return recorder.layer(self, args, kwargs)


def model_of(model: Any) -> Any:
    """Return a function or a FeatureSpace as a model; everything else as it is."""
    if isinstance(model, keras.utils.FeatureSpace):
        return _of_features(model)
    is_function = callable(model) and not isinstance(model, keras.layers.Layer | type)
    plain = is_function and not hasattr(model, "signature")
    return FunctionModel(model) if plain else model


def _of_features(space: Any) -> Any:
    """Return the model of a FeatureSpace, whose own call takes no symbolic tensors."""
    try:
        inputs, outputs = space.get_inputs(), space.get_encoded_features()
    except ValueError as error:
        raise SignatureError(
            f"The FeatureSpace '{space.name}' has no features yet: call `adapt` on a "
            f"dataset. Received: a FeatureSpace that is not built ({error})"
        ) from error
    return keras.Model(inputs, outputs, name=space.name)


def _name(function: Any) -> str:
    """Return a function's name as one of a model; that of a lambda is `function`."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return re.sub(r"\W", "", "function" if name == "<lambda>" else name)


def _parts_of(function: Any) -> Iterator[Any]:
    """Yield the layers, variables and seed generators of a function, each once."""
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, _PARTS):
            yield one
        else:
            waiting += _inside(one)


def _inside(x: Any) -> list[Any]:
    """Return what a function, a container or an object holds (rules 1 to 3)."""
    if isinstance(x, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    if isinstance(x, Mapping):
        return list(x.values())
    if isinstance(x, list | tuple | set):
        return list(x)
    if inspect.ismethod(x):
        return [x.__self__]
    if hasattr(x, "__wrapped__"):
        return [x.__wrapped__]
    return _of_function(x) if inspect.isfunction(x) else _of_object(x)


def _of_function(function: Any) -> list[Any]:
    """Return what the code of a function of the user's names (rule 1)."""
    if _is_of_library(function.__module__):
        return []
    cells = [c.cell_contents for c in function.__closure__ or () if _is_filled(c)]
    outer = function.__globals__
    names = [n for n in _global_names(function.__code__) if n in outer]
    keywords = function.__kwdefaults__ or {}
    defaults = [*(function.__defaults__ or ()), *keywords.values()]
    return [*cells, *(outer[name] for name in names), *defaults]


def _of_object(x: Any) -> list[Any]:
    """Return the layers among the attributes of an object of a user's class."""
    is_own = hasattr(x, "__dict__") and not inspect.ismodule(x)
    if not is_own or isinstance(x, type) or _is_of_library(type(x).__module__):
        return []
    held = (*_PARTS, list, tuple, dict)
    return [one for one in vars(x).values() if isinstance(one, held)]


def _is_of_library(module: str | None) -> bool:
    return (module or "").split(".")[0] in _LIBRARIES


def _global_names(code: Any) -> list[str]:
    """Return the names that code and the functions inside it read."""
    inner = (one for one in code.co_consts if inspect.iscode(one))
    return [*code.co_names, *(name for one in inner for name in _global_names(one))]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # the variable has no value yet
        return False
