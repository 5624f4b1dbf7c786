"""The rules of `check`: why each matters, who says so, and what helps, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keras_acts.advice.checks.findings import INFO, WARNING
from keras_acts.advice.remedies import REMEDIES
from keras_acts.advice.sources import SOURCES, Source


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        name: Its name.
        about: What it finds, in a few words.
        severity: How sure it is, unless a finding says otherwise.
        reason: What is wrong.
        sources: Who says so; empty where a test shows it.
        remedy: What to do.
    """

    name: str
    about: str
    severity: str
    reason: str
    sources: tuple[Source, ...]
    remedy: str


def _rule(
    name: str, about: str, severity: str, reason: str, remedy: str, *sources: str
) -> Rule:
    named = tuple(SOURCES[one] for one in sources)
    return Rule(name, about, severity, reason, named, remedy)


_ROWS = (
    _rule(
        "saturating_stack",
        "sigmoid or tanh in a deep stack without normalization or shortcuts",
        WARNING,
        "The gradient shrinks at each of them, so that the first layers hardly learn.",
        REMEDIES["vanishing"].advice[0],
        "glorot2010",
    ),
    _rule(
        "saturating_convolution",
        "sigmoid or tanh in the hidden layers of a convolutional network",
        INFO,
        "It saturates, and passes less gradient than a rectifier.",
        "Take ReLU or one of its family.",
        "glorot2011",
    ),
    _rule(
        "softmax_over_one_unit",
        "softmax over a single unit",
        WARNING,
        "The result is 1 whatever the input, and its gradient is 0.",
        "Use sigmoid with BinaryCrossentropy, or one unit a class.",
        "bridle1990",
    ),
    _rule(
        "softmax_axis",
        "softmax at the output over another axis than that of the classes",
        WARNING,
        "The shares add up to 1 over places in place of classes.",
        "Give `axis` the axis of the channels.",
        "bridle1990",
    ),
    _rule(
        "softmax_in_hidden_layer",
        "softmax as the activation of a hidden layer",
        WARNING,
        "Its results add up to 1, so that the more units there are, the smaller they "
        "get, and the units compete.",
        "Take an activation for hidden layers, such as ReLU.",
        "bridle1990",
    ),
    _rule(
        "bounded_logits",
        "ReLU, or what else is non-negative or bounded, before softmax or sigmoid",
        WARNING,
        "It keeps the second activation from most of its probabilities, and stops the "
        "gradient of what it cuts off.",
        "Leave the first activation out: the layer should give logits.",
        "goodfellow2016",
    ),
    _rule(
        "activation_after_output",
        "an activation behind probabilities",
        WARNING,
        "The results are no probabilities any more, and their differences shrink.",
        "Leave the second activation out.",
        "bridle1990",
    ),
    _rule(
        "two_activations",
        "two activations in a row",
        WARNING,
        "The second one adds nothing that a layer between would not add better.",
        "Leave one of them out: often `activation=` and a layer are both given.",
        "goodfellow2016",
    ),
    _rule(
        "linear_stack",
        "two layers without an activation between them",
        WARNING,
        "A linear function of a linear function is one: together they can't do more "
        "than one layer.",
        "Give the first one an activation, or leave it out.",
        "goodfellow2016",
    ),
    _rule(
        "selu_initializer",
        "SELU with another initializer than LeCun's",
        WARNING,
        "SELU normalizes itself with weights of the variance 1 / fan_in only.",
        'Use `kernel_initializer="lecun_normal"`.',
        "klambauer2017",
    ),
    _rule(
        "selu_dropout",
        "SELU with ordinary dropout",
        WARNING,
        "Dropout changes mean and variance, which SELU keeps.",
        "Use `keras.layers.AlphaDropout`.",
        "klambauer2017",
    ),
    _rule(
        "selu_normalization",
        "SELU with a normalization layer",
        WARNING,
        "SELU normalizes by itself; a layer that does it again undoes its fixed point.",
        "Leave the normalization out, or take ReLU with it.",
        "klambauer2017",
    ),
    _rule(
        "rectifier_initializer",
        "an initializer of another variance than He's in a deep stack of rectifiers",
        INFO,
        "The signal changes by the same factor at each layer, the gradient too.",
        "Use `keras_acts.initializer_for(activation)`, or normalization layers.",
        "he2015",
    ),
    _rule(
        "prelu_regularizer",
        "weight decay on the slope of PReLU",
        WARNING,
        "It pulls the slope to 0, which makes a ReLU of it.",
        "Leave `alpha_regularizer` out.",
        "he2015",
    ),
    _rule(
        "unbounded_recurrence",
        "an unbounded activation in a recurrent layer",
        WARNING,
        "The state is fed back at each step and can grow without limit; and fused "
        "kernels need tanh.",
        'Use `activation="tanh"`.',
        "pascanu2013",
        "hochreiter1997",
    ),
    _rule(
        "recurrent_gate",
        "a recurrent gate that doesn't go from 0 to 1",
        WARNING,
        "A gate shuts at 0 and opens at 1; other values don't gate.",
        'Use `recurrent_activation="sigmoid"`.',
        "hochreiter1997",
        "cho2014",
    ),
    _rule(
        "squared_error_on_probabilities",
        "squared or absolute error with sigmoid or softmax",
        WARNING,
        "Where the output is saturated on the wrong side the gradient vanishes, so "
        "that the worst errors are not corrected.",
        "Use cross-entropy, which takes fractions as targets too; for regression use a "
        "linear output.",
        "golik2013",
        "goodfellow2016",
    ),
    _rule(
        "logits_twice",
        "`from_logits=True` with an output that is a probability",
        WARNING,
        "The loss applies the activation again, so that it can't come near 0.",
        "Leave the activation of the output out, or set `from_logits=False`.",
        "bridle1990",
    ),
    _rule(
        "logits_missing",
        "cross-entropy of probabilities with an output that is none",
        WARNING,
        "The loss takes the outputs for probabilities, and clips those outside of 0 "
        "and 1, where the gradient is 0.",
        "Set `from_logits=True`, or give the output sigmoid or softmax.",
        "bishop2006",
    ),
    _rule(
        "categorical_on_sigmoid",
        "categorical cross-entropy with sigmoid",
        WARNING,
        "This loss is for classes that exclude one another; sigmoids don't add up "
        "to 1.",
        "Use softmax; or BinaryCrossentropy where several labels may hold.",
        "bishop2006",
    ),
    _rule(
        "binary_on_softmax",
        "binary cross-entropy with softmax",
        WARNING,
        "This loss takes each class for a question of its own; softmax makes them one.",
        "Use CategoricalCrossentropy; or sigmoid where several labels may hold.",
        "bishop2006",
    ),
    _rule(
        "categorical_on_one_unit",
        "categorical cross-entropy with a single unit",
        WARNING,
        "One class is always right: the loss is constant, or the labels don't fit.",
        "Use BinaryCrossentropy with sigmoid, or one unit a class.",
        "bishop2006",
    ),
    _rule(
        "negative_rate",
        "Poisson loss with an output that can be negative",
        WARNING,
        "The loss takes the logarithm of the output.",
        "Give the output Exponential or Softplus.",
        "bishop2006",
    ),
    _rule(
        "rectified_regression",
        "ReLU at the output of a regression",
        INFO,
        "Negative targets can't be reached, and where the output is 0 it doesn't "
        "learn.",
        "Use a linear output, or Softplus where targets are positive.",
        "dugas2001",
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({row.name: row for row in _ROWS})
"""Each rule by its name."""
