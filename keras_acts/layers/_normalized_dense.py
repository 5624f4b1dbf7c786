"""A dense layer and the batch normalization behind it, for the network of APReLU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_acts.functional import _numerics
from keras_acts.layers._base import Shape


class NormalizedDense(keras.layers.Layer):
    """A dense layer without bias, then batch normalization.

    As Keras's `Dense` and `BatchNormalization`, which both round float64 to float32 on
    some backends. The dense layer has no bias: the normalization would cancel it.

    Args:
        units: Number of outputs.
        kernel: The settings of the kernel: initializer, regularizer, constraint.
        momentum: How much of the moving statistics stays at each step of training.
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
        """Apply both; `training` normalizes by the batch and moves the statistics."""
        y = _numerics.matmul(inputs, self.kernel)
        # Half precision is too coarse for the statistics.
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        y = ops.cast(y, dtype)
        gamma, beta = ops.cast(self.gamma, dtype), ops.cast(self.beta, dtype)
        if training:
            mean = _numerics.mean(y, 0)
            variance = _numerics.mean(ops.square(y - mean), 0)
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance)
            y = (y - mean) / ops.sqrt(variance + self.epsilon) * gamma + beta
        else:
            # One operation: an export then sees the weights, not their square roots.
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

    def _move(self, variable: Any, batch: Any) -> None:
        kept = self.momentum * ops.cast(variable, batch.dtype)
        moved = kept + (1 - self.momentum) * batch
        variable.assign(ops.cast(moved, variable.dtype))
