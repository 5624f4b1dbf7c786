"""Random models, a few of them; and what draws, checks and shrinks them.

`.ci/run` checks a hundred a backend (the rest is `heavy`: half a minute on torch, two
on TensorFlow, and five on JAX), and `.ci/nightly` two thousand.
"""

from __future__ import annotations

from dataclasses import replace

import keras
import pytest

from fuzzing import check, page, shrink
from fuzzing.draw import draw, vocabulary
from fuzzing.program import Port, Program, Step
from fuzzing.runs import one
from fuzzing.vocabulary import layer_rows, operations
from keras_acts.export.convert import coverage

COUNT = {"torch": 20, "tensorflow": 10, "jax": 5}
"""How many models a plain run checks. JAX compiles each operation of each."""

HERE = COUNT[keras.backend.backend()]
MANY = 100

OWN = pytest.mark.files_differ("each backend draws models of its own: it takes others")
ONCE = pytest.mark.runs_once("it proves the generator, not the exporter")


def _check(seed: int) -> None:
    program, result, _ = one(seed)
    assert result.outcome not in check.FAULTS, (
        f"{result.outcome}: {result.reason}\n\n{program.script()}"
    )


@OWN
@pytest.mark.parametrize("seed", range(max(COUNT.values())))
def test_a_random_model(seed: int) -> None:
    if seed >= HERE:
        pytest.skip("it takes longer here, and runs with those of `heavy`")
    _check(seed)


@OWN
@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(min(COUNT.values()), MANY))
def test_more_random_models(seed: int) -> None:
    if seed < HERE:
        pytest.skip("a plain run checks it here")
    _check(seed)


@ONCE
@pytest.mark.parametrize("seed", [3, 14, 15])
def test_a_seed_repeats_a_model(seed: int) -> None:
    first, second = draw(seed), draw(seed)
    assert first == second
    assert first.source() == second.source()


@ONCE
def test_every_operation_and_layer_is_a_word_or_left_out_with_a_reason() -> None:
    operation_names = {row.name for row in coverage.operations()}
    assert set(operations.NAMES) == operation_names - set(operations.WITHOUT)
    assert set(operations.WITHOUT) <= operation_names
    layer_names = {row.name for row in coverage.layer_rows()}
    assert set(layer_rows.ROWS) == layer_names - set(layer_rows.WITHOUT)
    assert set(layer_rows.WITHOUT) <= layer_names
    left_out = len(operations.WITHOUT) + len(layer_rows.WITHOUT)
    assert left_out < 0.1 * (len(operation_names) + len(layer_names))
    assert len(vocabulary()) > len(operations.NAMES) + len(layer_rows.NAMES)


def _program(*codes: str) -> Program:
    port = Port("x0", (2, 3), "float32", frozenset({0}))
    steps = tuple(
        Step(f"v{i}", code, "", (2, 3), "float32") for i, code in enumerate(codes)
    )
    return Program((port,), steps, (steps[-1].target,), options={"opset": 20})


@ONCE
def test_a_program_shrinks_to_the_step_that_is_wrong() -> None:
    program = _program("x0 + 1", "ops.sin(v0)", "ops.tan(v1)", "v2 * v0")
    small = shrink.shrink(program, lambda x: "tan" in x.text)
    assert [step.code.partition("(")[0] for step in small.steps] == ["ops.tan"]
    assert len(small.inputs) == 1
    assert not small.inputs[0].unknown
    assert not small.options


@ONCE
@pytest.mark.parametrize(
    ("want", "outcome"), [("x0 * 2", check.RIGHT), ("x0 * 2.001", check.WRONG)]
)
def test_a_wrong_answer_is_told_from_a_right_one(
    want: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _program("x0 * 2")
    real = check.answers

    def answers(program, *args):  # what Keras would say of another program
        steps = (replace(program.steps[0], code=want),)
        return real(replace(program, steps=steps), *args)

    monkeypatch.setattr(check, "answers", answers)
    assert check.check(program).outcome == outcome


@ONCE
def test_where_the_last_bit_decides_no_answer_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = _program("x0 * 3 / 3 - x0", "ops.sign(v0)")
    real = check.answers

    def answers(program, names, arrays, noise=None):
        found, largest = real(program, names, arrays, noise)
        return ([x + 1 for x in found] if noise is None else found), largest

    monkeypatch.setattr(check, "answers", answers)
    assert check.check(program).outcome == check.ROUNDING


@ONCE
def test_the_script_of_a_program_runs_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = replace(
        _program("l0(x0)", "ops.relu(v0)"), options={"opset": 19}, form="subclassed"
    )
    steps = (replace(program.steps[0], layer="PadToMultiple()"), program.steps[1])
    exec(compile(replace(program, steps=steps).script(), "script", "exec"), {})
    assert "float32 float32 (2, 4) (2, 4)\n0.0" in capsys.readouterr().out


@ONCE
def test_the_page_is_what_the_log_says() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page()
