"""Shape function of `ops.einsum`, which Keras 3.15 gets wrong.

Keras confuses the axes of `...` in one operand with a letter of another, such as in
`bc...,cd->bd...`.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.trace.graph import Shape
from keras_acts.export.trace.shapes.broadcasting import broadcast, broadcast_size


def einsum_spec(operation: Any, *operands: Any) -> KerasTensor:
    """Return the sizes of the equation's result, and the promoted dtype.

    The product of int8 is int32.
    """
    equation = operation.subscripts.replace(" ", "")
    terms, arrow, result = equation.partition("->")
    sizes: dict[str, int | None] = {}
    ellipsis: Shape = ()
    for term, x in zip(terms.split(","), operands, strict=True):
        shape = tuple(x.shape)
        before, dots, after = term.partition("...")
        end = len(shape) - len(after)
        letters = zip(before + after, shape[: len(before)] + shape[end:], strict=True)
        for letter, size in letters:
            sizes[letter] = broadcast_size(sizes.get(letter, 1), size)
        if dots:
            ellipsis = broadcast(ellipsis, shape[len(before) : end])
    if not arrow:
        once = sorted(letter for letter in sizes if terms.count(letter) == 1)
        result = "..." + "".join(once)
    before, dots, after = result.partition("...")
    named = [[sizes[letter] for letter in part] for part in (before, after)]
    return KerasTensor(
        (*named[0], *(ellipsis if dots else ()), *named[1]), _dtype(operands)
    )


def _dtype(operands: Any) -> str:
    dtypes = {keras.backend.standardize_dtype(x.dtype) for x in operands}
    return "int32" if dtypes == {"int8"} else keras.backend.result_type(*dtypes)
