"""A dense layer and the batch normalization behind it, for the network of APReLU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_acts.functional import _numerics
from keras_acts.layers._base import Shape


class NormalizedDense(keras.layers.Layer):
    """A dense layer without bias, then batch normalization.

    Replaces Keras's `Dense` and `BatchNormalization`, which both round float64 to
    float32 on some backends. The dense layer has no bias, since the normalization would
    cancel it.

    Args:
        units: Number of outputs.
        kernel: The settings of the kernel: initializer, regularizer, constraint.
        momentum: Momentum of the moving statistics.
        epsilon: Added to the variance.
    """

    def __init__(
        self,
        units: int,
        kernel: dict[str, Any],
        momentum: float,
        epsilon: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.kernel_settings = kernel
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape: Shape) -> None:
        """Create the kernel, scale and offset, and the moving statistics."""
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(
            name="kernel", shape=shape, **self.kernel_settings
        )
        self.gamma = self._add_vector("gamma", "ones")
        self.beta = self._add_vector("beta", "zeros")
        self.moving_mean = self._add_vector("moving_mean", "zeros", False)
        self.moving_variance = self._add_vector("moving_variance", "ones", False)
        self.built = True

    def _add_vector(self, name: str, initializer: str, trainable: bool = True) -> Any:
        return self.add_weight(
            name=name,
            shape=(self.units,),
            initializer=initializer,
            trainable=trainable,
            autocast=False,
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply both; training uses the batch's statistics and moves the averages."""
        y = _numerics.matmul(inputs, self.kernel)
        # Half precision is not accurate enough for the statistics.
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        y = ops.cast(y, dtype)
        gamma, beta = ops.cast(self.gamma, dtype), ops.cast(self.beta, dtype)
        if training:
            mean = _numerics.mean(y, 0)
            variance = _numerics.mean(ops.square(y - mean), 0)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
            y = (y - mean) / ops.sqrt(variance + self.epsilon) * gamma + beta
        else:
            # One operation, so that an exporter sees the weights, not their roots.
            y = ops.batch_normalization(
                y,
                ops.cast(self.moving_mean, dtype),
                ops.cast(self.moving_variance, dtype),
                axis=-1,
                offset=beta,
                scale=gamma,
                epsilon=self.epsilon,
            )
        return ops.cast(y, self.compute_dtype)

    def _update(self, variable: Any, batch: Any) -> None:
        kept = self.momentum * ops.cast(variable, batch.dtype)
        moved = kept + (1 - self.momentum) * batch
        variable.assign(ops.cast(moved, variable.dtype))
