"""Maxout of convolutions."""

from __future__ import annotations

from typing import Any

import keras

from keras_acts import _checks, functional
from keras_acts.layers._base import Shape, register


@register
class MaxoutConv2D(keras.layers.Conv2D):
    """MaxoutConv2D: the largest of several convolutions at each place, all linear.

    One convolution of `filters * pieces` channels; channel `f * pieces + k` is piece
    `k` of filter `f`.

    Args:
        filters: Number of channels of the result, 1 or more.
        kernel_size: As in `keras.layers.Conv2D`.
        pieces: Number of linear pieces a filter, 1 or more. Default 2.
        **kwargs: Further arguments of `keras.layers.Conv2D`, but for `activation`.

    Input shape:
        `(batch, rows, columns, channels)`, or with the channels in front by
        `data_format="channels_first"`.

    Output shape:
        That of `keras.layers.Conv2D`.

    Example:
        >>> y = layers.MaxoutConv2D(filters=3, kernel_size=2)(np.ones((1, 4, 4, 2)))
        >>> tuple(y.shape)
        (1, 3, 3, 3)

    Reference:
        Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389.
    """

    def __init__(
        self, filters: int, kernel_size: Any, pieces: int = 2, **kwargs: Any
    ) -> None:
        _checks.positive_integer("filters", filters)
        _checks.positive_integer("pieces", pieces)
        if kwargs.get("activation") not in (None, "linear"):
            raise ValueError(
                "MaxoutConv2D takes no `activation`: the maximum is one. "
                f"Received: activation={kwargs['activation']!r}"
            )
        super().__init__(int(filters) * int(pieces), kernel_size, **kwargs)
        self.pieces = int(pieces)

    @property
    def _units(self) -> int:
        return int(self.filters) // self.pieces

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def call(self, inputs: Any) -> Any:
        """Convolve, and take the largest piece of each filter."""
        y = super().call(inputs)
        return functional.channel_maxout(y, self._units, axis=self._channel_axis)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        shape = list(super().compute_output_shape(input_shape))
        shape[self._channel_axis] = self._units
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "filters": self._units, "pieces": self.pieces}
