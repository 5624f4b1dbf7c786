"""Bent by what is learned: slopes and thresholds, one a channel by default."""

from collections.abc import Sequence
from typing import Any

from keras import initializers

from keras_acts import functional
from keras_acts._learnable import LearnableActivationLayer
from keras_acts.layers._base import register


@register
class PReLU(LearnableActivationLayer):
    """PReLU: `x` where `x > 0`, else `alpha * x`, alpha learned.

    Args:
        alpha_initializer: Initializer of alpha. None (default) is the constant 0.25.
        alpha_regularizer: Regularizer of alpha. He et al. advise against one.
        alpha_constraint: Constraint of alpha.
        shared_axes: In place of `sharing`, the axes along which alpha is shared,
            counted with the batch as axis 0; negative axes count from the end.
        sharing: Which elements share one alpha: `"channel"` (default), `"all"` or
            `"none"` (one an element).
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.
        **kwargs: `channels`, the number of channels, creates the weights at once;
            else those of every layer.

    Input shape:
        Any of rank 2 or above; sizes along axes that are not shared must be known.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-inf * alpha` (NaN where alpha is 0); +inf → +inf; NaN → NaN.

    Gradient:
        0 → `alpha` (a kink); -inf → `alpha`; +inf → 1.

    Example:
        >>> y = layers.PReLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.25  0.    2.  ]]

    Reference:
        He, Zhang, Ren, Sun, 2015, "Delving Deep into Rectifiers", arXiv:1502.01852.
    """

    function = functional.prelu

    def __init__(
        self,
        alpha_initializer: Any = None,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        sharing: str = "channel",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            sharing=sharing, shared_axes=shared_axes, data_format=data_format, **kwargs
        )
        if alpha_initializer is None:
            alpha_initializer = initializers.Constant(0.25)
        self.declare_weight(
            "alpha", alpha_initializer, alpha_regularizer, alpha_constraint
        )


@register
class TLU(LearnableActivationLayer):
    """TLU: `max(x, tau)`, tau learned.

    Args:
        tau_initializer: Initializer of tau. Default zeros.
        tau_regularizer: Regularizer of tau.
        tau_constraint: Constraint of tau.
        sharing: Which elements share one tau: `"channel"` (default), `"all"` or
            `"none"` (one an element).
        shared_axes: In place of `sharing`, the axes along which tau is shared, counted
            with the batch as axis 0; negative axes count from the end.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.
        **kwargs: `channels`, the number of channels, creates the weights at once;
            else those of every layer.

    Input shape:
        Any of rank 2 or above; sizes along axes that are not shared must be known.

    Output shape:
        The input's.

    Edge values:
        0 → `maximum(tau, 0)`; -inf → `tau`; +inf → +inf; NaN → NaN.

    Gradient:
        `tau` → 0 (a kink); -inf → 0; +inf → 1. Where x equals tau it goes to tau alone.

    Example:
        >>> y = layers.TLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0. 0. 2.]]

    Reference:
        Singh, Krishnan, 2020, "Filter Response Normalization Layer", arXiv:1911.09737.
    """

    function = functional.tlu

    def __init__(
        self,
        tau_initializer: Any = "zeros",
        tau_regularizer: Any = None,
        tau_constraint: Any = None,
        sharing: str = "channel",
        shared_axes: int | Sequence[int] | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            sharing=sharing, shared_axes=shared_axes, data_format=data_format, **kwargs
        )
        self.declare_weight("tau", tau_initializer, tau_regularizer, tau_constraint)
