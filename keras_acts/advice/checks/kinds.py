"""Which of Keras's layers and ours are of which kind, as tables."""

from __future__ import annotations

import keras.layers as _keras

from keras_acts import layers as _ours
from keras_acts.bases import ActivationLayer

KERNEL, ACTIVATION, NORM, DROPOUT = "kernel", "activation", "norm", "dropout"
PASSING, POOL, MERGE = "passing", "pool", "merge"
RECURRENT, OTHER = "recurrent", "other"

DENSE = (_keras.Dense, _keras.EinsumDense, _ours.Maxout, _ours.GatedDense)
DEPTHWISE = (_keras.DepthwiseConv1D, _keras.DepthwiseConv2D)
SEPARABLE = (_keras.SeparableConv1D, _keras.SeparableConv2D)
CONVOLUTIONS = (
    *(_keras.Conv1D, _keras.Conv2D, _keras.Conv3D),
    *(_keras.Conv1DTranspose, _keras.Conv2DTranspose, _keras.Conv3DTranspose),
    *DEPTHWISE,
    *SEPARABLE,
)
RECURRENT_LAYERS = (_keras.RNN, _keras.Bidirectional)
NORMS = (
    *(_keras.BatchNormalization, _keras.LayerNormalization, _keras.GroupNormalization),
    *(_keras.UnitNormalization, _keras.RMSNormalization, _ours.DyT),
)
DROPOUTS = (
    *(_keras.Dropout, _keras.AlphaDropout, _keras.GaussianDropout),
    *(_keras.SpatialDropout1D, _keras.SpatialDropout2D, _keras.SpatialDropout3D),
)
AVERAGING = (
    *(_keras.AveragePooling1D, _keras.AveragePooling2D, _keras.AveragePooling3D),
    *(_keras.GlobalAveragePooling1D, _keras.GlobalAveragePooling2D),
    _keras.GlobalAveragePooling3D,
)
"""Layers that average over places."""
MAXIMUM = (
    *(_keras.MaxPooling1D, _keras.MaxPooling2D, _keras.MaxPooling3D),
    *(_keras.GlobalMaxPooling1D, _keras.GlobalMaxPooling2D),
    _keras.GlobalMaxPooling3D,
)
MOVING = (
    *(_keras.Flatten, _keras.Reshape, _keras.Permute, _keras.RepeatVector),
    *(_keras.ZeroPadding1D, _keras.ZeroPadding2D, _keras.ZeroPadding3D),
    *(_keras.Cropping1D, _keras.Cropping2D, _keras.Cropping3D),
    *(_keras.UpSampling1D, _keras.UpSampling2D, _keras.UpSampling3D),
    *(_keras.Identity, _keras.Masking, _keras.ActivityRegularization),
    _keras.GaussianNoise,
)
"""Layers that leave the values as they are, or nearly."""

CLASSES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((*DENSE, *CONVOLUTIONS), KERNEL),
    (RECURRENT_LAYERS, RECURRENT),
    (NORMS, NORM),
    (DROPOUTS, DROPOUT),
    ((*AVERAGING, *MOVING), PASSING),
    (MAXIMUM, POOL),
)
"""The kind of each class of layers that isn't an activation."""

ACTIVATIONS = (
    *(_keras.Activation, _keras.ReLU, _keras.LeakyReLU, _keras.PReLU, _keras.ELU),
    _keras.Softmax,
    ActivationLayer,
)
"""Layers that are activations."""

PASSING_OPERATIONS = frozenset(
    (
        *("ConvertToTensor", "Cast", "Reshape", "Transpose", "Squeeze", "ExpandDims"),
        *("GetItem", "Ravel", "Identity", "StopGradient", "SwapAxes", "Moveaxis"),
    )
)
"""Operations of `keras.ops` that only move elements."""

SIGMOIDS = frozenset(("Sigmoid", "HardSigmoid", "SparseSigmoid", "Laplace"))
"""Activations from 0 to 1, whose slope is small everywhere."""
TANHS = frozenset(("Tanh", "HardTanh", "Softsign", "ISRU"))
"""Activations between two bounds about 0."""
PROBABILITIES = frozenset(
    (
        "Softmax",
        "Softmin",
        "SoftmaxOne",
        "Sparsemax",
        "Entmax15",
        "Entmax",
        "GumbelSoftmax",
    )
)
"""Activations whose results are shares of one whole."""
RECTIFIERS = frozenset(
    (
        *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "CReLU", "ELU", "CELU"),
        *("Swish", "GELU", "Mish", "HardSwish", "Maxout", "ThresholdedReLU"),
    )
)
"""Activations of the ReLU family and those like it, which need He's initializer."""
NON_NEGATIVE = frozenset(
    (
        *("ReLU", "ReLU6", "SquaredReLU", "CReLU", "ThresholdedReLU", "Threshold"),
        *("Softplus", "Squareplus", "SparsePlus", "Exponential", "LiSHT", "SmeLU"),
        *SIGMOIDS,
        *PROBABILITIES,
    )
)
"""Activations that are never below 0, with their usual arguments."""
