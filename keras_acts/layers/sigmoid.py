"""The sigmoid family: smooth and hard gates, and what they multiply."""

from typing import Any

from keras_acts import functional
from keras_acts._learnable import TunableActivationLayer
from keras_acts.layers._base import ActivationLayer, register


@register
class Sigmoid(ActivationLayer):
    """Sigmoid: `1 / (1 + exp(-x))`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 1/2; -inf → 0; +inf → 1; NaN → NaN.

    Gradient:
        0 → 1/4; ±inf → 0. Smooth, `y * (1 - y)`.

    Example:
        >>> y = layers.Sigmoid()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.269 0.5   0.881]]

    Reference:
        Rumelhart, Hinton, Williams, 1986, "Learning representations by
        back-propagating errors", Nature 323.
    """

    function = functional.sigmoid


@register
class HardSigmoid(ActivationLayer):
    """HardSigmoid: `clip(slope * x + offset, 0, 1)`.

    The classic form of Keras 2 and of ONNX's default is `HardSigmoid(slope=0.2)`.

    Args:
        slope: Slope of the middle part, above 0. Default 1/6.
        offset: Value at 0, any finite number. Default 1/2.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `clip(offset, 0, 1)`; -inf → 0; +inf → 1; NaN → NaN.

    Gradient:
        `-offset / slope` → 0 (a kink); `(1 - offset) / slope` → 0 (a kink); 0 → `slope`
        where `0 < offset < 1`; ±inf → 0.

    Example:
        >>> y = layers.HardSigmoid(slope=0.2)(np.array([[-4.0, 0.0, 1.5]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.  0.5 0.8]]

    Reference:
        Courbariaux, Bengio, David, 2015, "BinaryConnect", arXiv:1511.00363; with slope
        1/6 Howard et al., 2019, "Searching for MobileNetV3", arXiv:1905.02244.
    """

    function = functional.hard_sigmoid

    def __init__(self, slope: float = 1 / 6, offset: float = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        self.configure(slope=slope, offset=offset)


@register
class LogSigmoid(ActivationLayer):
    """LogSigmoid: `log(1 / (1 + exp(-x)))`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `-log(2)`; -inf → -inf; +inf → 0; NaN → NaN.

    Gradient:
        0 → 1/2; -inf → 1; +inf → 0. Smooth, `sigmoid(-x)`, accurate in both tails.

    Example:
        >>> y = layers.LogSigmoid()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-1.313 -0.693 -0.127]]

    Reference:
        The logarithm of `Sigmoid`, as in the likelihood of logistic regression
        (Cox, 1958, "The Regression Analysis of Binary Sequences").
    """

    function = functional.log_sigmoid


@register
class Swish(TunableActivationLayer):
    """Swish: `x * sigmoid(beta * x)`, also named SiLU where beta is 1.

    Args:
        beta: A finite number, or an array of such that broadcasts against the input;
            where learned, its value at the start. Default 1.
        learnable: Whether beta is learned. Default False.
        sharing: Which elements share one learned beta: `"all"` (default),
            `"channel"` or `"none"` (one an element).
        beta_regularizer: Regularizer of a learned beta.
        beta_constraint: Constraint of a learned beta.
        beta_initializer: Initializer of a learned beta, in place of `beta`.
        shared_axes: In place of `sharing`, the axes along which beta is shared.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default: Keras's image data format.

    Input shape:
        Any; where beta is learned and not shared by all, sizes that beta depends on
        must be known.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0 where `beta > 0`; +inf → +inf where `beta > 0`; NaN → NaN. In
        float32 the left tail is 0 from where its true value is about 1e-36 (1e-304 in
        float64).

    Gradient:
        0 → 1/2. Smooth. About x = 32/beta in float64 it is exact to 20 ulp, as the
        backends' own.

    Example:
        >>> y = layers.Swish(beta=2.0)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.119  0.     1.964]]

    Reference:
        Ramachandran, Zoph, Le, 2017, "Searching for Activation Functions",
        arXiv:1710.05941; Elfwing, Uchibe, Doya, 2017, arXiv:1702.03118.
    """

    function = functional.swish

    def __init__(
        self,
        beta: float = 1.0,
        learnable: bool = False,
        sharing: str = "all",
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        beta_initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        self.configure_or_learn(
            "beta",
            beta,
            learnable=learnable,
            initializer=beta_initializer,
            regularizer=beta_regularizer,
            constraint=beta_constraint,
        )


SiLU = Swish


@register
class HardSwish(ActivationLayer):
    """HardSwish: `x * clip(x + 3, 0, 6) / 6`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN. Finite for every finite input.

    Gradient:
        0 → 1/2; -3 → 0 (a kink); 3 → 1 (a kink). As outside at both kinks.

    Example:
        >>> y = layers.HardSwish()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.333  0.     1.667]]

    Reference:
        Howard et al., 2019, "Searching for MobileNetV3", arXiv:1905.02244.
    """

    function = functional.hard_swish


@register
class SparseSigmoid(ActivationLayer):
    """SparseSigmoid: `clip((x + 1) / 2, 0, 1)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 1/2; -inf → 0; +inf → 1; NaN → NaN.

    Gradient:
        0 → 1/2; -1 → 0 (a kink); 1 → 0 (a kink); ±inf → 0.

    Example:
        >>> y = layers.SparseSigmoid()(np.array([[-2.0, 0.0, 0.5]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.   0.5  0.75]]

    Reference:
        Martins, Astudillo, 2016, "From Softmax to Sparsemax", arXiv:1602.02068: the
        two-class case of sparsemax.
    """

    function = functional.sparse_sigmoid


@register
class SparsePlus(ActivationLayer):
    """SparsePlus: 0 for `x <= -1`, `(x + 1)**2 / 4` in between, `x` for `x >= 1`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 1/4; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 1/2; -1 → 0; 1 → 1; -inf → 0; +inf → 1. Continuous, `sparse_sigmoid(x)`.

    Example:
        >>> y = layers.SparsePlus()(np.array([[-2.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.   0.25 2.  ]]

    Reference:
        The integral of `SparseSigmoid`, as in `jax.nn.sparse_plus`.
    """

    function = functional.sparse_plus
