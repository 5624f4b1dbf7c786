"""Names of the functions for Keras, as in `Dense(8, activation="keras_acts>mish")`.

`keras.activations.get` looks a string up in one dictionary of Keras's own and nowhere
else, also where a function is registered under that name. Keras has no public way to
add to it.
"""

from __future__ import annotations

from typing import Any

from keras.src import activations

from keras_acts import functional

PACKAGE = "keras_acts"


def _functions() -> dict[str, Any]:
    """Return the functions that work as an activation, by name."""
    public = {name: getattr(functional, name) for name in functional.__all__}
    return {name: one for name, one in public.items() if hasattr(one, "formula")}


def register_qualified_names() -> None:
    """Let Keras find each function as `"keras_acts>name"`."""
    for name, function in _functions().items():
        activations.ALL_OBJECTS_DICT[f"{PACKAGE}>{name}"] = function


def register_names(*names: str) -> None:
    """Let Keras find functions of this package by their plain names.

    `"keras_acts>mish"` always names this package's function. After this call `"mish"`
    does too, in place of Keras's own, until the process ends.

    Args:
        *names: Names of functions of `keras_acts.functional`. None stands for all.

    Raises:
        ValueError: There is no such function.

    Example:
        >>> keras_acts.register_names("snake")
        >>> layer = keras.layers.Dense(8, activation="snake")
    """
    functions = _functions()
    for name in names or functions:
        if name not in functions:
            raise ValueError(
                "`names` must name functions of keras_acts.functional. "
                f"Received: {name!r}"
            )
        activations.ALL_OBJECTS_DICT[name] = functions[name]
