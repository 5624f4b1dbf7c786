"""The sigmoid family: smooth and hard gates, and what they multiply."""

from typing import Any

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, TunableActivationLayer, register


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
        Smooth; 1/4 at 0, 0 at ±inf, accurate in both tails.

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
        0 → `offset` clipped; -inf → 0; +inf → 1; NaN → NaN.

    Gradient:
        `slope` in the middle; 0 at both kinks and beyond.

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
        0 → -log 2; -inf → -inf; +inf → 0; NaN → NaN.

    Gradient:
        Smooth, `sigmoid(-x)`; 1/2 at 0, accurate in both tails.

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
        0 → 0; -inf → 0 and +inf → +inf for a positive beta; NaN → NaN. In float32 the
        left tail is 0 from where its true value is about 1e-36 (1e-304 in float64).

    Gradient:
        Smooth; 1/2 at 0. About x = 32/beta in float64 it is exact to 20 ulp, as the
        backends' own.

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
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN; finite for every finite input.

    Gradient:
        0 at the kink -3 and 1 at the kink 3, as outside; 1/2 at 0.

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
        1/2 in the middle; 0 at the kinks -1 and 1 and beyond.

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
        Continuous, `sparse_sigmoid(x)`; 1/2 at 0, 0 at -inf, 1 at +inf.

    Reference:
        The integral of `SparseSigmoid`, as in `jax.nn.sparse_plus`.
    """

    function = functional.sparse_plus
