"""The registry of converters for operations and layers.

A converter mirrors the `call` of what it converts: after the graph builder and the
operation come the arguments of `call`, with tensors as ONNX values and everything else
unchanged.

    @converts("nn.Relu")
    def relu(g, op, x):
        return g.Relu(x)

Keras's operations are named by class and by module in `keras.src.ops`, those of this
package by `"keras_acts.<function>"`. A layer needs a converter only if its `call` is
not made of `keras.ops`, or if a single ONNX operator computes it; `converts_layer`
takes the condition for the latter.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import keras

from keras_acts.export.convert.unsupported import UNSUPPORTED_LAYERS
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.options import DTYPES, TARGETS
from keras_acts.export.trace import LayerRecord

Converter = Callable[..., Any]
When = Callable[[Any, Mapping[str, Any], str, str], bool]
"""Whether a layer's converter applies to a call, given the layer, the arguments of its
`call` by name, the dtype of the layer's arithmetic in the file, and the target."""

F = TypeVar("F", bound=Converter)

_OPERATIONS: dict[str, Converter] = {}
_LAYERS: dict[type, Converter] = {}
_CONDITIONS: dict[type | None, When] = {}


def converts(*kinds: str) -> Callable[[F], F]:
    """Register the converter of operations, each named `"module.Class"`."""

    def decorate(converter: F) -> F:
        for kind in kinds:
            _register(_OPERATIONS, kind, converter)
        return converter

    return decorate


def register_converter(*layers: type[keras.layers.Layer]) -> Callable[[F], F]:
    """Register a converter for your own layer, instead of tracing its `call`.

    The converter is called as `converter(g, layer, *args, **kwargs)`: `g` is the
    `GraphBuilder`, whose methods are the ONNX operators; the arguments are those of the
    layer's `call`, with tensors as ONNX values. `g.weight(layer.kernel)` is a weight.

        @register_converter(Scale)
        def scale(g, layer, inputs):
            return g.Mul(inputs, g.weight(layer.factor))

    Raises:
        ValueError: A layer already has a converter, or the function takes fewer than
            three arguments.
        TypeError: An argument is not a layer class.
    """
    for layer in layers or (None,):
        if not (isinstance(layer, type) and issubclass(layer, keras.layers.Layer)):
            raise TypeError(
                "`register_converter` takes classes of `keras.layers.Layer`. "
                f"Received: {layer!r}"
            )

    def decorate(converter: F) -> F:
        for layer in layers:
            _register(_LAYERS, layer, converter)
        return converter

    return decorate


def converts_layer(*layers: type[keras.layers.Layer], when: When) -> Callable[[F], F]:
    """Register a converter of layers for the calls that satisfy a condition.

    In all other calls, and in files of other targets or dtypes, the operations inside
    the layer are converted instead.
    """
    register = register_converter(*layers)

    def decorate(converter: F) -> F:
        registered = register(converter)
        _CONDITIONS.update(dict.fromkeys(layers, when))
        return registered

    return decorate


def _register(table: dict[Any, Converter], key: Any, converter: Converter) -> None:
    parameters = inspect.signature(converter).parameters.values()
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if len(parameters) < 3 and not variadic:
        raise ValueError(
            "A converter takes the graph builder, the operation or layer, and the "
            "arguments of its `call`. "
            f"Received: {converter.__name__}{inspect.signature(converter)}"
        )
    if key in table and table[key] is not converter:
        raise ValueError(
            f"{key} has a converter already: {table[key].__module__}."
            f"{table[key].__name__}. Received: {converter.__name__}"
        )
    table[key] = converter


def find_operation(kind: str) -> Converter | None:
    """Return the converter of an operation."""
    return _OPERATIONS.get(kind)


def find_layer(layer: Any) -> Converter | None:
    """Return the converter of a layer, or of the class whose `call` it inherits."""
    cls = _converted_class(layer)
    return None if cls is None else _LAYERS[cls]


def _converted_class(layer: Any) -> type | None:
    for cls in type(layer).__mro__:
        if cls in _LAYERS:
            same = type(layer).call is getattr(cls, "call", None)
            return cls if same else None
    return None


def _reject_unsupported(layer: Any) -> None:
    """Raise an error if a layer can't be exported."""
    for cls in type(layer).__mro__:
        reason = UNSUPPORTED_LAYERS.get(cls.__name__)
        overrides = type(layer).call is not getattr(cls, "call", None)
        if reason is None or overrides or cls.__module__.split(".")[0] != "keras":
            continue
        raise UnsupportedOperationError(
            f"Layer {layer.name} (of type {type(layer).__name__}) can't be exported: "
            f"{reason}. Received: {layer.name}"
        )


def record_of(layer: Any, args: Any, kwargs: Any) -> LayerRecord:
    """Return how a call of a layer is to be traced, whatever the target and dtype.

    Args:
        layer: The layer.
        args: The positional arguments of its `call`.
        kwargs: The keyword arguments.

    Raises:
        UnsupportedOperationError: It is a layer of Keras that can't be exported and has
            no converter.
    """
    cls = _converted_class(layer)
    if cls is None:
        _reject_unsupported(layer)
        return LayerRecord.OPERATIONS
    if cls not in _CONDITIONS:
        return LayerRecord.NODE
    options = itertools.product(DTYPES, TARGETS)
    if any(converts_call(layer, args, kwargs, *one) for one in options):
        return LayerRecord.NODE_WITH_BODY
    return LayerRecord.OPERATIONS


def converts_call(
    layer: Any, args: Any, kwargs: Any, dtype: str | None, target: str
) -> bool:
    """Whether the converter of a layer is to convert a call of it.

    Args:
        layer: The layer.
        args: The positional arguments of its `call`, with a spec for each tensor.
        kwargs: The keyword arguments.
        dtype: Dtype of the file's arithmetic; that of the model's own for None.
        target: What the graph shall run fast on.
    """
    when = _CONDITIONS.get(_converted_class(layer))
    if when is None:
        return True
    call = inspect.signature(layer.call).bind(*args, **kwargs)
    call.apply_defaults()
    return when(layer, call.arguments, dtype or layer.compute_dtype, target)


def registered_kinds() -> list[str]:
    """Return the names of all operations with a converter, sorted."""
    return sorted(_OPERATIONS)


def registered_layers() -> list[type]:
    """Return all layers with a converter, sorted by name."""
    return sorted(_LAYERS, key=lambda cls: cls.__name__)
