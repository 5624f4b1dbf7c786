"""Suggest an activation, with reasons: from the tables beside this module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from keras_acts.advice.answers import Advice, Suggestion
from keras_acts.advice.choices import chosen
from keras_acts.advice.claims import CLAIMS
from keras_acts.advice.hidden import (
    BY_CONSTRAINT,
    BY_DEPTH,
    BY_NETWORK,
    GENERAL,
    Vote,
)
from keras_acts.advice.outputs import OUTPUTS
from keras_acts.advice.questions import CONSTRAINTS, DEPTHS, NETWORKS, ROLES, TASKS

HE, GLOROT = "he_normal", "glorot_uniform"
INITIALIZERS: Mapping[str, str] = {
    "ReLU": HE,
    "Tanh": GLOROT,
    "Sigmoid": GLOROT,
    "Softmax": GLOROT,
    "Sparsemax": GLOROT,
    "Linear": GLOROT,
    "SELU": "lecun_normal",
}
"""Keras's name of the initializer of each activation that has one."""

_OUTPUT_INITIALIZER = GLOROT


def suggest(
    *,
    task: str | None = None,
    role: str | None = None,
    network: str | None = None,
    depth: int | str | None = None,
    constraint: str | Sequence[str] | None = None,
) -> Advice:
    """Suggest activations for an output or for hidden layers, the best first.

    Without arguments it answers each question in one line. Case, hyphens, underscores
    and spaces don't matter: `"multi-label"` is `"multi_label"`. Other usual words are
    known too, such as `"recurrent"` and `"LSTM"` for `"rnn"`.

    Args:
        task: What the network is for: `"regression"`, `"positive_regression"`,
            `"count"`, `"bounded_regression"`, `"binary"`, `"multi_label"`,
            `"multi_class"`, `"segmentation"`, `"language_model"` or
            `"image_generation"`. It decides the output.
        role: `"output"` or `"hidden"`. None (default) is what the other arguments tell
            of: `task` of the output, all others of hidden layers.
        network: `"dense"`, `"cnn"`, `"rnn"`, `"transformer"`, `"gan"`,
            `"self_normalizing"` or `"implicit"`.
        depth: The number of layers, or `"shallow"`, `"deep"` or `"very_deep"`.
        constraint: What matters besides, one or several: `"speed"`, `"accuracy"`,
            `"dead_units"`, `"mobile"`, `"smooth"`, `"zero_mean"`,
            `"no_normalization"`, `"learnable"`, `"sparsity"` or `"periodic"`.

    Returns:
        The suggestions, each with the loss and the initializer that belong to it and
        the reasons with their sources. `str()` is a text, `.to_dict()` the same as
        data.

    Raises:
        ValueError: An argument has none of its values; the message lists them.

    Example:
        >>> first = keras_acts.suggest(task="multi-label").suggestions[0]
        >>> first.activation, first.losses
        ('Sigmoid', ('keras.losses.BinaryCrossentropy()',))
    """
    task = None if task is None else chosen("task", task, TASKS)
    network = None if network is None else chosen("network", network, NETWORKS)
    layers = None if depth is None else _layers(depth)
    constraints = _constraints(constraint)
    about_hidden = bool(network or layers is not None or constraints)
    roles = _roles(role, task, about_hidden)
    found: list[Suggestion] = []
    avoided: list[Suggestion] = []
    if "output" in roles:
        found += [one for name in _tasks(task) for one in _outputs(name)]
    if "hidden" in roles:
        networks = (network,) if network or about_hidden or role else (None, *NETWORKS)
        for name in networks:
            good, bad = _hidden(name, layers, constraints)
            found += good
            avoided += bad
    asked = {
        "task": task,
        "role": role and chosen("role", role, ROLES),
        "network": network,
        "depth": depth,
        "constraint": list(constraints),
    }
    return Advice(
        asked={key: value for key, value in asked.items() if value},
        suggestions=tuple(found),
        avoid=tuple(avoided),
        notes=tuple(_notes(roles, task, about_hidden)),
    )


def _layers(depth: object) -> int:
    if isinstance(depth, str) and not depth.strip().isdecimal():
        names = chosen("depth", depth, DEPTHS)
        return DEPTHS[names]
    number = int(depth) if isinstance(depth, str) else depth
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(
            "`depth` must be a number of layers, 1 or more, or one of "
            f"{', '.join(map(repr, DEPTHS))}. Received: depth={depth!r}"
        )
    return number


def _constraints(given: str | Iterable[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    listed = given.split(",") if isinstance(given, str) else list(given)
    known = [chosen("constraint", one, CONSTRAINTS) for one in listed]
    return tuple(dict.fromkeys(known))


def _roles(role: str | None, task: str | None, about_hidden: bool) -> tuple[str, ...]:
    if role is not None:
        return (chosen("role", role, ROLES),)
    if task is None and not about_hidden:
        return ("output", "hidden")
    return tuple(
        name
        for name, wanted in (("output", task is not None), ("hidden", about_hidden))
        if wanted
    )


def _tasks(task: str | None) -> Iterable[str]:
    return TASKS if task is None else (task,)


def _outputs(task: str) -> list[Suggestion]:
    return [
        Suggestion(
            rank=rank,
            role="output",
            case=task,
            activation=row.activation,
            initializer=_initializer(row.activation),
            losses=tuple(f"keras.losses.{loss}" for loss in row.losses),
            units=row.units,
            reasons=tuple(CLAIMS[key] for key in row.claims),
            notes=(row.note,) if row.note else (),
        )
        for rank, row in enumerate(OUTPUTS[task], 1)
    ]


def _hidden(
    network: str | None, depth: int | None, constraints: Iterable[str]
) -> tuple[list[Suggestion], list[Suggestion]]:
    """Return what to take, the best first, and what to avoid, the worst first."""
    votes = list(GENERAL if network is None else BY_NETWORK[network])
    for one in constraints:
        votes += BY_CONSTRAINT[one]
    if depth is not None and network != "rnn":
        votes += [x for applies, rows in BY_DEPTH if applies(depth) for x in rows]
    sums: dict[str, int] = {}
    for vote in votes:
        sums[vote.activation] = sums.get(vote.activation, 0) + vote.weight
    ranked = sorted(sums, key=lambda name: -sums[name])
    good = [name for name in ranked if sums[name] > 0]
    bad = [name for name in reversed(ranked) if sums[name] < 0]
    case = network or "any network"
    return (
        [_of_votes(name, at, case, votes, 1) for at, name in enumerate(good, 1)],
        [_of_votes(name, at, case, votes, -1) for at, name in enumerate(bad, 1)],
    )


def _of_votes(
    name: str, rank: int, case: str, votes: Iterable[Vote], sign: int
) -> Suggestion:
    """Return the suggestion of an activation, with the reasons of one sign."""
    own = [v for v in votes if v.activation == name and v.weight * sign > 0]
    keys = dict.fromkeys(key for vote in own for key in vote.claims)
    notes = dict.fromkeys(vote.note for vote in own if vote.note)
    return Suggestion(
        rank=rank,
        role="hidden",
        case=case,
        activation=name,
        initializer=_initializer(name),
        losses=(),
        units=None,
        reasons=tuple(CLAIMS[key] for key in keys),
        notes=tuple(notes),
    )


def _initializer(activation: str) -> str:
    """Return how the initializer of an activation is written."""
    return INITIALIZERS.get(activation) or (
        f'keras_acts.initializer_for("{activation}")'
    )


def _notes(roles: Iterable[str], task: str | None, about_hidden: bool) -> Iterable[str]:
    if "output" in roles and "hidden" not in roles and about_hidden:
        yield "The output depends on the task alone, not on the network."
    if "hidden" in roles and "output" not in roles and task is not None:
        yield "Hidden layers depend on the network; the task decides the output."
