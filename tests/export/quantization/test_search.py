"""Which nodes stay in float, on a made-up quantizer whose costs are known."""

from __future__ import annotations

import onnx
import pytest

from keras_acts.export.parity.report.quantization.records import (
    NodeError,
    OutputAnswers,
)
from keras_acts.export.quantization.methods import Method
from keras_acts.export.quantization.search import searched

pytestmark = pytest.mark.runs_once("quantizes nothing")

NODES = tuple(f"node {i}" for i in range(16))


def run(costs: dict[str, float], bound: float, trials: int, asked=()):
    """Search where each quantized node adds its cost to the error."""
    models: list[set[str]] = []

    def quantized(left_out):
        models.append(set(NODES) - set(left_out))
        return onnx.ModelProto(doc_string=str(len(models) - 1))

    def measured(model):
        inside = models[int(model.doc_string)]
        error = sum(costs.get(name, 0.001) for name in inside)
        return (OutputAnswers("y", error <= bound, error, error, 1),)

    def errors(_model):
        return tuple(NodeError(n, "MatMul", costs.get(n, 0.001)) for n in NODES)

    method = Method("made up", NODES, quantized)
    return searched(method, asked, measured, errors, trials), models


def test_nothing_is_searched_where_answers_agree():
    found, models = run({}, bound=1.0, trials=24)
    assert (list(found.kept), len(models)) == ([], 1)


def test_costly_nodes_are_found():
    costs = {"node 3": 0.5, "node 7": 0.4, "node 11": 0.3}
    found, _ = run(costs, bound=0.1, trials=30)
    assert set(found.kept) == set(costs)
    assert found.outputs[0].agrees


def test_as_few_as_suffice_are_left():
    found, _ = run({"node 3": 0.5, "node 7": 0.02}, bound=0.1, trials=30)
    assert list(found.kept) == ["node 3"]


def test_at_most_half_are_left_in_float():
    costs = dict.fromkeys(NODES, 1.0)
    found, _ = run(costs, bound=0.5, trials=99)
    assert len(found.kept) == len(NODES) // 2
    assert not found.outputs[0].agrees


@pytest.mark.parametrize("trials", [0, 1, 5, 12])
def test_trials_are_bounded(trials):
    costs = dict.fromkeys(NODES, 1.0)
    _, models = run(costs, bound=0.5, trials=trials)
    assert len(models) <= trials + 1


def test_what_the_user_keeps_is_not_tried():
    _, models = run({"node 3": 0.5}, bound=0.1, trials=30, asked=["node 5"])
    assert all("node 5" not in inside for inside in models)
