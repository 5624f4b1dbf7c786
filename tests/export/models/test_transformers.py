"""Transformers for text at lengths that are unknown until they run."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_acts.export import UnsupportedOperationError, to_onnx, verify
from support.export_check import (
    assert_alike,
    each,
    open_session,
    outputs_of,
    randomize,
    run,
)
from support.transformers import (
    MODELS,
    VOCABULARY,
    WIDTH,
    EncoderBlock,
    LearnedPositions,
    dense,
    words,
)
from support.zoo import NAMED_SIZES, ModelCase, check_at_sizes, mask, sizes_for_backend


@each(*MODELS)
def test_a_model_answers_at_any_length(case: ModelCase) -> None:
    check_at_sizes(case)


def test_outputs_keep_their_names() -> None:
    proto = check_at_sizes(next(one for one in MODELS if one.name == "classifier"))
    assert {x.name for x in proto.graph.output} == {"sequence", "pooled"}


@pytest.mark.parametrize("name", ["decoder", "windowed decoder"])
def test_a_tied_table_is_stored_once(name: str) -> None:
    proto = check_at_sizes(next(one for one in MODELS if one.name == name))
    table = {VOCABULARY, WIDTH}
    assert len([x for x in proto.graph.initializer if set(x.dims) == table]) == 1


class Subclassed(keras.Model):
    """A model of its own class, which no symbolic input ever met."""

    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.embed, self.head = LearnedPositions(), dense(3)
        self.blocks = [EncoderBlock(use_causal_mask=True)]

    def call(self, inputs: Any, training: bool = False) -> Any:
        x = self.embed(inputs["words"])
        for block in self.blocks:
            x = block(x, padding=inputs["kept"])
        return {"logits": self.head(x), "last": x[:, -1]}


@pytest.mark.slow
def test_a_subclassed_model() -> None:
    model = Subclassed()
    ports = {"kept": mask("T"), "words": words()}
    rng = np.random.default_rng(3)
    model({name: port.draw(rng, NAMED_SIZES[1]) for name, port in ports.items()})
    randomize(model)
    signature = {
        "words": keras.InputSpec(shape=(None, None), dtype="int32"),
        "kept": keras.InputSpec(shape=(None, None), dtype="bool"),
    }
    proto = to_onnx(model, engine="native", input_signature=signature)
    session = open_session(proto)
    for one in sizes_for_backend(NAMED_SIZES):
        inputs = {name: port.draw(rng, one) for name, port in ports.items()}
        want = model(inputs, training=False)
        names = [x.name for x in session.get_outputs()]
        got = dict(zip(names, session.run(None, inputs), strict=True))
        assert set(got) == {"logits", "last"}
        for name, expected in want.items():
            assert_alike(got[name], np.asarray(ops.convert_to_numpy(expected)))


@pytest.mark.slow
def test_verify_draws_words_of_the_vocabulary() -> None:
    model = next(one for one in MODELS if one.name == "padded encoder").model()
    report = verify(model, to_onnx(model, engine="native"))
    assert report.passed, str(report)


def test_a_loop_over_an_unknown_length_is_refused() -> None:
    class Loops(layers.Layer):
        def call(self, x: Any) -> Any:
            return sum(x[:, i] for i in range(ops.shape(x)[1]))

        def compute_output_shape(self, shape: Any) -> Any:
            return shape[0], shape[2]

    x = keras.Input((None, 4))
    model = keras.Model(x, Loops()(x))
    with pytest.raises(UnsupportedOperationError, match=r"as in `range`.*arange"):
        to_onnx(model, engine="native")
    proto = to_onnx(model, engine="native", input_signature=(None, 5, 4))
    (array,) = arrays = [np.random.default_rng(1).normal(size=(2, 5, 4)).astype("f")]
    assert_alike(run(open_session(proto), arrays)[0], array.sum(1))
    assert outputs_of(model, arrays)[0].shape == (2, 4)
