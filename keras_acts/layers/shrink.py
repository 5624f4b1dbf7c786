"""The shrink family: a dead zone around 0, and the S-shaped ReLU."""

from collections.abc import Sequence
from typing import Any

from keras import initializers

from keras_acts import functional
from keras_acts._learnable import LearnableActivationLayer
from keras_acts.layers._base import ActivationLayer, register


@register
class HardShrink(ActivationLayer):
    """HardShrink: `x` where `|x| > threshold`, else 0.

    Args:
        threshold: Half the width of the dead zone, 0 or above. Default 0.5.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → ±inf; NaN → NaN.

    Gradient:
        `threshold` → 0 (a kink); `-threshold` → 0 (a kink); 0 → 0; ±inf → 1.

    Example:
        >>> y = layers.HardShrink(threshold=1.0)(np.array([[-2.0, 0.25, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-2.  0.  3.]]

    Reference:
        Donoho, Johnstone, 1994, "Ideal spatial adaptation by wavelet shrinkage",
        Biometrika 81(3).
    """

    function = functional.hard_shrink

    def __init__(self, threshold: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(threshold=threshold)


@register
class SoftShrink(ActivationLayer):
    """SoftShrink: `sign(x) * max(|x| - threshold, 0)`.

    Args:
        threshold: Half the width of the dead zone, 0 or above. Default 0.5.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → ±inf; NaN → NaN.

    Gradient:
        `threshold` → 0 (a kink); `-threshold` → 0 (a kink); 0 → 0; ±inf → 1.

    Example:
        >>> y = layers.SoftShrink(threshold=1.0)(np.array([[-2.0, 0.25, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-1.  0.  2.]]

    Reference:
        Donoho, Johnstone, 1994, "Ideal spatial adaptation by wavelet shrinkage",
        Biometrika 81(3).
    """

    function = functional.soft_shrink

    def __init__(self, threshold: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(threshold=threshold)


@register
class SReLU(LearnableActivationLayer):
    """SReLU: the identity between two learned thresholds, a learned slope beyond each.

    `t_right + a_right * (x - t_right)` where `x >= t_right`, else
    `t_left + a_left * (x - t_left)` where `x <= t_left`, else `x`.

    Args:
        t_left_initializer: Initializer of the left threshold. Default zeros.
        t_left_regularizer: Regularizer of the left threshold.
        t_left_constraint: Constraint of the left threshold.
        a_left_initializer: Initializer of the left slope. None (default) is U(0, 1).
        a_left_regularizer: Regularizer of the left slope.
        a_left_constraint: Constraint of the left slope.
        t_right_initializer: Initializer of the right threshold. None (default) is
            U(0, 5).
        t_right_regularizer: Regularizer of the right threshold.
        t_right_constraint: Constraint of the right threshold.
        a_right_initializer: Initializer of the right slope. Default ones.
        a_right_regularizer: Regularizer of the right slope.
        a_right_constraint: Constraint of the right slope.
        sharing: Which elements share one value of each weight: `"channel"` (default),
            `"all"` or `"none"` (one an element).
        shared_axes: In place of `sharing`, the axes along which values are shared,
            counted with the batch as axis 0; negative axes count from the end.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.
        **kwargs: `channels`, the number of channels, creates the weights at once;
            else those of every layer.

    Input shape:
        Any of rank 2 or above; sizes along axes that are not shared must be known.

    Output shape:
        The input's.

    Edge values:
        0 → 0 where `(t_left < 0) & (0 < t_right)`; 0 → `t_left - a_left * t_left` where
        `(0 <= t_left) & (0 < t_right)`; 0 → `t_right - a_right * t_right` where
        `0 >= t_right`; -inf → `-inf * a_left`; +inf → `inf * a_right`; NaN → NaN.

    Gradient:
        `t_left` → `a_left` (a kink) where `t_left < t_right`; `t_right` → `a_right` (a
        kink). Where the left threshold has passed the right one, the right part comes
        first.

    Example:
        >>> y = layers.SReLU()(np.zeros((1, 3)))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0. 0. 0.]]

    Reference:
        Jin, Xu, Feng, Wei, Xiong, Yan, 2016, "Deep Learning with S-shaped Rectified
        Linear Activation Units", AAAI, arXiv:1512.07030.
    """

    function = functional.srelu

    def __init__(
        self,
        t_left_initializer: Any = "zeros",
        t_left_regularizer: Any = None,
        t_left_constraint: Any = None,
        a_left_initializer: Any = None,
        a_left_regularizer: Any = None,
        a_left_constraint: Any = None,
        t_right_initializer: Any = None,
        t_right_regularizer: Any = None,
        t_right_constraint: Any = None,
        a_right_initializer: Any = "ones",
        a_right_regularizer: Any = None,
        a_right_constraint: Any = None,
        sharing: str = "channel",
        shared_axes: int | Sequence[int] | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            sharing=sharing, shared_axes=shared_axes, data_format=data_format, **kwargs
        )
        if a_left_initializer is None:
            a_left_initializer = initializers.RandomUniform(0.0, 1.0)
        if t_right_initializer is None:
            t_right_initializer = initializers.RandomUniform(0.0, 5.0)
        self.declare_weight(
            "t_left", t_left_initializer, t_left_regularizer, t_left_constraint
        )
        self.declare_weight(
            "a_left", a_left_initializer, a_left_regularizer, a_left_constraint
        )
        self.declare_weight(
            "t_right", t_right_initializer, t_right_regularizer, t_right_constraint
        )
        self.declare_weight(
            "a_right", a_right_initializer, a_right_regularizer, a_right_constraint
        )
