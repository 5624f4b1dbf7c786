"""Layers, with a row each: the arguments that make one, and what it is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuzzing.pool import Pool, Raw
from fuzzing.program import BATCH
from keras_acts import catalogue
from keras_acts.export.convert.coverage import layer_rows

Row = Callable[[Pool], tuple[str, str]]
"""Draws the arguments of a layer, and those of its call, as code."""

WITHOUT = {
    **dict.fromkeys(("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
                    "calls another framework"),
    **dict.fromkeys(("HashedCrossing", "Hashing"), "ONNX has no hash"),
    **dict.fromkeys(("StringLookup", "TextVectorization"), "takes texts"),
    **dict.fromkeys(("Layer", "Wrapper", "InputLayer"), "is a base, or an input"),
    **dict.fromkeys(("CutMix", "MixUp", "MaxNumBoundingBoxes"),
                    "takes labels or boxes beside images"),
}  # fmt: skip
"""Layers that no step has, and why."""

_FALSE = "training=False"

POLICIES = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
"""What `dtype=` of a layer may be. In float64 some backends compute in float32."""


def row(low: int, high: int, call: str = "", fresh: Any = None, **choices: Any) -> Row:
    """Return the row of a layer of one tensor.

    Args:
        low: The lowest rank that it takes.
        high: The highest.
        call: What its call takes beside.
        fresh: Makes a shape where no variable has a rank that it takes.
        choices: Tuples of values for its arguments.
    """

    def draw(pool: Pool) -> tuple[str, str]:
        rank = int(pool.rng.integers(low, high + 1))
        ranks = [len(x.shape) for x in pool.variables if low <= len(x.shape) <= high]
        shape = pool.like(ranks[-1] if ranks else rank, fresh and (lambda: fresh(pool)))
        made = {k: pool.one_of(*v) for k, v in choices.items()}
        inputs = pool.render(pool.real(shape))
        return _keywords(pool, made), f"{inputs}, {call}" if call else inputs

    return draw


def _keywords(pool: Pool, made: dict[str, Any]) -> str:
    return ", ".join(f"{k}={pool.render(v)}" for k, v in made.items())


def grid(rank: int) -> Callable[[Pool], tuple[int, ...]]:
    """Return what makes the shape of images: batch, sizes, channels."""

    def shape(pool: Pool) -> tuple[int, ...]:
        sizes = pool.rng.integers(5, 9, rank)
        return (BATCH, *map(int, sizes), pool.one_of(1, 2, 3, 4))

    return shape


def colours(pool: Pool) -> tuple[int, ...]:
    return (BATCH, *map(int, pool.rng.integers(6, 10, 2)), 3)


LAST = {"data_format": ("channels_last",)}
ACTIVATIONS = (None, "relu", "tanh", "gelu", "softmax", "silu")


def of_space(rank: int, **choices: Any) -> Row:
    """Return the row of a layer of `rank` spatial axes."""
    return row(rank + 2, rank + 2, fresh=grid(rank), **choices, **LAST)


def convolution(rank: int, *, transposed: bool = False, **choices: Any) -> Row:
    more = {} if transposed else {"dilation_rate": (1, 1, 2)}
    return of_space(
        rank, kernel_size=(1, 2, 3), strides=(1, 1, 2), padding=("same", "valid"),
        activation=ACTIVATIONS, use_bias=(True, False), **choices, **more,
    )  # fmt: skip


def merged(pool: Pool) -> tuple[str, str]:
    shape = pool.shape(2, 4)
    return "", f"[{', '.join(pool.render(pool.real(shape)) for _ in range(2))}]"


def attention(**choices: Any) -> Row:
    def draw(pool: Pool) -> tuple[str, str]:
        shape = pool.like(3)
        x, y = pool.render(pool.real(shape)), pool.render(pool.real(shape))
        made = {k: pool.one_of(*v) for k, v in choices.items()}
        joined = "num_heads" in choices or "num_query_heads" in choices
        call = f"{x}, {y}" if joined else f"[{x}, {y}]"
        causal = pool.one_of("", ", use_causal_mask=True")
        return _keywords(pool, made), call + causal

    return draw


def cell(pool: Pool) -> Raw:
    kind = pool.one_of("LSTMCell", "GRUCell", "SimpleRNNCell")
    return Raw(f"layers.{kind}({pool.one_of(2, 3)})")


def recurrent(**choices: Any) -> Row:
    return row(
        3, 3, return_sequences=(True, False), go_backwards=(False, True),
        use_bias=(True, False), **choices,
    )  # fmt: skip


def one_cell(states: int) -> Row:
    """Return the row of a cell, called for one step of time."""

    def draw(pool: Pool) -> tuple[str, str]:
        x = pool.render(pool.real(pool.like(2)))
        zeros = f"ops.zeros((ops.shape({x})[0], 3))"
        return "3", f"{x}, [{', '.join([zeros] * states)}]"

    return draw


def stacked(pool: Pool) -> tuple[str, str]:
    x = pool.render(pool.real(pool.like(2)))
    zeros = [f"ops.zeros((ops.shape({x})[0], {n}))" for n in (3, 2)]
    return "[layers.GRUCell(3), layers.SimpleRNNCell(2)]", f"{x}, [{', '.join(zeros)}]"


def cells(pool: Pool) -> tuple[str, str]:
    x = pool.render(pool.real(pool.like(3)))
    inner = pool.one_of(cell(pool), [cell(pool), cell(pool)])
    sequences = f"return_sequences={pool.one_of(True, False)}"
    return f"{pool.render(inner)}, {sequences}", x


def bidirectional(pool: Pool) -> tuple[str, str]:
    x = pool.render(pool.real(pool.like(3)))
    kind = pool.one_of("LSTM", "GRU", "SimpleRNN")
    inner = f"layers.{kind}(3, return_sequences={pool.one_of(True, False)})"
    mode = pool.one_of("concat", "sum", "ave", "mul")
    return f"{inner}, merge_mode={mode!r}", x


def distributed(pool: Pool) -> tuple[str, str]:
    shape = pool.like(pool.one_of(3, 4))
    inner = pool.one_of(
        "Dense(3)", "LayerNormalization()", "Flatten()", "ReLU()", "Dropout(0.5)"
    )
    return f"layers.{inner}", pool.render(pool.real(shape))


def normalized(pool: Pool) -> tuple[str, str]:
    inner = pool.one_of("Dense(3)", "Dense(4, activation='relu')")
    rank = pool.one_of(2, 3)
    return f"layers.{inner}", pool.render(pool.real(pool.like(rank))) + f", {_FALSE}"


def einsum(pool: Pool) -> tuple[str, str]:
    shape = pool.like(pool.one_of(2, 3, 4))
    equation, output, bias = {
        2: ("ab,bc->ac", "4", "'c'"),
        3: ("abc,cd->abd", "(None, 4)", "'d'"),
        4: ("abcd,cde->abe", "(None, 4)", "None"),
    }[len(shape)]
    return f"{equation!r}, {output}, bias_axes={bias}", pool.render(pool.real(shape))


def indices(make: str, *ranks: int, high: int = 4) -> Row:
    """Return the row of a layer of integers from 0 to 3."""

    def draw(pool: Pool) -> tuple[str, str]:
        shape = (BATCH, *(int(n) for n in pool.rng.integers(2, 6, pool.one_of(*ranks))))
        return make, pool.render(pool.tensor(shape, "int32"))

    return draw


def embedding(pool: Pool) -> tuple[str, str]:
    zero = pool.one_of(True, False)
    return indices(f"4, 3, mask_zero={zero}", 0, 1, 2)(pool)


def permuted(pool: Pool) -> tuple[str, str]:
    shape = pool.shape(2, 4)
    order = tuple(int(i) + 1 for i in pool.rng.permutation(len(shape) - 1))
    return pool.render(order), pool.render(pool.tensor(shape))


def reshaped(pool: Pool) -> tuple[str, str]:
    shape = pool.shape(2, 4)
    target = pool.one_of((-1,), (1, -1), (*shape[1:][::-1],), (-1, shape[-1]))
    return pool.render(target), pool.render(pool.tensor(shape))


def axes(*choices: Any, low: int = 2, high: int = 4, **more: Any) -> Row:
    return row(low, high, axis=choices, **more)


def dotted(pool: Pool) -> tuple[str, str]:
    shape = pool.shape(2, 3)
    x, y = pool.render(pool.real(shape)), pool.render(pool.real(shape))
    return f"axes={pool.one_of(-1, 1)}, normalize={pool.one_of(True, False)}", (
        f"[{x}, {y}]"
    )


def masking(pool: Pool) -> tuple[str, str]:
    """Draw steps of which some are zero, and a layer that masks these or others."""
    x = pool.render(pool.real(pool.like(3)))
    some = f"{x} * ops.cast(ops.max({x}, axis=-1, keepdims=True) > 0.6, {x}.dtype)"
    return f"mask_value={pool.one_of(0.0, 0.0, 1.0)}", some


def normalization(pool: Pool) -> tuple[str, str]:
    shape = pool.shape(2, 4)
    return f"mean={pool.one_of(0.0, 1.5)}, variance=2.0", pool.render(pool.real(shape))


def random_images(**choices: Any) -> Row:
    made = row(4, 4, "", colours, **choices)

    def draw(pool: Pool) -> tuple[str, str]:
        arguments, x = made(pool)
        return arguments, f"ops.clip({x}, 0, 1), {_FALSE}"

    return draw


_FACTOR = {"factor": (0.2,)}
_UNITS = {"units": (2, 3, 5)}
_POOL = {"pool_size": (1, 2, 3), "strides": (None, 1, 2), "padding": ("same", "valid")}

ROWS: dict[str, Row] = {
    **dict.fromkeys(
        ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract", "Concatenate"),
        merged,
    ),
    **{f"AdaptiveAveragePooling{n}D": of_space(n, output_size=(2, 3))
       for n in (1, 2, 3)},
    **{f"AdaptiveMaxPooling{n}D": of_space(n, output_size=(2, 3)) for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": of_space(n, **_POOL) for n in (1, 2, 3)},
    **{f"MaxPooling{n}D": of_space(n, **_POOL) for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": of_space(n, keepdims=(True, False))
       for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": of_space(n, keepdims=(True, False)) for n in (1, 2, 3)},
    **{f"Conv{n}D": convolution(n, filters=(2, 4)) for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": convolution(n, transposed=True, filters=(2, 3))
       for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": convolution(n, depth_multiplier=(1, 2)) for n in (1, 2)},
    **{f"SeparableConv{n}D": convolution(n, filters=(2, 3)) for n in (1, 2)},
    **{f"ConvLSTM{n}D": row(n + 3, n + 3, filters=(2,), kernel_size=(1, 2),
                            padding=("same", "valid"), return_sequences=(True, False),
                            **LAST) for n in (1, 2, 3)},
    "Cropping1D": row(3, 3, cropping=(1, (0, 1), (1, 0))),
    "Cropping2D": of_space(2, cropping=(1, ((0, 1), (2, 1)))),
    "Cropping3D": of_space(3, cropping=(1, ((0, 1), (2, 1), (1, 0)))),
    "ZeroPadding1D": row(3, 3, padding=(1, (0, 2))),
    "ZeroPadding2D": of_space(2, padding=(1, ((0, 1), (2, 1)))),
    "ZeroPadding3D": of_space(3, padding=(1, ((0, 1), (2, 1), (1, 0)))),
    "UpSampling1D": row(3, 3, size=(2, 3)),
    "UpSampling2D": of_space(2, size=(2, (1, 3)),
                             interpolation=("nearest", "bilinear")),
    "UpSampling3D": of_space(3, size=(2, (1, 2, 3))),
    "SpatialDropout1D": row(3, 3, rate=(0.5,)),
    "SpatialDropout2D": of_space(2, rate=(0.5,)),
    "SpatialDropout3D": of_space(3, rate=(0.5,)),
    **dict.fromkeys(("AlphaDropout", "Dropout", "GaussianDropout"),
                    row(1, 4, rate=(0.5,))),
    "GaussianNoise": row(1, 4, stddev=(0.5,)),
    "Activation": row(1, 4, activation=("relu", "tanh", "gelu", "softplus", "sigmoid",
                      "elu", "selu", "hard_swish", "mish", "log_softmax", "celu")),
    "ActivityRegularization": row(1, 4, l2=(0.1,)),
    "AdditiveAttention": attention(use_scale=(True, False)),
    "Attention": attention(use_scale=(True, False), score_mode=("dot", "concat")),
    "MultiHeadAttention": attention(num_heads=(1, 2), key_dim=(2, 3)),
    "GroupQueryAttention": attention(head_dim=(2,), num_query_heads=(2, 4),
                                     num_key_value_heads=(1, 2)),
    "BatchNormalization": axes(-1, 1, center=(True, False), scale=(True, False)),
    "Bidirectional": bidirectional,
    "CategoryEncoding": indices(
        "num_tokens=4, output_mode='multi_hot'", 1, 2),
    "Dense": row(2, 4, activation=ACTIVATIONS, use_bias=(True, False), **_UNITS),
    "Discretization": row(1, 3, bin_boundaries=([-0.5, 0.1, 0.6],)),
    "Dot": dotted,
    "ELU": row(1, 4, alpha=(1.0, 0.5)),
    "EinsumDense": einsum,
    "Embedding": embedding,
    "Flatten": row(1, 4),
    "GRU": recurrent(reset_after=(True, False), **_UNITS),
    "GRUCell": one_cell(1),
    "GroupNormalization": row(3, 4, groups=(1, -1), axis=(-1,)),
    "Identity": row(1, 4),
    "IntegerLookup": indices("vocabulary=[3, 1], num_oov_indices=1", 0, 1),
    "LSTM": recurrent(unit_forget_bias=(True, False), **_UNITS),
    "LSTMCell": one_cell(2),
    "Lambda": row(2, 4, function=(Raw("lambda v: v * 2 + 1"),
                                  Raw("lambda v: ops.mean(v, -1)"))),
    "LayerNormalization": axes(-1, (-1, -2), 1, center=(True, False)),
    "LeakyReLU": row(1, 4, negative_slope=(0.1, 0.3)),
    "Masking": masking,
    "Normalization": normalization,
    "PReLU": row(2, 4),
    "Permute": permuted,
    "RMSNormalization": axes(-1, 1),
    "RNN": cells,
    "ReLU": row(1, 4, max_value=(None, 6.0), negative_slope=(0.0, 0.1),
                threshold=(0.0, 0.3)),
    "RepeatVector": row(2, 2, n=(2, 3)),
    "Rescaling": row(1, 4, scale=(0.5, 2), offset=(0.0, 1)),
    "Reshape": reshaped,
    "ReversibleEmbedding": indices("4, 3", 1),
    "SimpleRNN": recurrent(**_UNITS),
    "SimpleRNNCell": one_cell(1),
    "Softmax": axes(-1, 1),
    "SpectralNormalization": normalized,
    "StackedRNNCells": stacked,
    "TimeDistributed": distributed,
    "UnitNormalization": axes(-1, 1, (1, -1)),
    "MelSpectrogram": row(
        2, 2, fresh=lambda _: (BATCH, 40), fft_length=(16,), sequence_stride=(4,),
        num_mel_bins=(4,), sampling_rate=(4000,)),
    "STFTSpectrogram": row(
        2, 2, fresh=lambda _: (BATCH, 40), mode=("log", "magnitude", "real"),
        frame_length=(16,), frame_step=(8,), fft_length=(16,)),
    "CenterCrop": row(4, 4, fresh=colours, height=(3,), width=(4,), **LAST),
    "Resizing": row(4, 4, fresh=colours, height=(3, 9), width=(5,),
                    interpolation=("bilinear", "nearest"),
                    crop_to_aspect_ratio=(False, True), **LAST),
    "Pipeline": row(4, 4, _FALSE, colours, layers=(
        Raw("[layers.Rescaling(0.5), layers.CenterCrop(3, 3)]"),)),
    "AutoContrast": random_images(value_range=((0, 1),)),
    "ContrastLimitedAdaptiveHistogramEqualization": random_images(
        value_range=((0, 1),)),
    "Equalization": random_images(value_range=((0, 1),)),
    "Solarization": random_images(value_range=((0, 1),)),
    **dict.fromkeys(("AugMix", "RandAugment"), random_images(value_range=((0, 1),))),
    **dict.fromkeys(
        ("RandomBrightness", "RandomContrast", "RandomColorDegeneration", "RandomHue",
         "RandomRotation", "RandomGrayscale", "RandomInvert", "RandomSaturation",
         "RandomSharpness"), random_images(**_FACTOR)),
    "RandomColorJitter": random_images(brightness_factor=(0.2,)),
    "RandomCrop": random_images(height=(4,), width=(5,), **LAST),
    "RandomElasticTransform": random_images(),
    "RandomErasing": random_images(),
    "RandomFlip": random_images(),
    "RandomGaussianBlur": random_images(),
    "RandomPerspective": random_images(),
    "RandomPosterization": random_images(factor=(4,)),
    "RandomShear": random_images(x_factor=(0.2,)),
    "RandomTranslation": random_images(height_factor=(0.2,), width_factor=(0.2,)),
    "RandomZoom": random_images(height_factor=(0.2,)),
}  # fmt: skip

NAMES = [one.name for one in layer_rows() if one.name not in WITHOUT]
"""Every layer of Keras that steps have."""

ACTS = [
    one.name
    for one in catalogue.activations().values()
    if all(v is not ... for v in one.defaults.values())
]
"""Our activations that need no argument."""


def step(name: str, pool: Pool) -> tuple[str, str]:
    """Draw a layer of Keras, and what it is called with."""
    made, call = ROWS[name](pool)
    return f"layers.{name}({_in_dtype(made, pool)})", call


def _in_dtype(made: str, pool: Pool) -> str:
    """Return the arguments of a layer, now and then with a dtype or a policy."""
    if pool.rng.random() > 0.15:
        return made
    dtype = f"dtype={pool.one_of(*POLICIES)!r}"
    return f"{made}, {dtype}" if made else dtype


def activation(name: str, pool: Pool) -> tuple[str, str]:
    """Draw one of our activations."""
    shape = pool.shape(2, 4)
    return f"acts.{name}({_in_dtype('', pool)})", pool.render(pool.real(shape))
