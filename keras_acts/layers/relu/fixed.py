"""Bent at a threshold that the user gives."""

from typing import Any

import keras

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register


@register
class ReLU(ActivationLayer):
    """ReLU: `max(x, 0)`, or `x` above a threshold, a slope below, a limit above.

    `x` where `x > threshold`, else `negative_slope * (x - threshold)`; never above
    `max_value`.

    Args:
        max_value: Largest value, 0 or above. Default None, no limit.
        negative_slope: Slope up to the threshold, a finite number. Default 0.
        threshold: Where the identity begins, a finite number. Default 0.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `-negative_slope * threshold` where `threshold >= 0`; 0 → 0 where
        `threshold < 0`; -inf → 0 where `negative_slope == 0`;
        -inf → `-inf * negative_slope` where `negative_slope != 0`; +inf → +inf where
        `max_value is None`; +inf → `max_value` where `max_value is not None`;
        NaN → NaN. Never above `max_value`.

    Gradient:
        `threshold` → `negative_slope` (a kink); `max_value` → 0 (a kink) where
        `max_value is not None`. 0 beyond `max_value`.

    Example:
        >>> y = layers.ReLU(max_value=6.0)(np.array([[-2.0, 1.0, 8.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0. 1. 6.]]

    Reference:
        Nair, Hinton, 2010, "Rectified Linear Units Improve Restricted Boltzmann
        Machines", ICML.
    """

    function = functional.relu

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configure(
            max_value=max_value, negative_slope=negative_slope, threshold=threshold
        )


@register
class ReLU6(ActivationLayer):
    """ReLU6: `min(max(x, 0), 6)`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → 6; NaN → NaN.

    Gradient:
        0 → 0 (a kink); 6 → 0 (a kink); 3 → 1; ±inf → 0.

    Example:
        >>> y = layers.ReLU6()(np.array([[-2.0, 1.0, 8.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0. 1. 6.]]

    Reference:
        Krizhevsky, 2010, "Convolutional Deep Belief Networks on CIFAR-10".
    """

    function = functional.relu6


@register
class LeakyReLU(ActivationLayer):
    """LeakyReLU: `x` where `x > 0`, else `negative_slope * x`.

    Args:
        negative_slope: Slope below 0, a finite number. Default 0.01, as published and
            in torch and JAX; Keras's own layer has 0.3.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → `-inf * negative_slope` where `negative_slope != 0`; -inf → 0
        where `negative_slope == 0`; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `negative_slope` (a kink); -inf → `negative_slope`; +inf → 1.

    Example:
        >>> y = layers.LeakyReLU(negative_slope=0.2)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.2  0.   2. ]]

    Reference:
        Maas, Hannun, Ng, 2013, "Rectifier Nonlinearities Improve Neural Network
        Acoustic Models", ICML.
    """

    function = functional.leaky_relu

    def __init__(self, negative_slope: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(negative_slope=negative_slope)


@register
class RReLU(ActivationLayer):
    """RReLU: `x` where `x > 0`, else `slope * x`, the slope random in training.

    In training each element draws its slope from U(lower, upper); in inference it is
    their mean.

    Args:
        lower: Smallest slope. Default 1/8.
        upper: Largest slope, `lower` or above. Default 1/3.
        seed: An integer, or None for a random one.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → -inf where `lower + upper > 0`; +inf → +inf; NaN → NaN.

    Gradient:
        0 → `(lower + upper) / 2` (a kink, in inference); +inf → 1. In training the
        slope drawn.

    Example:
        >>> y = layers.RReLU(lower=0.1, upper=0.3)(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.2  0.   2. ]]

    Reference:
        Xu, Wang, Chen, Li, 2015, "Empirical Evaluation of Rectified Activations in
        Convolutional Network", arXiv:1505.00853.
    """

    function = functional.rrelu

    def __init__(
        self,
        lower: float = 1 / 8,
        upper: float = 1 / 3,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configure(lower=lower, upper=upper)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    @property
    def extremes(self) -> tuple[dict[str, float], ...]:
        """The arguments of the functions between which training draws."""
        slopes = self.arguments["lower"], self.arguments["upper"]
        return tuple({"lower": slope, "upper": slope} for slope in slopes)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the activation, with random slopes if `training`."""
        return functional.rrelu(
            self.to_compute_dtype(inputs),
            **self.arguments,
            training=bool(training),
            seed=self.seed_generator,
        )

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


@register
class ThresholdedReLU(ActivationLayer):
    """ThresholdedReLU: `x` where `x > theta`, else 0.

    Args:
        theta: The threshold, a finite number. Default 1.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        `theta` → 0 (a kink); -inf → 0; +inf → 1.

    Example:
        >>> y = layers.ThresholdedReLU(theta=0.5)(np.array([[-2.0, 0.25, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0. 0. 3.]]

    Reference:
        Konda, Memisevic, Krueger, 2014, "Zero-bias autoencoders and the benefits of
        co-adapting features", arXiv:1402.3337.
    """

    function = functional.thresholded_relu

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(theta=theta)


@register
class Threshold(ActivationLayer):
    """Threshold: `x` where `x > threshold`, else `default_value`.

    Args:
        threshold: A finite number. Default 0.
        default_value: What stands for all up to the threshold, a finite number.
            Default 0.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → `default_value` where `threshold >= 0`; 0 → 0 where `threshold < 0`;
        -inf → `default_value`; +inf → +inf; NaN → NaN.

    Gradient:
        `threshold` → 0 (a kink); -inf → 0; +inf → 1.

    Example:
        >>> y = layers.Threshold(0.5, default_value=-5.0)(np.array([[-2.0, 1.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-5.  1.  3.]]

    Reference:
        As in `keras.activations.threshold`.
    """

    function = functional.threshold

    def __init__(
        self, threshold: float = 0.0, default_value: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.configure(threshold=threshold, default_value=default_value)


@register
class SquaredReLU(ActivationLayer):
    """SquaredReLU: `max(x, 0)**2`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Edge values:
        0 → 0; -inf → 0; +inf → +inf; NaN → NaN.

    Gradient:
        0 → 0; -inf → 0. Continuous, `2 * max(x, 0)`.

    Example:
        >>> y = layers.SquaredReLU()(np.array([[-2.0, 1.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0. 1. 9.]]

    Reference:
        So et al., 2021, "Primer: Searching for Efficient Transformers for Language
        Modeling", arXiv:2109.08668.
    """

    function = functional.squared_relu


@register
class CReLU(ActivationLayer):
    """CReLU: `concatenate([max(x, 0), max(-x, 0)], axis)`.

    Args:
        axis: The axis that doubles, an integer. Default -1.

    Input shape:
        Any of rank 1 or above.

    Output shape:
        The input's, with twice the size along `axis`; unknown where that is unknown.

    Edge values:
        `[0]` → `[0, 0]`; `[-inf]` → `[0, inf]`; `[inf]` → `[inf, 0]`;
        `[nan]` → `[nan, nan]`.

    Gradient:
        `[0]` → `[0]` (a kink), of both halves.

    Example:
        >>> y = layers.CReLU()(np.array([[2.0, -3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[2. 0. 0. 3.]]

    Reference:
        Shang, Sohn, Almeida, Lee, 2016, "Understanding and Improving Convolutional
        Neural Networks via Concatenated Rectified Linear Units", arXiv:1603.05201.
    """

    function = functional.crelu
    resizes = "axis"

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.configure(axis=axis)
