"""Calls of the backend in a layer, at least forty each, of known and unknown sizes."""

from __future__ import annotations

import pytest

from keras_acts.export import UnsupportedOperationError, to_onnx
from support.islands import BACKEND, MARKS, Raw, check, export, model_of
from support.raw_calls import CHANNELS, calls, quick

pytestmark = MARKS

REFUSED = {("jax", "jnp.arange of a size", None)}
"""What an exporter can't do, with the length; `docs/export.md` lists it."""

LENGTHS = pytest.mark.parametrize("length", [None, 6], ids=["unknown", "known"])


@pytest.mark.slow
@LENGTHS
def test_a_few_calls_in_one_layer(length: int | None) -> None:
    functions = [calls()[name] for name in quick()]
    model = model_of(Raw(*functions, name="raw"), length, CHANNELS)
    check(model, export(model))


@pytest.mark.sweep  # two seconds a call on torch, three minutes in all
@LENGTHS
@pytest.mark.parametrize("name", calls())
def test_each_call(name: str, length: int | None) -> None:
    if (BACKEND, name, length) in REFUSED:
        with pytest.raises(UnsupportedOperationError, match="can't convert it either"):
            to_onnx(model_of(Raw(calls()[name], name="raw"), length, CHANNELS))
        return
    model = model_of(Raw(calls()[name], name="raw"), length, CHANNELS)
    check(model, export(model))


@pytest.mark.runs_once("counts the tables")
def test_the_tables_are_large() -> None:
    assert len(calls()) >= 40
