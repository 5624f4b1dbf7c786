"""What a file says of its making: written and read by one set of keys."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import onnx
import onnx_ir as ir

from keras_acts.export.metadata import Metadata


def _model() -> ir.Model:
    return ir.Model(ir.Graph([], [], nodes=[], opset_imports={"": 21}), ir_version=10)


def test_what_is_written_is_read() -> None:
    every: dict[str, Any] = {one.name: f"a {one.name}" for one in fields(Metadata)}
    model = _model()
    Metadata(**every).add_to(model)
    assert Metadata.of(ir.to_proto(model)) == Metadata(**every)
    assert len(model.metadata_props) == len(every)


def test_none_is_left_out_and_what_was_said_stays() -> None:
    model = _model()
    model.metadata_props["author"] = "someone"
    Metadata(engine="native").add_to(model)
    Metadata(dtype="float16").add_to(model)
    assert model.metadata_props == {
        "author": "someone",
        "keras_acts_engine": "native",
        "keras_acts_dtype": "float16",
    }


def test_a_file_of_others_says_nothing() -> None:
    assert Metadata.of(onnx.ModelProto()) == Metadata()
