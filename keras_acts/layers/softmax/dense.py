"""Softmax and its relatives, which give every element a part."""

from typing import Any

import keras

from keras_acts import functional
from keras_acts.layers._base import ActivationLayer, register
from keras_acts.layers.softmax._masked import MaskedActivationLayer


@register
class Softmax(MaskedActivationLayer):
    """Softmax: `exp(x) / sum(exp(x))` over one axis or several.

    Args:
        axis: The axis, or several different ones, over which the result sums to 1.
            Default -1.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: Tensor, boolean or above 0.5 where an element is kept. It broadcasts
            against the inputs, or has the sizes of their leading axes, as the masks of
            time steps that Keras passes on.

    Input shape:
        Any of rank 1 or above that has the axes.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/2, 1/2]`; `[-inf, 0]` → `[0, 1]`; `[inf, 0]` → `[nan, ...]` (0 or
        NaN beside it); `[nan, 0]` → `[nan, ...]` (likewise); `[-inf, -inf]` →
        `[nan, nan]`. What the mask drops is 0, also where it drops all.

    Gradient:
        Smooth; 0 for what the mask drops.

    Example:
        >>> y = layers.Softmax()(np.array([[1.0, 2.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.09  0.245 0.665]]

    Reference:
        Bridle, 1990, "Probabilistic Interpretation of Feedforward Classification
        Network Outputs", Neurocomputing.
    """

    function = functional.softmax


@register
class LogSoftmax(MaskedActivationLayer):
    """LogSoftmax: `x - log(sum(exp(x)))` over one axis or several.

    Args:
        axis: The axis, or several different ones, over which the exponentials of the
            result sum to 1. Default -1.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: As that of `Softmax`.

    Input shape:
        Any of rank 1 or above that has the axes.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[-log(2), -log(2)]`; `[-inf, 0]` → `[-inf, 0]`;
        `[inf, 0]` → `[nan, ...]` (-inf or NaN beside it); `[nan, 0]` → `[nan, nan]`;
        `[-inf, -inf]` → `[nan, nan]`. What the mask drops is -inf.

    Gradient:
        Smooth; 0 for what the mask drops.

    Example:
        >>> y = layers.LogSoftmax()(np.array([[1.0, 2.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-2.408 -1.408 -0.408]]

    Reference:
        The logarithm of softmax: Bridle, 1990, "Probabilistic Interpretation of
        Feedforward Classification Network Outputs", Neurocomputing.
    """

    function = functional.log_softmax


@register
class Softmin(MaskedActivationLayer):
    """Softmin: `exp(-x) / sum(exp(-x))` over one axis or several.

    Args:
        axis: The axis, or several different ones, over which the result sums to 1.
            Default -1.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: As that of `Softmax`.

    Input shape:
        Any of rank 1 or above that has the axes.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/2, 1/2]`; `[-inf, 0]` → `[nan, ...]` (0 or NaN beside it);
        `[nan, 0]` → `[nan, ...]` (likewise); `[inf, 0]` → `[0, 1]`; `[inf, inf]` →
        `[nan, nan]`.
        What the mask drops is 0, also where it drops all.

    Gradient:
        Smooth; 0 for what the mask drops.

    Example:
        >>> y = layers.Softmin()(np.array([[1.0, 2.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.665 0.245 0.09 ]]

    Reference:
        Softmax of `-x`, as `torch.nn.Softmin`: Boltzmann's distribution over energies.
    """

    function = functional.softmin


@register
class SoftmaxOne(MaskedActivationLayer):
    """SoftmaxOne: `exp(x) / (1 + sum(exp(x)))` over one axis or several.

    The quiet softmax: the softmax beside an element of 0, so that all may be near 0.

    Args:
        axis: The axis, or several different ones, over which the result sums to less
            than 1. Default -1.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: As that of `Softmax`.

    Input shape:
        Any of rank 1 or above that has the axes.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/3, 1/3]`; `[-inf, 0]` → `[0, 1/2]`; `[inf, 0]` → `[nan, nan]`;
        `[nan, 0]` → `[nan, nan]`; `[-inf, -inf]` → `[0, 0]`. What the mask drops is 0.

    Gradient:
        Smooth; 0 for what the mask drops.

    Example:
        >>> y = layers.SoftmaxOne()(np.array([[1.0, 2.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.087 0.237 0.644]]

    Reference:
        Miller, 2023, "Attention Is Off By One".
    """

    function = functional.softmax_one


@register
class GumbelSoftmax(ActivationLayer):
    """GumbelSoftmax: `softmax((x + g) / temperature)`, g Gumbel noise in training.

    Args:
        axis: The axis over which the result sums to 1. Default -1.
        temperature: How far the result is from a draw itself, above 0. Default 1.
        hard: Whether the result is 1 for the largest element and 0 for all others, with
            the gradient of the smooth one. Default False.
        seed: Seed of the noise, an integer. None (default) draws one.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        training: Whether to add noise.

    Input shape:
        Any of rank 1 or above that has the axis.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/2, 1/2]`; `[-inf, 0]` → `[0, 1]`; `[inf, 0]` → `[nan, ...]` (0 or
        NaN beside it); `[nan, 0]` → `[nan, nan]`; `[-inf, -inf]` → `[nan, nan]`.
        Without noise.

    Gradient:
        Smooth, also where `hard`.

    Example:
        >>> y = layers.GumbelSoftmax(temperature=0.5)(np.array([[1.0, 2.0, 3.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.016 0.117 0.867]]

    Reference:
        Jang, Gu, Poole, 2016, "Categorical Reparameterization with Gumbel-Softmax",
        arXiv:1611.01144; Maddison, Mnih, Teh, 2016, arXiv:1611.00712.
    """

    function = functional.gumbel_softmax

    def __init__(
        self,
        axis: int = -1,
        temperature: float = 1.0,
        hard: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configure(axis=axis, temperature=temperature, hard=hard)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the activation, with noise if `training`."""
        return functional.gumbel_softmax(
            self.to_compute_dtype(inputs),
            **self.arguments,
            training=bool(training),
            seed=self.seed_generator,
        )

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "seed": self.seed}
