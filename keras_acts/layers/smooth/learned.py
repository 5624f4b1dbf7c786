"""Smooth rectifiers whose coefficients are learned."""

from typing import Any

from keras import initializers

from keras_acts import functional
from keras_acts._learnable import LearnableActivationLayer
from keras_acts.functional.smooth.learned import XIELU_N, XIELU_P
from keras_acts.layers._base import register


@register
class StarReLU(LearnableActivationLayer):
    """StarReLU: `scale * max(x, 0)**2 + bias`, scale and bias learned.

    Args:
        scale_initializer: Initializer of the scale. None (default) is the constant
            0.8944.
        scale_regularizer: Regularizer of the scale.
        scale_constraint: Constraint of the scale.
        bias_initializer: Initializer of the bias. None (default) is the constant
            -0.4472, with which the result of a standard normal has mean 0 and
            variance 1.
        bias_regularizer: Regularizer of the bias.
        bias_constraint: Constraint of the bias.
        sharing: Which elements share one value of each weight: `"all"` (default),
            `"channel"` or `"none"` (one an element).
        **kwargs: `shared_axes`, `data_format` and `channels` of
            `LearnableActivationLayer`.

    Input shape:
        Any; where not all share the weights, of rank 2 or above, with known sizes along
        axes that are not shared.

    Output shape:
        The input's.

    Edge values:
        0 → `bias`; -inf → `bias`; +inf → `inf * scale`; NaN → NaN.

    Gradient:
        0 → 0; -inf → 0. Continuous.

    Example:
        >>> y = layers.StarReLU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.447 -0.447  3.13 ]]

    Reference:
        Yu, Si, Zhou, Luo, Zhou, Feng, Yan, Wang, 2022, "MetaFormer Baselines for
        Vision", arXiv:2210.13452.
    """

    function = functional.star_relu

    def __init__(
        self,
        scale_initializer: Any = None,
        scale_regularizer: Any = None,
        scale_constraint: Any = None,
        bias_initializer: Any = None,
        bias_regularizer: Any = None,
        bias_constraint: Any = None,
        sharing: str = "all",
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        if scale_initializer is None:
            scale_initializer = initializers.Constant(0.8944)
        if bias_initializer is None:
            bias_initializer = initializers.Constant(-0.4472)
        self.declare_weight(
            "scale", scale_initializer, scale_regularizer, scale_constraint
        )
        self.declare_weight("bias", bias_initializer, bias_regularizer, bias_constraint)


@register
class XIELU(LearnableActivationLayer):
    """XIELU: `p * x**2 + beta * x` where `x > 0`, else `n * (exp(x) - 1 - x) + beta*x`.

    With `p = softplus(alpha_p)` and `n = beta + softplus(alpha_n)`; both alphas are
    learned.

    Args:
        beta: The gradient at 0, above 0. Default 0.5.
        alpha_p_initializer: Initializer of `alpha_p`. None (default) makes p 0.8.
        alpha_p_regularizer: Regularizer of `alpha_p`.
        alpha_p_constraint: Constraint of `alpha_p`.
        alpha_n_initializer: Initializer of `alpha_n`. None (default) makes n 0.8, or
            `beta + 0.3` for a beta that is not the default.
        alpha_n_regularizer: Regularizer of `alpha_n`.
        alpha_n_constraint: Constraint of `alpha_n`.
        sharing: Which elements share one value of each weight: `"all"` (default),
            `"channel"` or `"none"` (one an element).
        **kwargs: `shared_axes`, `data_format` and `channels` of
            `LearnableActivationLayer`.

    Input shape:
        Any; where not all share the weights, of rank 2 or above, with known sizes along
        axes that are not shared.

    Output shape:
        The input's.

    Edge values:
        0 → 0; ±inf → +inf; NaN → NaN.

    Gradient:
        0 → `beta`. Continuous.

    Example:
        >>> y = layers.XIELU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.206  0.     4.2  ]]

    Reference:
        Huang, Schlag, 2024, "Deriving Activation Functions Using Integration",
        arXiv:2411.13010.
    """

    function = functional.xielu

    def __init__(
        self,
        beta: float = 0.5,
        alpha_p_initializer: Any = None,
        alpha_p_regularizer: Any = None,
        alpha_p_constraint: Any = None,
        alpha_n_initializer: Any = None,
        alpha_n_regularizer: Any = None,
        alpha_n_constraint: Any = None,
        sharing: str = "all",
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        self.configure(beta=beta)
        if alpha_p_initializer is None:
            alpha_p_initializer = initializers.Constant(XIELU_P)
        if alpha_n_initializer is None:
            alpha_n_initializer = initializers.Constant(XIELU_N)
        self.declare_weight(
            "alpha_p", alpha_p_initializer, alpha_p_regularizer, alpha_p_constraint
        )
        self.declare_weight(
            "alpha_n", alpha_n_initializer, alpha_n_regularizer, alpha_n_constraint
        )


@register
class ACONB(LearnableActivationLayer):
    """ACONB: `d * sigmoid(beta * d) + p * x` with `d = (1 - p) * x`, learned.

    A smooth PReLU. ACON-A is `Swish(learnable=True, sharing="channel")`.

    Args:
        p_initializer: Initializer of p. None (default) is the constant 0.25.
        p_regularizer: Regularizer of p.
        p_constraint: Constraint of p.
        beta_initializer: Initializer of beta. None (default) is the constant 1.
        beta_regularizer: Regularizer of beta.
        beta_constraint: Constraint of beta.
        sharing: Which elements share one value of each weight: `"channel"` (default),
            `"all"` or `"none"` (one an element).
        **kwargs: `shared_axes`, `data_format` and `channels` of
            `LearnableActivationLayer`.

    Input shape:
        Any of rank 2 or above; sizes along axes that are not shared must be known.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-inf * p` where `(p < 1) & (beta > 0)`; +inf → +inf where
        `(p < 1) & (beta > 0)`; NaN → NaN.

    Gradient:
        0 → `(1 + p) / 2`. Smooth.

    Example:
        >>> y = layers.ACONB()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.491  0.     1.726]]

    Reference:
        Ma, Zhang, Liu, Sun, 2020, "Activate or Not: Learning Customized Activation",
        arXiv:2009.04759.
    """

    function = functional.acon_b

    def __init__(
        self,
        p_initializer: Any = None,
        p_regularizer: Any = None,
        p_constraint: Any = None,
        beta_initializer: Any = None,
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        sharing: str = "channel",
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        if p_initializer is None:
            p_initializer = initializers.Constant(0.25)
        self.declare_weight("p", p_initializer, p_regularizer, p_constraint)
        if beta_initializer is None:
            beta_initializer = initializers.Constant(1.0)
        self.declare_weight("beta", beta_initializer, beta_regularizer, beta_constraint)


@register
class ACONC(LearnableActivationLayer):
    """ACONC: `d * sigmoid(beta * d) + p2 * x` with `d = (p1 - p2) * x`, learned.

    A smooth maximum of `p1 * x` and `p2 * x`.

    Args:
        p1_initializer: Initializer of p1. None (default) is the standard normal.
        p1_regularizer: Regularizer of p1.
        p1_constraint: Constraint of p1.
        p2_initializer: Initializer of p2. None (default) is the standard normal.
        p2_regularizer: Regularizer of p2.
        p2_constraint: Constraint of p2.
        beta_initializer: Initializer of beta. None (default) is the constant 1.
        beta_regularizer: Regularizer of beta.
        beta_constraint: Constraint of beta.
        sharing: Which elements share one value of each weight: `"channel"` (default),
            `"all"` or `"none"` (one an element).
        **kwargs: `shared_axes`, `data_format` and `channels` of
            `LearnableActivationLayer`.

    Input shape:
        Any of rank 2 or above; sizes along axes that are not shared must be known.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-inf * p2` where `(p1 > p2) & (beta > 0)`; +inf → `inf * p1`
        where `(p1 > p2) & (beta > 0)`; NaN → NaN. Where `p1 < p2` they change places.

    Gradient:
        0 → `(p1 + p2) / 2`. Smooth.

    Example:
        >>> layer = layers.ACONC(p1_initializer="ones", p2_initializer="zeros")
        >>> y = layer(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.269  0.     1.762]]

    Reference:
        Ma, Zhang, Liu, Sun, 2020, "Activate or Not: Learning Customized Activation",
        arXiv:2009.04759.
    """

    function = functional.acon_c

    def __init__(
        self,
        p1_initializer: Any = None,
        p1_regularizer: Any = None,
        p1_constraint: Any = None,
        p2_initializer: Any = None,
        p2_regularizer: Any = None,
        p2_constraint: Any = None,
        beta_initializer: Any = None,
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        sharing: str = "channel",
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        if p1_initializer is None:
            p1_initializer = initializers.RandomNormal(stddev=1.0)
        self.declare_weight("p1", p1_initializer, p1_regularizer, p1_constraint)
        if p2_initializer is None:
            p2_initializer = initializers.RandomNormal(stddev=1.0)
        self.declare_weight("p2", p2_initializer, p2_regularizer, p2_constraint)
        if beta_initializer is None:
            beta_initializer = initializers.Constant(1.0)
        self.declare_weight("beta", beta_initializer, beta_regularizer, beta_constraint)


ACON = ACONC
