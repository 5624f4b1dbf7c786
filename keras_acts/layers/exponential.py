"""The exponential family: saturating below zero, linear above it."""

from typing import Any

import keras
from keras import ops

from keras_acts import _checks, functional
from keras_acts._learnable import LearnableActivationLayer
from keras_acts.layers._base import ActivationLayer, register


@register
class ELU(ActivationLayer):
    """ELU: `x` where `x > 0`, else `alpha * (exp(x) - 1)`.

    Args:
        alpha: Minus the value at -inf, 0 or above. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-alpha`; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `alpha` (a kink); -inf → 0; +inf → 1. Accurate towards -inf.

    Example:
        >>> y = layers.ELU(alpha=0.5)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.316  0.     2.   ]]

    Reference:
        Clevert, Unterthiner, Hochreiter, 2015, "Fast and Accurate Deep Network Learning
        by Exponential Linear Units (ELUs)", arXiv:1511.07289.
    """

    function = functional.elu

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(alpha=alpha)


@register
class CELU(ActivationLayer):
    """CELU: `x` where `x > 0`, else `alpha * (exp(x / alpha) - 1)`.

    Args:
        alpha: Minus the value at -inf, above 0. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-alpha`; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1 (continuous); -inf → 0; +inf → 1. Accurate towards -inf.

    Example:
        >>> y = layers.CELU(alpha=0.5)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.432  0.     2.   ]]

    Reference:
        Barron, 2017, "Continuously Differentiable Exponential Linear Units",
        arXiv:1704.07483.
    """

    function = functional.celu

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(alpha=alpha)


@register
class SELU(ActivationLayer):
    """SELU: `scale * x` where `x > 0`, else `scale * alpha * (exp(x) - 1)`.

    With `alpha` 1.6732632423543772 and `scale` 1.0507009873554805, for which zero mean
    and unit variance are a fixed point of a layer with `lecun_normal` weights.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → -1.7580993 (`-scale * alpha`); +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1.7580993 (`scale * alpha`, a kink); -inf → 0; +inf → 1.050701 (`scale`).
        Accurate towards -inf.

    Example:
        >>> y = layers.SELU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-1.111  0.     2.101]]

    Reference:
        Klambauer et al., 2017, "Self-Normalizing Neural Networks", arXiv:1706.02515.
    """

    function = functional.selu


@register
class AtLeast(keras.constraints.Constraint):
    """Constrains weights to a smallest value.

    Args:
        value: The smallest value, a finite number.
    """

    def __init__(self, value: float) -> None:
        _checks.finite("value", value)
        self.value = value

    def __call__(self, w: Any) -> Any:
        """Return the weights, none below the value."""
        return ops.maximum(w, ops.cast(self.value, w.dtype))

    def __repr__(self) -> str:
        return f"AtLeast({self.value})"

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to make the constraint again."""
        return {"value": self.value}


PELU_CONSTRAINT = AtLeast(0.1)


@register
class PELU(LearnableActivationLayer):
    """PELU: `alpha / beta * x` where `x >= 0`, else `alpha * (exp(x / beta) - 1)`.

    `alpha` and `beta` are learned. As published, training keeps both at 0.1 or above;
    they must stay above 0.

    Args:
        alpha_initializer: Initializer of `alpha`. Default ones.
        alpha_regularizer: Regularizer of `alpha`. Default None.
        alpha_constraint: Constraint of `alpha`. Default 0.1 or above.
        beta_initializer: Initializer of `beta`. Default ones.
        beta_regularizer: Regularizer of `beta`. Default None.
        beta_constraint: Constraint of `beta`. Default 0.1 or above.
        **kwargs: `sharing`, `shared_axes` and `data_format` of
            `LearnableActivationLayer`; by default one `alpha` and `beta` a channel.

    Input shape:
        Any of rank 2 or above, with known sizes along axes that are not shared.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-alpha`; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `alpha / beta` (continuous); -inf → 0; +inf → `alpha / beta`. Accurate
        towards -inf.

    Example:
        >>> y = layers.PELU()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.632  0.     2.   ]]

    Reference:
        Trottier, Giguère, Chaib-draa, 2016, "Parametric Exponential Linear Unit for
        Deep Convolutional Neural Networks", arXiv:1605.09332.
    """

    function = functional.pelu

    def __init__(
        self,
        alpha_initializer: Any = "ones",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = PELU_CONSTRAINT,
        beta_initializer: Any = "ones",
        beta_regularizer: Any = None,
        beta_constraint: Any = PELU_CONSTRAINT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.declare_weight(
            "alpha", alpha_initializer, alpha_regularizer, alpha_constraint
        )
        self.declare_weight("beta", beta_initializer, beta_regularizer, beta_constraint)


@register
class Softplus(ActivationLayer):
    """Softplus: `log(1 + exp(beta * x)) / beta`.

    Args:
        beta: Sharpness, above 0. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `log(2) / beta`; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1/2; -inf → 0; +inf → 1. Smooth, `sigmoid(beta * x)`.

    Example:
        >>> y = layers.Softplus(beta=2.0)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.063 0.347 2.009]]

    Reference:
        Dugas et al., 2001, "Incorporating Second-Order Functional Knowledge for Better
        Option Pricing", NIPS.
    """

    function = functional.softplus

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(beta=beta)


@register
class Squareplus(ActivationLayer):
    """Squareplus: `(x + sqrt(x**2 + b)) / 2`.

    Args:
        b: Width of the bend, above 0. Default 4.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `sqrt(b) / 2`; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1/2; -inf → 0; +inf → 1. Smooth, accurate in both tails.

    Example:
        >>> y = layers.Squareplus(b=1.0)(np.array([[-0.75, 0.0, 0.75]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.25 0.5  1.  ]]

    Reference:
        Barron, 2021, "Squareplus: A Softplus-Like Algebraic Rectifier",
        arXiv:2112.11687.
    """

    function = functional.squareplus

    def __init__(self, b: float = 4.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(b=b)


@register
class Mish(ActivationLayer):
    """Mish: `x * tanh(softplus(x))`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0 (the limit); +inf → +inf; NaN → NaN.

    Gradient:
        0 → 0.6; -inf → 0; 100 → 1. Smooth. On torch it is exact to 12 epsilons.

    Example:
        >>> y = layers.Mish()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.303  0.     1.944]]

    Reference:
        Misra, 2019, "Mish: A Self Regularized Non-Monotonic Activation Function",
        arXiv:1908.08681.
    """

    function = functional.mish


@register
class Exponential(ActivationLayer):
    """Exponential: `exp(x)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 1; -inf → 0; +inf → +inf; NaN → NaN. +inf from where the true value exceeds
        the dtype: 11.1 in float16, 88.8 in float32 and bfloat16, 709.8 in float64.

    Gradient:
        0 → 1; -inf → 0. Smooth, the value itself.

    Example:
        >>> y = layers.Exponential()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.368 1.    7.389]]

    Reference:
        The inverse link of Poisson regression: Nelder, Wedderburn, 1972, "Generalized
        Linear Models", JRSS A 135.
    """

    function = functional.exponential
