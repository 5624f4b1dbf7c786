"""One row a variant of an activation: how to make it, and what is true of it.

The rows stand in `support/cases/<family>.py`. Every test of an activation runs over
all of them: values, gradients, edge inputs, torch's answer, serialization, export.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_acts import catalogue

Reference = Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Case:
    """One activation with one set of arguments.

    Attributes:
        layer: Name of the layer in the catalogue.
        kwargs: Arguments of the layer.
        weights: Values of its weights by name, as scalars or arrays; empty where it
            has none. Arrays broadcast as in the layer.
        shape: An input shape with the batch for the tests that need one.
        ranks: The ranks that it takes, of those that are tried.
        function_kwargs: Arguments of the function where they differ from the layer's.
    """

    layer: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (2, 3, 4)
    ranks: tuple[int, ...] = (2, 3, 4, 5)
    function_kwargs: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """`ELU-alpha=0.5`, for pytest."""
        parts = [f"{k}={v}" for k, v in self.kwargs.items()]
        return "-".join([self.layer, *parts]).replace(" ", "")

    def __repr__(self) -> str:
        return self.id

    @property
    def row(self) -> Any:
        """The catalogue's row."""
        return catalogue.find(self.layer)

    def make(self, **kwargs: Any) -> Any:
        """Make the layer, without weights."""
        return self.row.layer(**self.kwargs, **kwargs)

    def make_built(self, shape: tuple[int | None, ...] | None = None, **kwargs: Any):
        """Make the layer, build it for a shape, and set its weights."""
        layer = self.make(**kwargs)
        layer.build(shape or self.shape)
        self.set_weights(layer)
        return layer

    def set_weights(self, layer: Any) -> None:
        """Set the weights that the case names, broadcast to their shapes."""
        import numpy as np

        for name, value in self.weights.items():
            variable = getattr(layer, name)
            variable.assign(np.broadcast_to(np.asarray(value), variable.shape))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Elementwise(Case):
    """An activation of each element alone, defined on one number in mpmath.

    Attributes:
        value: `value(x, **arguments)`, in mpmath, with the layer's arguments and
            weights by name. Derivatives are taken of it numerically in high precision.
        kinks: The points without a derivative, and the gradient chosen there.
        marks: Further points where the formula changes its branch or saturates.
        at_minus_inf: The answer at -inf, as the catalogue states it; NaN included.
        at_plus_inf: The answer at +inf.
        torch: `torch(x, **arguments)`: torch's own function on a torch tensor.
        torch_gradient: Whether torch's gradient at the kinks is ours too.
        ulps: Largest error of the value in units in the last place, each binade.
        gradient_ulps: The same for the gradient.
        absolute: Stated absolute bound (relative to 1) that also passes, for tails
            such as a function's zero crossing, as a multiple of the dtype's epsilon.
        gradient_absolute: The same for the gradient.
    """

    value: Reference
    kinks: Mapping[float, float] = field(default_factory=dict)
    marks: tuple[float, ...] = ()
    at_minus_inf: float
    at_plus_inf: float
    torch: Reference | None = None
    torch_gradient: bool = True
    ulps: float = 4.0
    gradient_ulps: float = 8.0
    absolute: float = 0.0
    gradient_absolute: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Axis(Case):
    """An activation that mixes elements along axes, defined on a float64 array.

    Attributes:
        value: `value(x, **arguments)` in NumPy, on a float64 array.
        torch: `torch(x, **arguments)`: torch's own function on a torch tensor.
        vectors: Hand-computed or published pairs of input and output.
        inputs: Special inputs by name: large values, ties, one element, masked.
        ulps: Largest error in units in the last place of the largest output.
    """

    value: Reference
    torch: Reference | None = None
    vectors: tuple[tuple[Any, Any], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    ulps: float = 16.0


def all_cases() -> list[Case]:
    """Every row of every family, in the order of the modules."""
    from support import cases

    rows: list[Case] = []
    for module in pkgutil.iter_modules(cases.__path__):
        rows += importlib.import_module(f"support.cases.{module.name}").CASES
    return rows
