"""The decorator that turns a formula in `keras.ops` into an activation function.

It does once what each function would otherwise repeat:

1. symbolic inputs (`KerasTensor`) become one `ActivationOperation` in the graph of
   the Functional model, which a model file stores and an exporter recognizes;
2. arguments are checked by the rules given beside the formula;
3. integers become the default float, and half precision is computed in float32 and
   rounded once, unless the formula is exact as it stands.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

import keras
from keras import KerasTensor, ops

from keras_acts._checks import Check

Tensor = Any
"""A tensor of the active backend, a `KerasTensor`, or what converts to one."""

_HALF = ("float16", "bfloat16")

_FORMULAS: dict[str, ActivationFunction] = {}


class ActivationFunction(Protocol):
    """An activation as `@activation` makes it."""

    __name__: str
    __doc__: str | None

    formula: Callable[..., Tensor]
    """The undecorated formula, on tensors of one float dtype."""
    output_shape: Callable[..., tuple[int | None, ...]]
    """The result's shape from the shape of `x` and the other arguments."""
    check: Callable[..., None]
    """Raises `ValueError` for the first argument that breaks its rule."""

    def __call__(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor: ...


def _same_shape(x: Tensor, *_: Any, **__: Any) -> tuple[int | None, ...]:
    return tuple(x.shape)


def _is_symbolic(arguments: Mapping[str, Any]) -> bool:
    return any(
        isinstance(leaf, KerasTensor)
        for leaf in keras.tree.flatten(list(arguments.values()))
    )


def activation(
    *,
    tensors: tuple[str, ...] = ("x",),
    checks: Mapping[str, Check] | None = None,
    relation: Callable[[Mapping[str, Any]], None] | None = None,
    exact: bool = False,
    output_shape: Callable[..., tuple[int | None, ...]] = _same_shape,
) -> Callable[[Callable[..., Tensor]], ActivationFunction]:
    """Make an activation function of a formula.

    Args:
        tensors: Names of the parameters that may be tensors and take part in the
            arithmetic. They are cast to the dtype of `x`, the first parameter.
            Python numbers stay as they are.
        checks: A rule for each argument that has one.
        relation: A rule between arguments, called with all of them by name.
        exact: The formula is exact in half precision too (comparisons, one product):
            compute it in the dtype of `x`.
        output_shape: Called with the arguments of the function; the result's shape.
    """

    def decorate(formula: Callable[..., Tensor]) -> ActivationFunction:
        name = formula.__name__
        signature = inspect.signature(formula)
        rules = dict(checks or {})
        defaults = {name: p.default for name, p in signature.parameters.items()}

        def check(**arguments: Any) -> None:
            for key, value in arguments.items():
                if key in rules:
                    rules[key](key, value)
            if relation is not None:
                relation({**defaults, **arguments})

        @functools.wraps(formula)
        def function(*args: Any, **kwargs: Any) -> Tensor:
            bound = signature.bind(*args, **kwargs).arguments
            check(**bound)
            if _is_symbolic(bound):
                return ActivationOperation(name).symbolic_call(*args, **kwargs)
            x = ops.convert_to_tensor(bound.pop("x"))
            dtype = result_dtype(x)
            compute = "float32" if dtype in _HALF and not exact else dtype
            for key in tensors:
                if not isinstance(bound.get(key), int | float | None):
                    bound[key] = ops.cast(bound[key], compute)
            return ops.cast(formula(ops.cast(x, compute), **bound), dtype)

        made = cast(ActivationFunction, function)
        made.formula = formula
        made.output_shape = output_shape
        made.check = check
        _FORMULAS[name] = made
        keras.saving.register_keras_serializable("keras_acts", name)(made)
        return made

    return decorate


def result_dtype(x: Tensor) -> str:
    """Return the dtype of an activation of `x`: its own, or the default float."""
    dtype = str(keras.backend.standardize_dtype(x.dtype))
    if keras.backend.is_float_dtype(dtype):
        return dtype  # keras.backend.result_type would make float32 of float64
    return str(keras.backend.result_type(dtype, float))


@keras.saving.register_keras_serializable("keras_acts")
class ActivationOperation(keras.Operation):
    """One call of an activation function in the graph of a Functional model.

    Args:
        function: Name of a function of `keras_acts.functional`.
        name: Name of the operation in the graph.
    """

    def __init__(self, function: str, name: str | None = None) -> None:
        super().__init__(name=name)
        if function not in _FORMULAS:
            raise ValueError(
                "`function` must name a function of keras_acts.functional. "
                f"Received: function={function!r}"
            )
        self.function = function

    def call(self, *args: Any, **kwargs: Any) -> Tensor:
        """Compute the activation of tensors."""
        return _FORMULAS[self.function](*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> KerasTensor:
        """Infer shape and dtype without computing."""
        x = kwargs["x"] if "x" in kwargs else args[0]
        shape = _FORMULAS[self.function].output_shape(*args, **kwargs)
        return KerasTensor(shape, dtype=result_dtype(x))
