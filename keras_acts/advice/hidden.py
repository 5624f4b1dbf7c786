"""Which activations suit which hidden layers: a table of votes with reasons.

Each row votes for one activation in one situation. `suggest` adds up the votes of the
rows that apply, and ranks activations by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keras_acts.advice.questions import DEEP, VERY_DEEP


@dataclass(frozen=True)
class Vote:
    """A vote for an activation.

    Attributes:
        activation: Name of the activation in the catalogue.
        weight: How much it counts; below 0 it is a vote against.
        claims: Keys of the reasons.
        note: What to do besides.
    """

    activation: str
    weight: int
    claims: tuple[str, ...]
    note: str = ""


_SELU_NOTE = "With LeCun normal weights, AlphaDropout, and standardized inputs."
_STATE = "For the state: `activation` of the layer, Keras's default."
_GATES = "For the gates: `recurrent_activation` of the layer, Keras's default."
_GATED_NOTE = (
    "`layers.GatedDense` has both halves in one product; take 2/3 of the units."
)

GENERAL = (
    Vote("ReLU", 10, ("relu_keeps_gradients", "he_keeps_the_signal")),
    Vote("LeakyReLU", 6, ("dead_relu",)),
    Vote("ELU", 4, ("elu_is_nearer_to_zero_mean",)),
    Vote("Swish", 5, ("swish_is_smooth",)),
)
"""Where nothing is known of the network."""

BY_NETWORK: Mapping[str, tuple[Vote, ...]] = {
    "dense": (
        Vote("ReLU", 10, ("relu_keeps_gradients", "he_keeps_the_signal")),
        Vote("SELU", 7, ("selu_normalizes",), _SELU_NOTE),
        Vote("LeakyReLU", 6, ("dead_relu",)),
        Vote("ELU", 5, ("elu_is_nearer_to_zero_mean",)),
        Vote("Swish", 4, ("swish_is_smooth",)),
    ),
    "cnn": (
        Vote("ReLU", 10, ("relu_for_cnn", "he_keeps_the_signal")),
        Vote("LeakyReLU", 7, ("dead_relu",)),
        Vote("PReLU", 6, ("prelu_learns_its_slope",)),
        Vote("Swish", 5, ("swish_is_smooth",)),
        Vote("ELU", 4, ("elu_is_nearer_to_zero_mean",)),
    ),
    "rnn": (
        Vote("Tanh", 24, ("tanh_bounds_the_state", "fused_recurrence"), _STATE),
        Vote("Sigmoid", 23, ("gates_open_and_close", "fused_recurrence"), _GATES),
    ),
    "transformer": (
        Vote("GELU", 20, ("gelu_in_transformers",)),
        Vote("SwiGLU", 18, ("gates_in_transformers",), _GATED_NOTE),
        Vote("GEGLU", 16, ("gates_in_transformers",), _GATED_NOTE),
        Vote("SquaredReLU", 8, ("squared_relu_in_transformers",)),
        Vote("ReLU", 6, ("relu_keeps_gradients",)),
    ),
    "gan": (
        Vote("LeakyReLU", 20, ("leaky_relu_in_gans",), "Slope 0.2: discriminator."),
        Vote("ReLU", 10, ("relu_keeps_gradients",), "In the generator."),
    ),
    "self_normalizing": (
        Vote(
            "SELU",
            30,
            ("selu_normalizes", "alpha_dropout_keeps_moments"),
            _SELU_NOTE,
        ),
        Vote("ELU", 6, ("elu_is_nearer_to_zero_mean",)),
    ),
    "implicit": (
        Vote(
            "Sine",
            30,
            ("sine_has_sines_as_derivatives",),
            "With weights of `initializer_for('sine')`; the first layer takes "
            "±1 / fan_in.",
        ),
        Vote("Snake", 8, ("snake_repeats",)),
        Vote("Swish", 5, ("swish_is_smooth",)),
    ),
}
"""Votes for each kind of network."""

BY_CONSTRAINT: Mapping[str, tuple[Vote, ...]] = {
    "speed": (
        Vote("ReLU", 8, ("leaky_relu_is_cheaper_than_elu",)),
        Vote("LeakyReLU", 7, ("leaky_relu_is_cheaper_than_elu",)),
        Vote("ReLU6", 4, ("relu6_is_bounded",)),
        Vote("ELU", -3, ("leaky_relu_is_cheaper_than_elu",)),
        Vote("Swish", -3, ("hard_swish_has_no_exponential",)),
        Vote("HardSwish", 4, ("hard_swish_has_no_exponential",)),
    ),
    "accuracy": (
        Vote("Swish", 7, ("swish_in_deep_networks",)),
        Vote("PReLU", 5, ("prelu_learns_its_slope",)),
        Vote("GELU", 5, ("gelu_in_transformers",)),
        Vote("SwiGLU", 3, ("gates_in_transformers",), _GATED_NOTE),
    ),
    "dead_units": (
        Vote("LeakyReLU", 12, ("dead_relu",)),
        Vote("PReLU", 11, ("dead_relu", "prelu_learns_its_slope")),
        Vote("ELU", 10, ("dead_relu", "elu_is_nearer_to_zero_mean")),
        Vote("ReLU", -20, ("dead_relu",)),
        Vote("ReLU6", -20, ("dead_relu",)),
        Vote("SquaredReLU", -20, ("dead_relu",)),
    ),
    "mobile": (
        Vote("ReLU6", 16, ("relu6_is_bounded",)),
        Vote("HardSwish", 17, ("hard_swish_has_no_exponential",)),
        Vote("ReLU", 5, ("relu_keeps_gradients",)),
        Vote("Swish", -6, ("hard_swish_has_no_exponential",)),
        Vote("ELU", -6, ("leaky_relu_is_cheaper_than_elu",)),
    ),
    "smooth": (
        Vote("Swish", 14, ("swish_is_smooth",)),
        Vote("GELU", 12, ("gelu_in_transformers",)),
        Vote("Tanh", 6, ("bounded_targets_need_bounded_outputs",)),
        Vote("ReLU", -12, ("swish_is_smooth",)),
        Vote("LeakyReLU", -12, ("swish_is_smooth",)),
        Vote("PReLU", -12, ("swish_is_smooth",)),
    ),
    "zero_mean": (
        Vote("SELU", 14, ("selu_normalizes",), _SELU_NOTE),
        Vote("ELU", 12, ("elu_is_nearer_to_zero_mean",)),
        Vote("ReLU", -8, ("elu_is_nearer_to_zero_mean",)),
    ),
    "no_normalization": (
        Vote(
            "SELU", 20, ("selu_normalizes", "alpha_dropout_keeps_moments"), _SELU_NOTE
        ),
        Vote("ELU", 5, ("elu_is_nearer_to_zero_mean",)),
    ),
    "learnable": (
        Vote("PReLU", 16, ("prelu_learns_its_slope",)),
        Vote("Swish", 10, ("swish_in_deep_networks",), "`learnable=True` learns β."),
        Vote("Maxout", 7, ("maxout_is_learned",)),
    ),
    "sparsity": (
        Vote("ReLU", 12, ("relu_is_sparse",)),
        Vote("SquaredReLU", 6, ("squared_relu_in_transformers",)),
        Vote("ELU", -6, ("relu_is_sparse",)),
        Vote("LeakyReLU", -6, ("relu_is_sparse",)),
        Vote("Swish", -6, ("relu_is_sparse",)),
    ),
    "periodic": (
        Vote("Snake", 25, ("snake_repeats",)),
        Vote("Sine", 10, ("sine_has_sines_as_derivatives",)),
    ),
}
"""Votes for each constraint."""

BY_DEPTH: tuple[tuple[Callable[[int], bool], tuple[Vote, ...]], ...] = (
    (
        lambda depth: depth >= VERY_DEEP,
        (
            Vote("Swish", 12, ("swish_in_deep_networks", "edge_of_chaos")),
            Vote("GELU", 2, ("edge_of_chaos",)),
            Vote("SELU", 5, ("selu_normalizes",), _SELU_NOTE),
        ),
    ),
    (
        lambda depth: depth >= DEEP,
        (
            Vote("Sigmoid", -20, ("sigmoid_vanishes",)),
            Vote("Tanh", -10, ("sigmoid_vanishes",)),
        ),
    ),
)
"""Votes for each depth. They don't count for recurrent layers, where depth is time."""
