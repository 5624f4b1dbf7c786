"""The decorator that turns a formula in `keras.ops` into an activation function.

It holds what each function would otherwise repeat:

1. A call on symbolic inputs (`KerasTensor`) becomes one `ActivationOperation` in the
   graph of the Functional model, which a saved model keeps and an exporter recognizes.
2. Arguments are checked by the validators that are given with the formula.
3. Integers are cast to the default float. Half precision is computed in float32 and
   rounded once, unless the formula is exact.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

import keras
from keras import KerasTensor, ops

from keras_acts._checks import Validator

Tensor = Any
"""A tensor of the active backend, a `KerasTensor`, or what converts to a tensor."""

_HALF = ("float16", "bfloat16")

_FORMULAS: dict[str, ActivationFunction] = {}


class ActivationFunction(Protocol):
    """What `@activation` returns."""

    __name__: str
    __doc__: str | None

    formula: Callable[..., Tensor]
    """The undecorated formula, on tensors of one float dtype."""
    output_shape: Callable[..., tuple[int | None, ...]]
    """Returns the shape of the result from the arguments."""
    check: Callable[..., None]
    """Raises `ValueError` for the first invalid argument."""

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
    checks: Mapping[str, Validator] | None = None,
    relation: Callable[[Mapping[str, Any]], None] | None = None,
    exact: bool = False,
    output_shape: Callable[..., tuple[int | None, ...]] = _same_shape,
) -> Callable[[Callable[..., Tensor]], ActivationFunction]:
    """Return a decorator that makes an activation function of a formula.

    Args:
        tensors: Names of the parameters that may be tensors. They are cast to the
            dtype of `x`, the first parameter; Python numbers stay as they are.
        checks: Validators by the name of the argument.
        relation: A validator of all arguments together, called with them by name.
        exact: Whether the formula is exact in half precision too, as comparisons and a
            single product are, so that it is computed in the dtype of `x`.
        output_shape: Returns the shape of the result; called with the function's
            arguments.
    """

    def decorate(formula: Callable[..., Tensor]) -> ActivationFunction:
        name = formula.__name__
        signature = inspect.signature(formula)
        validators = dict(checks or {})
        defaults = {name: p.default for name, p in signature.parameters.items()}

        def check(**arguments: Any) -> None:
            for key, value in arguments.items():
                if key in validators:
                    validators[key](key, value)
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
    """Return the dtype of an activation of `x`: that of `x`, or the default float."""
    dtype = str(keras.backend.standardize_dtype(x.dtype))
    if keras.backend.is_float_dtype(dtype):
        return dtype  # keras.backend.result_type would make float32 of float64
    return str(keras.backend.result_type(dtype, float))


@keras.saving.register_keras_serializable("keras_acts")
class ActivationOperation(keras.Operation):
    """A call of an activation function in the graph of a Functional model.

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
