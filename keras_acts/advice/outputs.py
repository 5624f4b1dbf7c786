"""Which activation and loss belong to the output of which task, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Output:
    """An output that suits a task.

    Attributes:
        activation: Name of the activation in the catalogue.
        losses: Calls of `keras.losses`, the usual one first.
        units: How many units the layer has.
        claims: Keys of the reasons.
        note: What else to know.
    """

    activation: str
    losses: tuple[str, ...]
    units: str
    claims: tuple[str, ...]
    note: str = ""


_BINARY = "BinaryCrossentropy()"
_BINARY_LOGITS = "BinaryCrossentropy(from_logits=True)"
_CLASSES = ("SparseCategoricalCrossentropy()", "CategoricalCrossentropy()")
_CLASS_LOGITS = (
    "SparseCategoricalCrossentropy(from_logits=True)",
    "CategoricalCrossentropy(from_logits=True)",
)
_INTEGERS = "The first loss takes integers as labels, the second one-hot vectors."
_ADD_SIGMOID = "Apply a sigmoid where probabilities are needed."
_ADD_SOFTMAX = "Apply softmax where probabilities are needed."

_SOFTMAX_REASONS = (
    "softmax_shares_one_whole",
    "softmax_cross_entropy_through_saturation",
)
_SIGMOID_REASONS = ("sigmoids_are_independent", "cross_entropy_through_saturation")
_CLASS = (
    Output("Softmax", _CLASSES, "one a class", _SOFTMAX_REASONS, _INTEGERS),
    Output(
        "Linear", _CLASS_LOGITS, "one a class", ("logits_stay_finite",), _ADD_SOFTMAX
    ),
)

OUTPUTS: Mapping[str, tuple[Output, ...]] = {
    "regression": (
        Output(
            "Linear",
            ("MeanSquaredError()", "Huber()", "MeanAbsoluteError()"),
            "one a number",
            (
                "linear_reaches_every_value",
                "squared_error_is_gaussian",
                "huber_for_outliers",
            ),
            "Huber or the absolute error where there are outliers.",
        ),
    ),
    "positive_regression": (
        Output(
            "Softplus",
            ("MeanSquaredError()", "MeanSquaredLogarithmicError()"),
            "one a number",
            ("softplus_is_positive", "softplus_for_variances"),
        ),
        Output(
            "Exponential",
            ("Poisson()", "MeanSquaredLogarithmicError()"),
            "one a number",
            ("exponential_is_a_rate",),
            "Where errors are relative; it overflows sooner than Softplus.",
        ),
    ),
    "count": (
        Output(
            "Exponential", ("Poisson()",), "one a number", ("exponential_is_a_rate",)
        ),
        Output("Softplus", ("Poisson()",), "one a number", ("softplus_is_positive",)),
    ),
    "bounded_regression": (
        Output(
            "Sigmoid",
            (_BINARY, "MeanSquaredError()"),
            "one a number",
            (
                "bounded_targets_need_bounded_outputs",
                "cross_entropy_through_saturation",
            ),
            "Scale targets to 0 … 1; cross-entropy takes fractions too.",
        ),
        Output(
            "Tanh",
            ("MeanSquaredError()",),
            "one a number",
            ("bounded_targets_need_bounded_outputs",),
            "Scale targets to −1 … 1.",
        ),
    ),
    "binary": (
        Output("Sigmoid", (_BINARY,), "1", _SIGMOID_REASONS),
        Output("Linear", (_BINARY_LOGITS,), "1", ("logits_stay_finite",), _ADD_SIGMOID),
    ),
    "multi_label": (
        Output("Sigmoid", (_BINARY,), "one a label", _SIGMOID_REASONS),
        Output(
            "Linear",
            (_BINARY_LOGITS,),
            "one a label",
            ("logits_stay_finite",),
            _ADD_SIGMOID,
        ),
    ),
    "multi_class": (
        *_CLASS,
        Output(
            "Sparsemax",
            ("MeanSquaredError()",),
            "one a class",
            ("sparsemax_has_zeros",),
            "Where exact zeros matter more than the loss; cross-entropy is infinite "
            "there.",
        ),
    ),
    "segmentation": (
        Output(
            "Softmax",
            _CLASSES,
            "one channel a class",
            _SOFTMAX_REASONS,
            f"Over the axis of channels. {_INTEGERS}",
        ),
        Output(
            "Sigmoid",
            (_BINARY, "Dice()"),
            "one channel a label",
            _SIGMOID_REASONS,
            "For one class against the background, or classes that overlap.",
        ),
    ),
    "language_model": (_CLASS[1], _CLASS[0]),
    "image_generation": (
        Output(
            "Tanh",
            ("MeanSquaredError()", "MeanAbsoluteError()"),
            "one a color channel",
            ("tanh_for_images", "bounded_targets_need_bounded_outputs"),
            "Scale pixels to −1 … 1.",
        ),
        Output(
            "Sigmoid",
            (_BINARY, "MeanSquaredError()"),
            "one a color channel",
            (
                "bounded_targets_need_bounded_outputs",
                "cross_entropy_through_saturation",
            ),
            "Scale pixels to 0 … 1.",
        ),
    ),
}
"""For each task the outputs that suit it, the best first."""
