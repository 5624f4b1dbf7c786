"""A model's inputs and outputs: names, shapes, dtypes and structure."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import keras

from keras_acts.export.errors import NameClashError, SignatureError
from keras_acts.export.names import UniqueNames
from keras_acts.export.trace.calls.function_model import FunctionModel
from keras_acts.export.trace.calls.input_signature import (
    Arguments,
    arguments_of,
    is_pair,
    is_shape,
    parameters_of,
    recorded_arguments,
    shown,
)
from keras_acts.export.trace.graph import Shape
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.structure import (
    flatten,
    flatten_with_path,
    map_structure,
)

# Keras numbers these by how many the process has made.
_AUTOMATIC = re.compile(r"(keras_tensor|input_layer)(_\d+)?")


@dataclass(frozen=True)
class TracedInput:
    """One input of a model.

    Attributes:
        shape: Its sizes, including the batch; None where unknown.
        dtype: Keras's name for its dtype.
        name: Its name in the ONNX file.
    """

    shape: Shape
    dtype: str
    name: str


@dataclass(frozen=True)
class Signature:
    """How a model is called: arguments, each a structure of inputs.

    Their leaves are inputs, None, or True or False as they are.

    Attributes:
        arguments: The positional ones.
        keywords: Those given by name.
    """

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> list[TracedInput]:
        """The inputs as a flat list, in the order of the structure."""
        leaves = flatten([*self.arguments, *self.keywords.values()])
        return [x for x in leaves if isinstance(x, TracedInput)]

    def map(self, make: Callable[[TracedInput], Any]) -> Arguments:
        """Return the arguments and the keywords, with `make` applied to each input."""

        def leaf(x: Any) -> Any:
            return make(x) if isinstance(x, TracedInput) else x

        positional = tuple(map_structure(leaf, one) for one in self.arguments)
        return positional, {k: map_structure(leaf, x) for k, x in self.keywords.items()}

    def call(self, model: Any, make: Callable[[TracedInput], Any]) -> Any:
        """Call a model in inference, with `make` applied to each input."""
        arguments, keywords = self.map(make)
        return model(*arguments, **{"training": False, **keywords})

    def renamed(self, names: Sequence[str] | Mapping[str, str] | None) -> Signature:
        """Return the signature with new names, given in order or by present name."""
        if names is None:
            return self
        present = [spec.name for spec in self.inputs]
        new = renamed(present, names, "input_names")
        table = dict(zip(present, new, strict=True))
        rename = lambda spec: replace(spec, name=table[spec.name])  # noqa: E731
        return Signature(*self.map(rename))


def model_signature(model: Any, given: Any = None) -> Signature:
    """Find the signature of a model.

    Args:
        model: A Keras model or layer.
        given: The user's signature, as `input_signature` describes it, of
            `keras.InputSpec`, `KerasTensor`, arrays, shapes, or `(shape, dtype)`. A
            model without weights is built from it, as `model.build` would.

    Raises:
        SignatureError: The model has no weights or no signature yet, or `given` is not
            of that form or doesn't match the model.
    """
    if not model.built and given is None:
        raise SignatureError(
            f"The weights of '{model.name}' do not exist yet: call it once on a batch, "
            "load it from a file, or give `input_signature`. "
            f"Received: a {type(model).__name__} that is not built"
        )
    if given is None and isinstance(model, FunctionModel):
        raise SignatureError(
            f"The inputs of a function are unknown: give `input_signature`, such as "
            f"{_example(model)}. Received: input_signature=None"
        )
    arguments: Arguments
    if given is not None:
        arguments = arguments_of(model, given)
    elif reads.input_structure(model) is not None:
        arguments = (reads.input_structure(model),), {}
    else:
        make = partial(_from_shapes, dtype=model.input_dtype)
        arguments = recorded_arguments(model, make)
    signature = _Namer(model).name(*arguments)
    _check_fits(model, signature, given)
    if not model.built:
        _build(model, signature, given)
    return signature


def _build(model: Any, signature: Signature, given: Any) -> None:
    """Create a model's weights by calling it on symbolic tensors."""

    def tensor(spec: TracedInput) -> Any:
        return keras.KerasTensor(spec.shape, spec.dtype)

    try:
        if isinstance(model, FunctionModel):
            model.build_layers(*signature.map(tensor))
        else:
            arguments, keywords = signature.map(tensor)
            with reads.calls_forgotten(model):
                model(*arguments, **keywords)
    except Exception as error:
        raise SignatureError(
            f"The weights of '{model.name}' do not exist yet, and it can't be built "
            "from `input_signature`: call it once on a batch. "
            f"Received: input_signature={given!r} ({type(error).__name__}: {error})"
        ) from error


def _check_fits(model: Any, signature: Signature, given: Any) -> None:
    """Raise `SignatureError` unless the model can be called with a signature."""
    parameters = parameters_of(model)
    call = inspect.Signature(list(parameters.values()))
    try:
        bound = call.bind(*signature.arguments, **signature.keywords).arguments
        if isinstance(bound.get("training"), TracedInput):
            raise TypeError("`training` would be an input")
    except TypeError as error:
        raise SignatureError(
            f"The inputs of '{model.name}' are not those of its call, "
            f"{_shown_call(parameters)}: give `input_signature`, such as "
            f"{_example(model)}. "
            f"Received: input_signature={shown(given)} ({error})"
        ) from error
    known = reads.input_structure(model)
    if known is None or given is None:
        return
    inputs = flatten(known)
    if len(inputs) != len(signature.inputs) or not all(
        _fits(spec.shape, x.shape)
        for spec, x in zip(signature.inputs, inputs, strict=True)
    ):
        raise SignatureError(
            f"`input_signature` must fit the inputs of '{model.name}', of the shapes "
            f"{[x.shape for x in inputs]}. "
            f"Received: {[spec.shape for spec in signature.inputs]}"
        )


def _shown_call(parameters: Mapping[str, inspect.Parameter]) -> str:
    """Return the parameters of a call in brackets, without types."""
    plain = [one.replace(annotation=one.empty) for one in parameters.values()]
    return str(inspect.Signature(plain))


def _example(model: Any) -> str:
    """Return an example of a signature: a list with an input for each argument."""
    required = [
        one
        for one in parameters_of(model).values()
        if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    ]
    one = "keras.InputSpec(shape=(None, 8), dtype='float32')"
    names = [f"{p.name!r}: {one}" for p in required]
    inputs = ", ".join([one] * max(1, len(required)))
    by_name = f", or by name, `{{{', '.join(names)}}}`" if len(names) > 1 else ""
    return f"`[{inputs}]`{by_name}"


def _fits(shape: Shape, known: Shape) -> bool:
    """Whether two shapes agree in all sizes that both know."""
    return len(shape) == len(known) and all(
        a == b or a is None or b is None for a, b in zip(shape, known, strict=True)
    )


def _from_shapes(structure: Any, dtype: str) -> Any:
    """Turn shapes recorded at the first call into inputs of any batch size."""
    if is_shape(structure):
        return keras.InputSpec(shape=(None, *structure[1:]), dtype=dtype)
    if isinstance(structure, Mapping):
        return {k: _from_shapes(v, dtype) for k, v in structure.items()}
    return [_from_shapes(one, dtype) for one in structure]


class _Namer:
    """Names each input of a structure: its own name, its key, or a numbered name."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._names = UniqueNames()
        self._fallbacks: Iterator[str] = iter(())

    def name(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Signature:
        several = sum(1 for one in arguments for _ in _leaves(one)) > 1 or keywords
        numbered = (f"input_{i}" for i in itertools.count())
        self._fallbacks = numbered if several else iter(["input"])
        is_function = isinstance(self._model, FunctionModel)
        own = self._model.parameter_names if is_function else ()
        named = [
            self._visit(argument, "", parameter)
            for argument, parameter in itertools.zip_longest(
                arguments, own[: len(arguments)], fillvalue=""
            )
        ]
        by_name = {key: self._visit(x, "", key) for key, x in keywords.items()}
        return Signature(tuple(named), by_name)

    def _visit(self, x: Any, key: str, fallback: str) -> Any:
        if isinstance(x, Mapping):
            return {k: self._visit(v, str(k), str(k)) for k, v in x.items()}
        if isinstance(x, list | tuple) and not is_shape(x) and not is_pair(x):
            return [
                self._visit(v, key, f"{fallback}_{i}" if fallback else "")
                for i, v in enumerate(x)
            ]
        if x is None or isinstance(x, bool):
            return x
        return self._spec(x, key, fallback or next(self._fallbacks))

    def _spec(self, x: Any, key: str, fallback: str) -> TracedInput:
        if is_pair(x):
            shape, dtype = x
        elif is_shape(x):
            shape, dtype = x, self._model.input_dtype
        elif getattr(x, "shape", None) is not None:
            shape = x.shape
            dtype = getattr(x, "dtype", None) or self._model.input_dtype
        else:
            raise SignatureError(
                "An input must be a `keras.InputSpec`, a `KerasTensor`, an array, a "
                f"shape, or a pair of shape and dtype. Received: {x!r}"
            )
        name = key or _given_name(x) or fallback
        dtype = keras.backend.standardize_dtype(dtype)
        return TracedInput(tuple(shape), dtype, self._names.unique(name))


def _leaves(x: Any) -> Iterator[Any]:
    """Yield the inputs of a structure, without None."""
    if isinstance(x, Mapping):
        x = list(x.values())
    if isinstance(x, list | tuple) and not is_shape(x) and not is_pair(x):
        for part in x:
            yield from _leaves(part)
    elif x is not None and not isinstance(x, bool):
        yield x


def _given_name(x: Any) -> str | None:
    """Return an input's name, None if Keras made it by counting."""
    name = getattr(x, "name", None)
    return None if name is None or _AUTOMATIC.fullmatch(name) else name


def size_name(name: str, axis: int) -> str:
    """Return the name in the file of an unknown size of an input."""
    return "batch" if axis == 0 else f"{name}_{axis}"


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name != ""


def renamed(
    present: Sequence[str], names: Sequence[str] | Mapping[str, str], argument: str
) -> list[str]:
    """Return the new names, given in order or as a mapping of present names.

    Raises:
        SignatureError: There are too many or too few, or a key is no present name.
        NameClashError: Two of them are equal.
    """
    if isinstance(names, Mapping):
        fits = all(name in present for name in names)
        new = [names.get(name, name) for name in present]
    else:
        fits = isinstance(names, Sequence) and not isinstance(names, str)
        fits = fits and len(names) == len(present)
        new = list(names) if fits else []
    if not fits or not all(_is_name(name) for name in new):
        raise SignatureError(
            f"`{argument}` must give one name for each of {list(present)}, in order, "
            f"or map some of them to new ones. Received: {argument}={names!r}"
        )
    if len(set(new)) != len(new):
        raise NameClashError(
            f"`{argument}` must give different names. Received: {argument}={names!r}"
        )
    return new


def output_names(model: Any, outputs: Any, taken: Sequence[str]) -> dict[str, Any]:
    """Name a model's outputs: by their keys, by the layers they come from, or numbered.

    Args:
        model: The model that returned them.
        outputs: What it returned; None is left out.
        taken: The names of the inputs.
    """
    layers = list(reads.output_layer_names(model))
    flat = list(flatten_with_path(outputs))
    names, named = UniqueNames(taken), dict[str, Any]()
    for i, (path, x) in enumerate(flat):
        keys = [part for part in path if isinstance(part, str)]
        if keys:
            name = "/".join(map(str, path))
        elif len(layers) == len(flat):
            name = layers[i]
        else:
            name = "output" if len(flat) == 1 else f"output_{i}"
        if x is not None:
            named[names.unique(name)] = x
    return named


def public_names(
    model: Any,
    outputs: Any,
    taken: Sequence[str],
    names: Sequence[str] | Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return a model's outputs by their names in the file.

    Args:
        model: The model that returned them.
        outputs: What it returned.
        taken: The names of the inputs.
        names: Names for the outputs, instead of the model's own.

    Raises:
        SignatureError: `names` does not fit the outputs.
        NameClashError: Two outputs, or an output and an input, would share a name.
    """
    named = output_names(model, outputs, taken)
    if names is None:
        return named
    new = renamed(list(named), names, "output_names")
    clash = [name for name in new if name in taken]
    if clash:
        raise NameClashError(
            f"An output must not have the name of an input. Received: {clash[0]!r}"
        )
    return dict(zip(new, named.values(), strict=True))
