"""The base classes of the layers from whose axes a mask may drop elements."""

from collections.abc import Sequence
from typing import Any

from keras_acts.layers._base import ActivationLayer


class MaskedActivationLayer(ActivationLayer):
    """An activation over one axis or several, from which a mask may drop elements."""

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(axis=[*axis] if isinstance(axis, tuple) else axis)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Apply the activation; the mask tells which elements to keep."""
        x = self.to_compute_dtype(inputs)
        return type(self).function(x, **self.arguments, mask=mask)


class AlongOneAxis(MaskedActivationLayer):
    """An activation over one axis, from which a mask may drop elements."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(axis, **kwargs)
