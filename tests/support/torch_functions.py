"""Torch's own functions as oracles, imported when first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def torch_function(name: str, **names: str | None) -> Callable[..., Any]:
    """Return a function of `torch.nn.functional`.

    Args:
        name: Its name.
        names: Torch's names of arguments that have other names here; None for an
            argument that torch does not have, whose value is then the one it fixes.
    """

    def function(x: Any, **arguments: Any) -> Any:
        from torch.nn import functional

        renamed = {names.get(key, key): value for key, value in arguments.items()}
        renamed.pop(None, None)
        return getattr(functional, name)(x, **renamed)

    return function
