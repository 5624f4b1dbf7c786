"""`keras-acts suggest`: which activation to take, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keras_acts.advice.questions import CONSTRAINTS, DEPTHS, NETWORKS, ROLES, TASKS
from keras_acts.advice.suggesting import suggest
from keras_acts.cli import options
from keras_acts.cli.terminal import show


def run(
    task: Annotated[
        str | None,
        typer.Option("--task", help=f"What the network is for: {', '.join(TASKS)}."),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            "--role",
            help=f"Which layers: {', '.join(ROLES)}.",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option("--network", help=f"The kind of network: {', '.join(NETWORKS)}."),
    ] = None,
    depth: Annotated[
        str | None,
        typer.Option(
            "--depth", help=f"The number of layers, or one of {', '.join(DEPTHS)}."
        ),
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            "--constraint",
            help=f"What matters besides: {', '.join(CONSTRAINTS)}. Repeatable.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Suggest activations, losses and initializers, with reasons and sources."""

    def work() -> tuple[Any, str]:
        listed = [one for given in constraint or () for one in given.split(",")]
        found = suggest(
            task=task, role=role, network=network, depth=depth, constraint=listed
        )
        return found.to_dict(), str(found)

    show(work, as_json=as_json)
