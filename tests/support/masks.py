"""Models whose outputs include the masks that Keras attaches to what layers return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras.src.backend import get_keras_mask as mask_of
from keras.src.backend import set_keras_mask as attach_mask

from keras_acts.export import to_onnx
from support.export_check import assert_alike, open_session, randomize, run
from support.runs.evidence import compares_answers

__all__ = ["attach_mask", "check_masks", "mask_of", "masks_of"]

Array = np.ndarray


class WithMasks(keras.Model):
    """Computes something of tensors with masks, and the masks of what comes out.

    It is called with tensors and as many masks, (batch, time), or fewer. The number of
    masks that come out is an output too.
    """

    def __init__(
        self, compute: Callable[..., Any], count: int, inner: Any, *, outputs: bool
    ) -> None:
        super().__init__(name="with_masks")
        self.compute, self.count, self.outputs = compute, count, outputs
        self.inner = inner

    def call(self, inputs: Any) -> Any:
        tensors, masks = inputs[: self.count], inputs[self.count :]
        for x, mask in zip(tensors, masks, strict=False):
            attach_mask(x, mask)
        results = keras.tree.flatten(self.compute(*tensors))
        found = [mask_of(x) for x in results]
        given = [keras.ops.cast(m, "int32") for m in found if m is not None]
        number = keras.ops.cast(masks[0][:, :1], "int32") * 0 + len(given)
        return [number, *given, *(results if self.outputs else ())]


def masks_of(batch: int, time: int, turn: int = 0) -> Array:
    """Return masks of every kind: all steps, none, the first, the last, with holes."""
    kinds = np.ones((5, time), bool)
    kinds[1] = False
    kinds[2, time // 2 :] = False
    kinds[3, : time // 2] = False
    kinds[4, ::2] = False
    return np.roll(np.resize(kinds, (batch, time)), turn, 0)


def check_masks(
    compute: Callable[..., Any],
    arrays: Sequence[Array],
    masks: Sequence[Array],
    layer: Any,
    *,
    outputs: bool = True,
) -> None:
    """Compare the masks, and the outputs, with those of a real call on this backend.

    Args:
        compute: What is called with the tensors.
        arrays: The tensors.
        masks: The masks of the first of them.
        layer: The layer that it calls.
        outputs: Whether to compare the outputs besides their masks.
    """
    model = WithMasks(compute, len(arrays), layer, outputs=outputs)
    given = [*arrays, *masks]

    def answers() -> list[Array]:
        tensors = [keras.ops.convert_to_tensor(x) for x in given]
        results = model(tensors, training=False)
        return [np.asarray(keras.ops.convert_to_numpy(x)) for x in results]

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
