"""Libraries of a few layers: a model around each."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras

from support.thirdparty.architecture import Architecture


@dataclass(frozen=True)
class Row:
    """A layer of a library.

    Attributes:
        library: The library's name in the package index.
        path: The layer's module and class.
        kwargs: Its arguments.
        shape: The input's shape beside the batch, or a list of several.
        name: What tells it from others of its class.
        options: Further attributes of `Architecture`.
    """

    library: str
    path: str
    kwargs: Mapping[str, Any]
    shape: Any
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def architecture(self) -> Architecture:
        """Return the architecture of this row."""
        name = self.path.rpartition(".")[2] + (f" ({self.name})" if self.name else "")
        return Architecture(self.library, name, partial(_model, self), **self.options)


def architectures() -> Iterator[Architecture]:
    """Return each row's."""
    return (row.architecture() for row in ROWS)


def _model(row: Row) -> keras.Model:
    """Build a model of an input, or several, the layer, and its outputs."""
    module, _, name = row.path.rpartition(".")
    layer: Callable[..., Any] = getattr(importlib.import_module(module), name)
    several = isinstance(row.shape, list)
    inputs = [keras.Input(x) for x in (row.shape if several else [row.shape])]
    return keras.Model(inputs, layer(**row.kwargs)(inputs if several else inputs[0]))


_ON_TENSORFLOW = {"backends": ("tensorflow",), "engine": "auto"}
"""For layers that call TensorFlow themselves."""

_FOURIER = {**_ON_TENSORFLOW, "missing": "tf2onnx: RFFT with a complex result"}

_LMU = {"memory_d": 2, "order": 3, "theta": 5}

_ATTENTION = {"summary_dim": 3, "embed_dims": (8, 8), "num_heads": (2, 2)}

ROWS = (
    Row("keras-rs", "keras_rs.layers.FeatureCross", {}, (6,)),
    Row(
        "keras-rs",
        "keras_rs.layers.FeatureCross",
        {"projection_dim": 3, "diag_scale": 0.5, "pre_activation": "tanh"},
        (6,),
        "low rank",
    ),
    Row("keras-rs", "keras_rs.layers.DotInteraction", {}, [(4,)] * 3),
    Row(
        "keras-rs",
        "keras_rs.layers.DotInteraction",
        {"self_interaction": True, "skip_gather": True},
        [(4,)] * 3,
        "all pairs",
    ),
    Row("keras-tcn", "tcn.TCN", {"nb_filters": 4, "dilations": (1, 2)}, (None, 3)),
    Row(
        "keras-tcn",
        "tcn.TCN",
        {"nb_filters": 4, "dilations": (1, 2), "return_sequences": True}
        | {"use_batch_norm": True, "padding": "same", "nb_stacks": 2},
        (12, 3),
        "sequences",
    ),
    Row(
        "keras-mdn-layer",
        "keras_mdn_layer.MDN",
        {"output_dimension": 2, "num_mixtures": 3},
        (5,),
    ),
    Row("bayesflow", "bayesflow.networks.MLP", {"widths": (8, 8)}, (5,)),
    Row(
        "bayesflow",
        "bayesflow.networks.DeepSet",
        {"summary_dim": 3, "embed_dim": 8, "mlp_widths": (8,), "depth": 1},
        (6, 2),
    ),
    Row(
        "bayesflow",
        "bayesflow.networks.DeepSet",
        {"summary_dim": 3, "embed_dim": 8, "mlp_widths": (8,), "inner_pooling": "max"},
        (6, 2),
        "largest of each",
    ),
    Row("bayesflow", "bayesflow.networks.SetTransformer", _ATTENTION, (6, 2)),
    Row(
        "bayesflow",
        "bayesflow.networks.SetTransformer",
        {**_ATTENTION, "num_inducing_points": 3},
        (6, 2),
        "inducing points",
    ),
    Row("bayesflow", "bayesflow.networks.TimeSeriesTransformer", _ATTENTION, (6, 2)),
    Row(
        "bayesflow",
        "bayesflow.networks.FusionTransformer",
        {**_ATTENTION, "template_dim": 8},
        (6, 2),
    ),
    Row(
        "bayesflow",
        "bayesflow.networks.TimeSeriesNetwork",
        {"summary_dim": 3, "filters": 4, "recurrent_dim": 4, "skip_steps": 2},
        (8, 2),
    ),
    Row(
        "bayesflow",
        "bayesflow.networks.ConvolutionalNetwork",
        {"summary_dim": 3, "widths": (8, 8), "blocks_per_stage": 1},
        (16, 16, 2),
    ),
    Row("mingru-keras", "mingru_keras.core.MinGRU", {"units": 4}, (12, 3)),
    Row(
        "keras-efficient-kan",
        "keras_efficient_kan.KANLinear",
        {"units": 4},
        (5,),
    ),
    Row(
        "keras-lmu",
        "keras_lmu.LMU",
        {**_LMU, "hidden_cell": None},
        (12, 2),
        options={**_FOURIER, "refused": "tf.matmul("},
    ),
    Row(
        "keras-lmu",
        "keras_lmu.LMUFeedforward",
        {**_LMU, "hidden_cell": None},
        (12, 2),
        options={**_FOURIER, "refused": "tf.matmul("},
    ),
    Row("keras-sig", "keras_sig.SigLayer", {"depth": 3}, (8, 2)),
    Row(
        "keras-hexagdly",
        "keras_hexagdly.Conv2d",
        {"filters": 4, "kernel_size": 1},
        (8, 9, 2),
    ),
    Row("keras-hexagdly", "keras_hexagdly.MaxPool2d", {"pool_size": 1}, (8, 9, 2)),
    Row(
        "keras-complex",
        "complexnn.ComplexDense",
        {"units": 4},
        (6,),
        options=_ON_TENSORFLOW,
    ),
    Row(
        "keras-complex",
        "complexnn.ComplexConv2D",
        {"filters": 4, "kernel_size": 3},
        (8, 8, 4),
        options=_ON_TENSORFLOW,
    ),
    Row(
        "kapre",
        "kapre.STFT",
        {"n_fft": 32, "hop_length": 8},
        (64, 1),
        options={**_FOURIER, "refused": "tf.transpose("},
    ),
)
