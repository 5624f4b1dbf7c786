"""Models whose outputs include the masks that Keras attaches to what layers return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras.src.backend import get_keras_mask, set_keras_mask

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, randomize, run
from support.runs.evidence import compares_answers

Array = np.ndarray


class WithMasks(keras.Model):
    """Computes something of masked tensors, and the masks of what comes out.

    It is called with tensors and as many masks, (batch, time), of which the last ones
    may be absent.
    """

    def __init__(self, compute: Callable[..., Any], count: int) -> None:
        super().__init__(name="with_masks")
        self.compute, self.count = compute, count
        self.inner = compute if isinstance(compute, keras.layers.Layer) else None

    def call(self, inputs: Any) -> Any:
        tensors, masks = inputs[: self.count], inputs[self.count :]
        for x, mask in zip(tensors, masks, strict=False):
            set_keras_mask(x, mask)
        outputs = keras.tree.flatten(self.compute(*tensors))
        found = [get_keras_mask(x) for x in outputs]
        return [*outputs, *(keras.ops.cast(m, "int32") for m in found if m is not None)]


def masks_of(batch: int, time: int) -> list[Array]:
    """Return a mask of every kind that a batch has room for.

    All steps, none, the first ones, the last ones, all but holes.
    """
    kinds = np.ones((5, time), bool)
    kinds[1] = False
    kinds[2, time // 2 :] = False
    kinds[3, : time // 2] = False
    kinds[4, ::2] = False
    return [np.roll(np.resize(kinds, (batch, time)), i, 0) for i in range(2)]


def check_masks(
    compute: Callable[..., Any], arrays: Sequence[Array], masks: Sequence[Array]
) -> None:
    """Compare outputs and masks with those of a real call, on this backend."""
    model = WithMasks(compute, len(arrays))
    given = [*arrays, *masks]

    def answers() -> list[Array]:
        tensors = [keras.ops.convert_to_tensor(x) for x in given]
        outputs = model(tensors, training=False)
        return [keras.ops.convert_to_numpy(x) for x in outputs]

    answers()
    randomize(model)
    spec = [
        keras.InputSpec(shape=(None, *x.shape[1:]), dtype=str(x.dtype), name=f"x{i}")
        for i, x in enumerate(given)
    ]
    proto = to_onnx(model, input_signature=spec, engine="native")
    if not compares_answers():
        return
    got, want = run(open_session(proto), given), answers()
    assert len(got) == len(want), f"{len(got)} outputs and masks, Keras {len(want)}"
    for actual, expected in zip(got, want, strict=True):
        assert_alike(actual, expected)
