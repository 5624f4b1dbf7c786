"""Which steps of a sequence count: the masks that Keras attaches to tensors."""

from __future__ import annotations

from typing import Any

import keras
from keras.src.backend import get_keras_mask

from keras_acts.diagnosis.watching.sites import Site

Tensor = Any


def first_tensor(structure: Any) -> Any:
    """Return the first tensor of a structure; None if it has none."""
    if hasattr(structure, "dtype") and hasattr(structure, "shape"):
        return structure  # at once, as flattening takes longer than a reduction
    for leaf in keras.tree.flatten(structure):
        if hasattr(leaf, "dtype") and hasattr(leaf, "shape"):
            return leaf
    return None


class Masks:
    """The masks of what the layers around a call were given.

    Keras hands a mask on from layer to layer, but not to the operations inside one: the
    mask of a function's input is that of the layer that calls it.

    Attributes:
        found: Whether any layer was given a mask.
    """

    def __init__(self) -> None:
        self.found = False
        self._around: list[Tensor] = []

    def around(self, call: Any, site: Site, /, *args: Any, **kwargs: Any) -> Any:
        """Remember the mask of a layer's input while it is called."""
        del site
        mask = self._given(args, kwargs)
        self.found |= mask is not None
        self._around.append(mask)
        try:
            return call(*args, **kwargs)
        finally:
            self._around.pop()

    def of(self, x: Tensor, y: Tensor) -> Tensor:
        """Return which steps of an output count, of the shape (batch, time).

        Args:
            x: The input of the call, which may have a mask of its own.
            y: The output.

        Returns:
            None where all steps do.
        """
        if len(y.shape) < 3:
            return None
        own = get_keras_mask(x)
        if own is not None:
            return own if _fits(own, y) else None
        if len(y.shape) > 3:  # as scores of attention, (batch, heads, time, time)
            return None
        for mask in reversed(self._around):
            if mask is not None:
                return mask if _fits(mask, y) else None
        return None

    @staticmethod
    def _given(args: Any, kwargs: Any) -> Tensor:
        x = first_tensor(args[0] if args else kwargs)
        mask = None if x is None else get_keras_mask(x)
        return first_tensor(kwargs.get("mask")) if mask is None else mask


def _fits(mask: Tensor, y: Tensor) -> bool:
    """Whether a mask is one of the samples and steps of an output."""
    return len(mask.shape) == 2 and all(
        size is None or other is None or size == other
        for size, other in zip(mask.shape, y.shape, strict=False)
    )
