"""Exports and comparisons inside `tf.function`, `jax.jit` and autocast are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest

from keras_acts.export import ContextError, export_model, to_onnx, verify

BACKEND = keras.backend.backend()


def within_tensorflow() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    import tensorflow as tf

    def function(work: Any) -> Any:
        return tf.function(lambda: work())()

    def graph(work: Any) -> Any:
        with tf.Graph().as_default():
            return work()

    yield "`tf.function`", function
    yield "`tf.Graph`", graph


def within_jax() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    import jax

    def jitted(work: Any) -> Any:
        def traced(x: Any) -> Any:
            work()
            return x

        return jax.jit(traced)(1.0)

    yield "`jax.jit`", jitted


def within_torch() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    import torch

    def autocast(work: Any) -> Any:
        with torch.autocast("cpu"):
            return work()

    def traced(work: Any) -> Any:
        def function(x: Any) -> Any:
            work()
            return x

        return torch.jit.trace(function, torch.zeros(()), check_trace=False)

    yield "`torch.autocast('cpu')`", autocast
    yield "`torch.jit.trace`", traced


CONTEXTS = {
    "tensorflow": within_tensorflow,
    "jax": within_jax,
    "torch": within_torch,
}


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_it_is_one_sentence_that_names_the_context(tmp_path):
    if BACKEND not in CONTEXTS:
        pytest.skip("this backend has no such contexts")
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(3)(x))
    proto = to_onnx(model)
    path = tmp_path / "model.onnx"
    calls = [
        lambda: to_onnx(model),
        lambda: export_model(model, path),
        lambda: verify(model, proto),
    ]
    for name, within in CONTEXTS[BACKEND]():
        for call in calls:
            with pytest.raises(ContextError) as caught:
                within(call)
            # `tf.function` puts lines before it that say where it was called.
            said = str(caught.value).splitlines()[-1]
            assert "must be exported and verified outside of" in said
            assert f"Received: a call inside {name}" in said or name in said
            assert len(str(caught.value).splitlines()) == 1 or "function" in name
    assert not list(tmp_path.iterdir())
    assert verify(model, to_onnx(model)).passed  # outside it works
