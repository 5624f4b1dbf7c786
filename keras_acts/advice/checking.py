"""Static advice on a model: `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_acts.advice.checks import recurrent, softmax, stacks, weights
from keras_acts.advice.checks.calls import call_graph
from keras_acts.advice.checks.findings import SEVERITIES, CheckReport, Finding
from keras_acts.advice.checks.losses import loss_problems
from keras_acts.advice.checks.network import Network, network
from keras_acts.advice.checks.problem import Problem

CHECKERS: tuple[Callable[[Network], Iterator[Problem]], ...] = (
    stacks.saturating_stacks,
    stacks.saturating_convolutions,
    stacks.activations_in_a_row,
    stacks.linear_stacks,
    softmax.softmax_over_one_unit,
    softmax.softmax_axes,
    softmax.softmax_in_hidden_layers,
    weights.selu_initializers,
    weights.selu_dropout,
    weights.selu_normalization,
    weights.rectifier_initializers,
    weights.prelu_regularizers,
    recurrent.unbounded_recurrence,
    recurrent.recurrent_gates,
)
"""What looks for problems in the parts of a model; losses are looked at besides."""


def check(model: Any, *, loss: Any = None) -> CheckReport:
    """Look for activations, initializers and losses that don't fit each other.

    Nothing is computed and no data is needed: the model's calls are followed on
    symbolic tensors, in nested and subclassed models, wrappers and shared layers too.
    The model is left as it is. `keras_acts.diagnose` looks at what data does in it.

    Args:
        model: A model that is built, of any kind; or a layer.
        loss: The loss that it will be trained with, as in `compile`. None (default) is
            the one that it is compiled with.

    Returns:
        The findings, warnings first. `str()` is a text, `.to_json()` the same as JSON;
        `docs/choosing.md` lists the rules.

    Raises:
        TypeError: `model` is no model and no layer.
        ValueError: The model isn't built, or the name of the loss is unknown.

    Example:
        >>> output = keras.layers.Dense(1, activation="softmax")
        >>> model = keras.Sequential([keras.Input((4,)), output])
        >>> [finding.rule for finding in keras_acts.check(model)]
        ['softmax_over_one_unit']
    """
    if not isinstance(model, keras.layers.Layer):
        raise TypeError(f"`model` must be a Keras model. Received: model={model!r}")
    if not model.built:
        raise ValueError(
            "`model` must be built: call it once on a batch, or give its input shape. "
            f"Received: {type(model).__name__} '{model.name}', which isn't"
        )
    graph = call_graph(model)
    parts = network(graph)
    problems = [one for checker in CHECKERS for one in checker(parts)]
    given = getattr(model, "loss", None) if loss is None else loss
    problems += loss_problems(parts, given)
    order = {call.path: at for at, call in reversed(list(enumerate(graph.calls)))}
    findings = dict.fromkeys(one.finding() for one in problems)
    return CheckReport(
        model=model.name,
        findings=tuple(sorted(findings, key=lambda x: _place(x, order))),
        layers=len(graph.calls),
        opaque=tuple(graph.opaque.items()),
    )


def _place(finding: Finding, order: dict[str, int]) -> tuple[int, int]:
    return SEVERITIES.index(finding.severity), order.get(finding.path, len(order))
