"""What helps a network whose activations or gradients are not as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from keras_acts.advice.sources import SOURCES, Source


@dataclass(frozen=True)
class Remedy:
    """What to do about one ailment.

    Attributes:
        key: Name of the ailment, `"dead_units"`.
        ailment: What it is, in a sentence.
        advice: What helps, the first thing to try first.
        sources: The publications that say so.
    """

    key: str
    ailment: str
    advice: tuple[str, ...]
    sources: tuple[Source, ...]

    def __str__(self) -> str:
        return " ".join(self.advice)

    def to_dict(self) -> dict[str, object]:
        """Return the remedy in JSON's types."""
        return {
            "key": self.key,
            "ailment": self.ailment,
            "advice": list(self.advice),
            "sources": [source.to_dict() for source in self.sources],
        }


def _remedy(key: str, ailment: str, advice: tuple[str, ...], *sources: str) -> Remedy:
    return Remedy(key, ailment, advice, tuple(SOURCES[one] for one in sources))


_ROWS = (
    _remedy(
        "dead_units",
        "Units give 0 for every input, so that their gradient is 0 and they stay so.",
        (
            "Lower the learning rate, or warm it up: a large step pushes units so far "
            "below 0 that no input reaches them.",
            "Use the He initializer (`initializer_for`), and biases that start at 0.",
            "Take an activation with a slope below 0: LeakyReLU, PReLU or ELU.",
        ),
        "lu2020",
        "he2015",
        "maas2013",
        "clevert2016",
    ),
    _remedy(
        "saturation",
        "Units lie where their activation is flat, so that hardly any gradient passes.",
        (
            "Scale inputs to mean 0 and variance 1, and use the Glorot initializer.",
            "In hidden layers take an activation of the ReLU family in place of "
            "sigmoid or tanh.",
            "On an output use cross-entropy in place of squared error.",
            "Lower the learning rate, or normalize before the activation.",
        ),
        "lecun1998",
        "glorot2010",
        "golik2013",
        "ioffe2015",
    ),
    _remedy(
        "vanishing",
        "The gradient shrinks from layer to layer, so that the first ones don't learn.",
        (
            "Replace sigmoid and tanh in deep stacks by the ReLU family, or by SELU.",
            "Use the initializer that belongs to the activation (`initializer_for`).",
            "Add normalization, and residual connections in very deep networks.",
            "In recurrent networks use LSTM or GRU.",
        ),
        "glorot2010",
        "he2015",
        "he2016",
        "hochreiter1997",
    ),
    _remedy(
        "exploding",
        "The gradient grows from layer to layer, so that steps overshoot.",
        (
            "Clip the gradient: `clipnorm` of the optimizer.",
            "Lower the learning rate.",
            "Use the initializer that belongs to the activation (`initializer_for`).",
            "Add normalization.",
        ),
        "pascanu2013",
        "he2015",
        "ioffe2015",
    ),
    _remedy(
        "not_normalized",
        "Mean and variance of the activations drift from layer to layer.",
        (
            "Scale inputs to mean 0 and variance 1.",
            "Use the initializer that belongs to the activation (`initializer_for`).",
            "Add BatchNormalization or LayerNormalization.",
            "Or take SELU with the LeCun normal initializer and AlphaDropout, in plain "
            "stacks of Dense layers.",
        ),
        "lecun1998",
        "he2015",
        "ioffe2015",
        "ba2016",
        "klambauer2017",
    ),
)

REMEDIES: Mapping[str, Remedy] = MappingProxyType({row.key: row for row in _ROWS})
"""Each remedy by the name of its ailment."""
