"""The normalizing family: activations in place of a normalization."""

from typing import Any

from keras import constraints, initializers, regularizers
from keras.layers import InputSpec

from keras_acts import _checks, functional
from keras_acts.layers._base import ActivationLayer, Shape, register

_WEIGHTS = ("alpha", "gamma", "beta")


@register
class DyT(ActivationLayer):
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
    has_weights = True

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
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.beta_initializer = initializers.get(beta_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.alpha = self.gamma = self.beta = None

    def build(self, input_shape: Shape) -> None:
        """Create the weights.

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
        channels = input_shape[axis]
        shape = (channels, *(1,) * (rank - 1 - axis))
        for name, size in (("alpha", ()), ("gamma", shape), ("beta", shape)):
            weight = self.add_weight(
                name=name,
                shape=size,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
            )
            setattr(self, name, weight)
        self.input_spec = InputSpec(ndim=rank, axes={axis: channels})
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Apply the activation to a tensor of any rank."""
        return functional.dyt(self.to_compute_dtype(inputs), **self.learned)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the result."""
        return tuple(input_shape)

    @property
    def learned(self) -> dict[str, Any]:
        """The weights by name."""
        return {name: getattr(self, name) for name in _WEIGHTS}

    @property
    def awaits_weights(self) -> bool:
        """Whether a weight does not exist yet."""
        return self.alpha is None

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        config = {**super().get_config(), "data_format": self.data_format}
        for kind, module in (
            ("initializer", initializers),
            ("regularizer", regularizers),
            ("constraint", constraints),
        ):
            for name in _WEIGHTS:
                key = f"{name}_{kind}"
                config[key] = module.serialize(getattr(self, key))
        return config
