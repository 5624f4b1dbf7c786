"""Operations on bits and divisors of integers, against Keras."""

from __future__ import annotations

import numpy as np
from keras import ops

from support import export_check, operations
from support.operations import TWO, Operation, named, one

OPSETS = (17, None)
FLAT = {"shapes": ((4,), (4,))}
COUNTS = np.asarray([0, 1, 3, 7])

CONNECTIVES = [
    *named("bitwise_and", "bitwise_xor", dtypes=("int32",), opsets=OPSETS, **TWO),
    *named("bitwise_or", dtypes=("int8",), opsets=OPSETS, **TWO),
    *named("bitwise_xor", dtypes=("uint8",), opsets=(17,), **FLAT),
    one(
        "bitwise_and",
        ops.bitwise_and,
        dtypes=("bool",),
        reference=np.bitwise_and,  # TensorFlow's takes no booleans.
        **FLAT,
    ),
    *named("bitwise_not", "bitwise_invert", dtypes=("int32",), opsets=OPSETS),
    *named("bitwise_not", dtypes=("uint8",), opsets=OPSETS),
    one("invert", ops.bitwise_invert, dtypes=("bool",), reference=np.invert),
    one(
        "bitwise_or of dtypes",
        ops.bitwise_or,
        dtypes=("int8", "int32"),
        opsets=(17,),
        **FLAT,
    ),
    one(
        "bitwise_and with a number",
        lambda x: ops.bitwise_and(x, 6),
        dtypes=("int32",),
        in_layer=True,
    ),
]

SHIFTS = [
    *(
        one(
            f"{name} of {dtype}",
            lambda x, name=name, dtype=dtype: getattr(ops, name)(
                x, COUNTS.astype(dtype)
            ),
            dtypes=(dtype,),
            in_layer=True,
        )
        for name in ("left_shift", "bitwise_right_shift")
        for dtype in ("int32", "uint8", "int8")
    ),
    one(
        "bitwise_left_shift", lambda x: ops.bitwise_left_shift(x, 30), dtypes=("int32",)
    ),
    one(
        "right_shift",
        lambda x: ops.right_shift(x, 2),
        dtypes=("uint16",),
        low=0,
        files_differ="torch has no uint16, and answers in int32",
    ),
]

DIVISORS = [
    *named("gcd", "lcm", dtypes=("int32",), opsets=(17, None), **TWO),
    one(
        "gcd with a number",
        lambda x: ops.gcd(x * 6, 4),
        dtypes=("int32",),
        outputs=(((None, 3, 4), "int32"),),  # TensorFlow says int64 of it.
    ),
    one("gcd of bytes", ops.gcd, dtypes=("uint8",), **TWO),
]


@export_check.each(*CONNECTIVES, *SHIFTS, *DIVISORS)
def test_answers_like_keras(case: Operation) -> None:
    operations.check_operation(case)
