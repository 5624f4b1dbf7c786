"""The catalogue: one row for each activation, derived from the layers' docstrings.

All other lists, such as those of the command line, the documentation and the tests, are
derived from it.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras

from keras_acts import layers
from keras_acts.bases import ActivationLayer
from keras_acts.functional._accuracy import Accuracy, accuracy_of

SECTIONS = (
    "Args:",
    "Input shape:",
    "Output shape:",
    "Edge values:",
    "Gradient:",
    "Example:",
    "Reference:",
)
"""The sections of each layer's docstring. A layer without arguments of its own leaves
out `Args:`."""


@dataclass(frozen=True)
class Activation:
    """One row of the catalogue.

    Attributes:
        name: Name of the layer class, `"Mish"`.
        family: Name of the module of `layers` that holds it, `"exponential"`.
        layer: The layer class.
        function: The function of `keras_acts.functional`; None where the activation
            needs weights that only its layer has.
        aliases: Other public names of the layer.
    """

    name: str
    family: str
    layer: type[keras.layers.Layer]
    function: Callable[..., Any] | None
    aliases: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the docstring: the name and the formula."""
        return inspect.getdoc(self.layer).split("\n", 1)[0]  # type: ignore[union-attr]

    @property
    def defaults(self) -> dict[str, Any]:
        """The layer's own arguments and their defaults; `...` for a required one."""
        parameters = inspect.signature(self.layer.__init__).parameters.values()
        return {
            p.name: ... if p.default is p.empty else p.default
            for p in parameters
            if p.name != "self" and p.kind is not p.VAR_KEYWORD
        }

    @property
    def accuracy(self) -> Accuracy:
        """The largest errors of its values and of its gradient."""
        return accuracy_of(self.name)

    @property
    def learnable(self) -> bool:
        """Whether the layer has weights, always or on request."""
        return bool(getattr(self.layer, "has_weights", True))


@functools.cache
def activations() -> Mapping[str, Activation]:
    """Return the catalogue by name, sorted by family and name."""
    names: dict[type, list[str]] = {}
    for public in layers.__all__:
        cls = getattr(layers, public)
        if isinstance(cls, type) and issubclass(cls, ActivationLayer):
            names.setdefault(cls, []).append(public)
    rows = [
        Activation(
            name=cls.__name__,
            family=cls.__module__.removeprefix(f"{layers.__name__}.").split(".")[0],
            layer=cls,
            function=getattr(cls, "function", None),
            aliases=tuple(one for one in public if one != cls.__name__),
        )
        for cls, public in names.items()
    ]
    rows.sort(key=lambda row: (row.family, row.name.lower()))
    return MappingProxyType({row.name: row for row in rows})


def find(name: str) -> Activation:
    """Return the row of an activation by the name of its layer, alias or function.

    Case and underscores do not matter: `"hard_swish"` finds `HardSwish`.

    Raises:
        ValueError: No activation has that name; the message suggests similar ones.
    """
    known: dict[str, Activation] = {}
    for row in activations().values():
        function = [row.function.__name__] if row.function else []
        for one in (row.name, *row.aliases, *function):
            known.setdefault(one.replace("_", "").lower(), row)
    key = name.replace("_", "").replace("-", "").lower()
    if key in known:
        return known[key]
    near = [known[one].name for one in difflib.get_close_matches(key, known, n=3)]
    hint = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
    raise ValueError(
        f"No activation has this name.{hint} `keras-acts list` shows all. "
        f"Received: {name!r}"
    )
