"""The normalizing family: activations in place of a normalization."""

from typing import Any

from keras import initializers
from keras.layers import InputSpec

from keras_acts import _checks, functional
from keras_acts.layers._base import Shape, ShapedActivationLayer, register


@register
class DyT(ShapedActivationLayer):
    """DyT: `gamma * tanh(alpha * x) + beta`, in place of a layer normalization.

    Alpha is one number; gamma and beta have one value a channel.

    Args:
        alpha_initializer: Initializer of alpha. None (default) is the constant 0.5.
        alpha_regularizer: Regularizer of alpha.
        alpha_constraint: Constraint of alpha.
        gamma_initializer: Initializer of gamma. Default ones.
        gamma_regularizer: Regularizer of gamma.
        gamma_constraint: Constraint of gamma.
        beta_initializer: Initializer of beta. Default zeros.
        beta_regularizer: Regularizer of beta.
        beta_constraint: Constraint of beta.
        data_format: `"channels_last"` or `"channels_first"`, which tells the channel
            axis. Default `"channels_last"`, as in a layer normalization.

    Input shape:
        Any of rank 2 or above, with a known number of channels.

    Output shape:
        The input's.

    Edge values:
        0 → `beta`; -inf → `beta - gamma` where `alpha > 0`; +inf → `beta + gamma` where
        `alpha > 0`; NaN → NaN.

    Gradient:
        0 → `alpha * gamma`; ±inf → 0. Smooth.

    Example:
        >>> y = layers.DyT()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.462  0.     0.762]]

    Reference:
        Zhu, Chen, He, LeCun, Liu, 2025, "Transformers without Normalization",
        arXiv:2503.10622.
    """

    function = functional.dyt

    def __init__(
        self,
        alpha_initializer: Any = None,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        gamma_initializer: Any = "ones",
        gamma_regularizer: Any = None,
        gamma_constraint: Any = None,
        beta_initializer: Any = "zeros",
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        data_format: str = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        formats = _checks.one_of("channels_last", "channels_first")
        formats("data_format", data_format)
        self.data_format = data_format
        if alpha_initializer is None:
            alpha_initializer = initializers.Constant(0.5)
        self.declare_weights(
            alpha=(alpha_initializer, alpha_regularizer, alpha_constraint),
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            beta=(beta_initializer, beta_regularizer, beta_constraint),
        )

    def weight_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the shape of each weight by name.

        Raises:
            ValueError: The input has no known number of channels.
        """
        rank = len(input_shape)
        axis = 1 if self.data_format == "channels_first" else rank - 1
        if rank < 2 or input_shape[axis] is None:
            raise ValueError(
                "DyT needs an input of rank 2 or above with a known number of channels."
                f" Received: input_shape={tuple(input_shape)}, "
                f"data_format={self.data_format!r}"
            )
        self.input_spec = InputSpec(ndim=rank, axes={axis: input_shape[axis]})
        shape = tuple(input_shape[a] if a == axis else 1 for a in range(1, rank))
        return {"alpha": (), "gamma": shape, "beta": shape}

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        return {**super().get_config(), "data_format": self.data_format}


@register
class PolyNorm(ShapedActivationLayer):
    """PolyNorm: `w[0] * n(x**3) + w[1] * n(x**2) + w[2] * n(x) + bias`.

    With `n(y) = y / sqrt(mean(y**2) + epsilon)`, the mean over the last axis.

    Args:
        epsilon: Added to the mean squares, above 0. Default 1e-6.
        weight_initializer: Initializer of the three weights. None (default) is the
            constant 1/3.
        weight_regularizer: Regularizer of the weights.
        weight_constraint: Constraint of the weights.
        bias_initializer: Initializer of the bias, one number. Default zeros.
        bias_regularizer: Regularizer of the bias.
        bias_constraint: Constraint of the bias.

    Input shape:
        Any of rank 1 or above.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[bias, bias]`; `[inf, 0]` → `[nan, nan]`; `[nan, 0]` → `[nan, nan]`.

    Gradient:
        Smooth.

    Example:
        >>> y = layers.PolyNorm()(np.array([[-1.0, 0.0, 2.0]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[-0.19   0.     1.649]]

    Reference:
        Zhuo, Wang, Zeng, Li, Zhou, Ma, 2024, "Polynomial Composition Activations:
        Unleashing the Dynamics of Large Language Models", arXiv:2411.03884.
    """

    function = functional.poly_norm

    def __init__(
        self,
        epsilon: float = 1e-6,
        weight_initializer: Any = None,
        weight_regularizer: Any = None,
        weight_constraint: Any = None,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configure(epsilon=epsilon)
        if weight_initializer is None:
            weight_initializer = initializers.Constant(1 / 3)
        self.declare_weights(
            weight=(weight_initializer, weight_regularizer, weight_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def weight_shapes(self, input_shape: Shape) -> dict[str, Shape]:  # noqa: ARG002
        """Return the shape of each weight by name."""
        return {"weight": (3,), "bias": ()}
