"""Keras's own layer tests, exported: each call of `run_layer_test` in Keras's wheel.

What a call describes becomes a model of one layer, with random weights and an unknown
batch size, and is compared with Keras like any other. What cannot be is named below
with its reason; the counts are printed at the end of the run.
"""

from __future__ import annotations

import onnx
import pytest

from keras_acts.export import to_onnx
from support import export_check
from support.keras_tests import Configuration, call_sites, collect

COLLECTION = collect()

UNREACHED: dict[str, str] = {}
"""Calls that no test method of Keras comes to here, with the reason."""

BATCHES = (3,)


@pytest.mark.parametrize(
    "configuration", [c for c in COLLECTION.configurations if not c.obstacle], ids=str
)
def test_layer_of_keras_exports(configuration: Configuration) -> None:
    model = configuration.model()
    export_check.randomize(model)
    proto = to_onnx(model, engine="native")
    onnx.checker.check_model(proto, full_check=True)
    session = export_check.open_session(proto)
    for batch in BATCHES:
        arrays = configuration.arrays(model, batch)
        want = export_check.outputs_of(model, arrays)
        got = export_check.run(session, arrays)
        for expected, actual in zip(want, got, strict=True):
            export_check.assert_alike(actual, expected)


def test_no_call_vanishes() -> None:
    reached = {c.site for c in COLLECTION.configurations}
    assert reached | set(COLLECTION.unreached) == set(call_sites())
