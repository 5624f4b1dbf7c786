"""A model's inputs and outputs: names, shapes, dtypes and structure."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from keras_acts.export.errors import NameClashError, SignatureError
from keras_acts.export.names import UniqueNames
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
    """How a model is called: positional arguments, each a structure of inputs."""

    arguments: tuple[Any, ...]

    @property
    def inputs(self) -> list[TracedInput]:
        """The inputs as a flat list, in the order of the structure."""
        return [x for x in flatten(list(self.arguments)) if x is not None]

    def map(self, make: Callable[[TracedInput], Any]) -> tuple[Any, ...]:
        """Return the arguments, with `make` applied to each input."""
        return tuple(
            map_structure(lambda x: None if x is None else make(x), one)
            for one in self.arguments
        )

    def renamed(self, names: Sequence[str] | Mapping[str, str] | None) -> Signature:
        """Return the signature with new names, given in order or by present name."""
        if names is None:
            return self
        present = [spec.name for spec in self.inputs]
        new = renamed(present, names, "input_names")
        table = dict(zip(present, new, strict=True))
        rename = lambda spec: replace(spec, name=table[spec.name])  # noqa: E731
        return Signature(self.map(rename))


def model_signature(model: Any, given: Any = None) -> Signature:
    """Find the signature of a model.

    Args:
        model: A Keras model or layer.
        given: The user's signature: a structure like the model's first argument, of
            `keras.InputSpec`, `KerasTensor`, arrays, shapes, or `(shape, dtype)`;
            a tuple of such structures means several positional arguments. A model
            without weights is built from it, as `model.build` would.

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
    if given is not None:
        arguments = given if _is_several(given) else (given,)
    elif reads.input_structure(model) is not None:
        arguments = (reads.input_structure(model),)
    else:
        shapes = reads.recorded_shapes(model)
        arguments = tuple(_from_shapes(a, model.input_dtype) for a in shapes)
    signature = _Namer(model).name(arguments) if arguments else Signature(())
    _check_fits(model, signature, given)
    if not model.built:
        _build(model, signature, given)
    return signature


def _build(model: Any, signature: Signature, given: Any) -> None:
    """Create a model's weights by calling it on symbolic tensors."""
    tensors = signature.map(lambda x: keras.KerasTensor(x.shape, x.dtype))
    try:
        with reads.calls_forgotten(model):
            model(*tensors)
    except Exception as error:
        raise SignatureError(
            f"The weights of '{model.name}' do not exist yet, and it can't be built "
            "from `input_signature`: call it once on a batch. "
            f"Received: input_signature={given!r} ({type(error).__name__}: {error})"
        ) from error


def _check_fits(model: Any, signature: Signature, given: Any) -> None:
    """Raise `SignatureError` unless the model can be called with a signature."""
    try:
        inspect.signature(model.call).bind(*signature.arguments)
    except TypeError as error:
        raise SignatureError(
            f"The inputs of '{model.name}' are not those of its `call`: give "
            "`input_signature`, such as `keras.InputSpec(shape=(None, 8), "
            "dtype='float32')`, or a tuple with one for each argument. "
            f"Received: input_signature={given!r} ({error})"
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


def _fits(shape: Shape, known: Shape) -> bool:
    """Whether two shapes agree in all sizes that both know."""
    return len(shape) == len(known) and all(
        a == b or a is None or b is None for a, b in zip(shape, known, strict=True)
    )


def _is_several(given: Any) -> bool:
    """Whether a signature is a tuple of several positional arguments."""
    return isinstance(given, tuple) and not _is_shape(given) and not _is_pair(given)


def _is_shape(x: Any) -> bool:
    return isinstance(x, list | tuple) and all(
        d is None or isinstance(d, int) for d in x
    )


def _is_pair(x: Any) -> bool:
    """Whether something is a pair `(shape, dtype)`."""
    return (
        isinstance(x, tuple)
        and len(x) == 2
        and _is_shape(x[0])
        and isinstance(x[1], str)
    )


def _from_shapes(structure: Any, dtype: str) -> Any:
    """Turn shapes recorded at the first call into inputs of any batch size."""
    if _is_shape(structure):
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

    def name(self, arguments: tuple[Any, ...]) -> Signature:
        count = sum(1 for one in arguments for _ in _leaves(one))
        self._fallbacks = (
            iter(["input"]) if count == 1 else (f"input_{i}" for i in range(count))
        )
        return Signature(tuple(self._visit(argument, "") for argument in arguments))

    def _visit(self, x: Any, key: str) -> Any:
        if isinstance(x, Mapping):
            return {k: self._visit(v, str(k)) for k, v in x.items()}
        if isinstance(x, list | tuple) and not _is_shape(x) and not _is_pair(x):
            return [self._visit(v, key) for v in x]
        return None if x is None else self._spec(x, key, next(self._fallbacks))

    def _spec(self, x: Any, key: str, fallback: str) -> TracedInput:
        if _is_pair(x):
            shape, dtype = x
        elif _is_shape(x):
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
    if isinstance(x, list | tuple) and not _is_shape(x) and not _is_pair(x):
        for part in x:
            yield from _leaves(part)
    elif x is not None:
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
