"""Layers without bias and the batch normalization behind them, inside activations."""

from __future__ import annotations

import functools
import itertools
import operator
from typing import Any

import keras
from keras import ops

from keras_acts.functional import _numerics
from keras_acts.layers._base import Shape


class NormalizedLayer(keras.layers.Layer):
    """A linear layer without bias, then batch normalization.

    Replaces Keras's layers and its `BatchNormalization`, which both round float64 to
    float32 on some backends. There is no bias, since the normalization would cancel it.

    Args:
        kernel: The settings of the kernel: initializer, regularizer, constraint.
        momentum: Momentum of the moving statistics.
        epsilon: Added to the variance.
    """

    axis = -1
    """The axis of the channels that are normalized, counted from the end."""

    def __init__(
        self, kernel: dict[str, Any], momentum: float, epsilon: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.kernel_settings = kernel
        self.momentum = momentum
        self.epsilon = epsilon

    def create_weights(self, kernel_shape: Shape, channels: int) -> None:
        """Create the kernel, scale and offset, and the moving statistics."""
        self.channels = channels
        self.kernel = self.add_weight(
            name="kernel", shape=kernel_shape, **self.kernel_settings
        )
        self.gamma = self._add_vector("gamma", "ones")
        self.beta = self._add_vector("beta", "zeros")
        self.moving_mean = self._add_vector("moving_mean", "zeros", False)
        self.moving_variance = self._add_vector("moving_variance", "ones", False)
        self.built = True

    def _add_vector(self, name: str, initializer: str, trainable: bool = True) -> Any:
        return self.add_weight(
            name=name,
            shape=(self.channels,),
            initializer=initializer,
            trainable=trainable,
            autocast=False,
        )

    def normalized(self, y: Any, training: bool | None) -> Any:
        """Normalize; training uses the batch's statistics and moves the averages."""
        # Half precision is not accurate enough for the statistics.
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        y = ops.cast(y, dtype)
        gamma, beta = ops.cast(self.gamma, dtype), ops.cast(self.beta, dtype)
        if training:
            axis = self.axis % len(y.shape)
            others = tuple(a for a in range(len(y.shape)) if a != axis)
            after = (1,) * (len(y.shape) - 1 - axis)

            def aligned(vector: Any) -> Any:
                return ops.reshape(vector, (self.channels, *after)) if after else vector

            mean = _numerics.mean(y, others)
            centred = y - aligned(mean)
            variance = _numerics.mean(ops.square(centred), others)
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
            root = ops.sqrt(variance + self.epsilon)
            y = centred / aligned(root) * aligned(gamma) + aligned(beta)
        else:
            # One operation, so that an exporter sees the weights, not their roots.
            y = ops.batch_normalization(
                y,
                ops.cast(self.moving_mean, dtype),
                ops.cast(self.moving_variance, dtype),
                axis=self.axis,
                offset=beta,
                scale=gamma,
                epsilon=self.epsilon,
            )
        return ops.cast(y, self.compute_dtype)

    def _update(self, variable: Any, batch: Any) -> None:
        kept = self.momentum * ops.cast(variable, batch.dtype)
        moved = kept + (1 - self.momentum) * batch
        variable.assign(ops.cast(moved, variable.dtype))


class NormalizedDense(NormalizedLayer):
    """A dense layer, then batch normalization.

    Args:
        units: Number of outputs.
        **kwargs: The arguments of `NormalizedLayer`.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Shape) -> None:
        """Create the weights."""
        self.create_weights((input_shape[-1], self.units), self.units)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply both."""
        return self.normalized(_numerics.matmul(inputs, self.kernel), training)


class NormalizedDepthwiseConv(NormalizedLayer):
    """A depthwise convolution of up to three dimensions, then batch normalization.

    Args:
        kernel_size: The window's size along each of them; what lies outside is 0.
        data_format: `"channels_last"` or `"channels_first"`.
        **kwargs: The arguments of `NormalizedLayer`.
    """

    def __init__(self, kernel_size: int, data_format: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.data_format = data_format

    def build(self, input_shape: Shape) -> None:
        """Create the weights."""
        rank = len(input_shape)
        self.axis = 1 - rank if self.data_format == "channels_first" else -1
        channels = input_shape[self.axis]
        window = (self.kernel_size,) * (rank - 2)
        assert channels is not None  # the activation has checked it
        self.create_weights((*window, channels, 1), channels)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply both."""
        y = depthwise_conv(inputs, self.kernel, self.data_format)
        return self.normalized(y, training)


def depthwise_conv(x: Any, kernel: Any, data_format: str) -> Any:
    """Return the depthwise convolution with a kernel `(…, channels, 1)`.

    What lies outside counts as 0, so that the result has the shape of `x`.
    """
    if len(x.shape) == 2:  # nothing beside each element
        return x * kernel[:, 0]
    if (
        len(x.shape) < 5
        or isinstance(x, keras.KerasTensor)
        or _numerics.runs_on("torch", "jax")
    ):
        return ops.depthwise_conv(x, kernel, padding="same", data_format=data_format)
    return _shifted_sum(x, kernel, data_format)


def _shifted_sum(x: Any, kernel: Any, data_format: str) -> Any:
    """Return the same, where a backend has no such convolution of three dimensions."""
    rank = len(x.shape)
    first = 2 if data_format == "channels_first" else 1
    spatial = range(first, first + rank - 2)
    window = tuple(kernel.shape[:-2])
    width = [(0, 0)] * rank
    for axis, size in zip(spatial, window, strict=True):
        width[axis] = ((size - 1) // 2, size // 2)
    padded, sizes = ops.pad(x, width), ops.shape(x)
    after = (1,) * (rank - 2) if data_format == "channels_first" else ()
    terms: list[Any] = []
    for offsets in itertools.product(*map(range, window)):
        index = [slice(None)] * rank
        for axis, offset in zip(spatial, offsets, strict=True):
            index[axis] = slice(offset, offset + sizes[axis])
        weight = ops.reshape(kernel[offsets], (-1, *after))
        terms.append(padded[tuple(index)] * weight)
    return functools.reduce(operator.add, terms)
