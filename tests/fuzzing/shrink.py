"""Cuts a program that went wrong down to what it takes to go wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from fuzzing.program import FUNCTIONAL, Port, Program

MOST_TRIALS, MOST_SECONDS = 60, 20.0


def shrink(program: Program, is_wrong: Callable[[Program], bool]) -> Program:
    """Return the smallest program that greedy cuts reach.

    Args:
        program: One that went wrong.
        is_wrong: Tells of a smaller one whether it goes wrong in the same way.
    """
    trials, start = 0, time.perf_counter()
    again = True
    while again:
        again = False
        for smaller in _smaller(program):
            trials += 1
            late = time.perf_counter() - start > MOST_SECONDS
            if trials > MOST_TRIALS or late:
                return program
            if _holds(smaller, is_wrong):
                program, again = smaller, True
                break
    return program


def _holds(program: Program, is_wrong: Callable[[Program], bool]) -> bool:
    try:
        return is_wrong(program)
    except Exception:  # the smaller program is none: Keras doesn't build it
        return False


def _smaller(program: Program) -> Iterator[Program]:
    """Yield programs that are smaller by one cut, the largest cuts first."""
    if len(program.outputs) > 1:
        for output in program.outputs:
            yield replace(program, outputs=(output,)).pruned()
    for step in reversed(program.steps):
        # As an output, in place of what comes after it.
        if step.target not in program.outputs:
            yield replace(program, outputs=(step.target,)).pruned()
    for step in program.steps:
        # A variable of its sizes and dtype stands in for it, or a new input.
        for other in (*program.inputs, *program.steps):
            name = other.target if hasattr(other, "target") else other.name
            if name == step.target:
                break
            if (other.shape, other.dtype) == (step.shape, step.dtype):
                yield from _instead(program, step.target, name)
        unknown = frozenset({0}) if step.shape and step.shape[0] == 2 else frozenset()
        name = f"x{max((int(x.name[1:]) for x in program.inputs), default=-1) + 1}"
        given = Port(name, step.shape, step.dtype, unknown)
        if step.target not in program.outputs and step.uses - {
            x.name for x in program.inputs
        }:
            more = replace(program, inputs=(*program.inputs, given))
            yield from _instead(more, step.target, name)
    for key in program.options:
        rest = {k: v for k, v in program.options.items() if k != key}
        yield replace(program, options=rest)
    for i, port in enumerate(program.inputs):
        for axis in sorted(port.unknown, reverse=True):
            known = replace(port, unknown=port.unknown - {axis})
            yield _with_input(program, i, known)
        if port.dtype != "float32":
            yield _with_input(program, i, replace(port, dtype="float32"))
    if program.form != FUNCTIONAL:
        yield replace(program, form=FUNCTIONAL)


def _instead(program: Program, target: str, name: str) -> Iterator[Program]:
    outputs = tuple(x for x in program.outputs if x != target)
    if outputs:
        steps = tuple(replace(x, code=x.renamed({target: name})) for x in program.steps)
        yield replace(program, steps=steps, outputs=outputs).pruned()


def _with_input(program: Program, i: int, port: Port) -> Program:
    inputs = (*program.inputs[:i], port, *program.inputs[i + 1 :])
    return replace(program, inputs=inputs)
