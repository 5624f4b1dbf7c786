"""Whether several requests may share a run: whether rows of a batch are independent.

A file doesn't say so. It is tried: the rows of a random batch, alone and together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keras_acts._onnx_files.ports import Port, Ports

if TYPE_CHECKING:
    import numpy as np

_ROWS = 3
_OPEN = (4, 16, 64)
"""What is tried for other open sizes, until the model takes one."""

_TOLERANCE = 1e-2
"""Of the largest answer: above every rounding, float16's included. Other rows change an
answer far more."""


def rows_are_independent(session: Any, ports: Ports) -> bool:
    """Whether an answer is the same, whatever other rows stand in the batch.

    Args:
        session: An onnxruntime session of the file.
        ports: Its inputs and outputs.

    Returns:
        False too where it can't be told: the model takes no random input, or its
        outputs are random.
    """
    if not ports.have_batches or any(one.kind.dtype is None for one in ports.inputs):
        return False
    return any(_alike(session, ports, size) for size in _OPEN)


def _alike(session: Any, ports: Ports, size: int) -> bool:
    import numpy as np

    rng = np.random.default_rng(0)
    batch = {one.name: _random(one, size, rng) for one in ports.inputs}
    try:
        together = session.run(None, batch)
        alone = [
            session.run(None, {name: x[i : i + 1] for name, x in batch.items()})
            for i in range(_ROWS)
        ]
    except Exception:  # whatever onnxruntime raises: then it isn't known
        return False
    return all(
        _same(row[n], whole[i : i + 1], _largest(whole))
        for n, whole in enumerate(together)
        for i, row in enumerate(alone)
    )


def _same(row: np.ndarray, expected: np.ndarray, largest: float) -> bool:
    import numpy as np

    if row.shape != expected.shape:
        return False
    if row.dtype.kind != "f":
        return bool(np.array_equal(row, expected))
    allowed = _TOLERANCE * largest
    return bool(np.allclose(row, expected, rtol=0, atol=allowed, equal_nan=True))


def _largest(x: np.ndarray) -> float:
    import numpy as np

    finite = x[np.isfinite(x)] if x.dtype.kind == "f" else x[:0]
    return float(np.abs(finite).max(initial=0))


_MAKE: Mapping[str, Any] = {
    "f": lambda rng, shape: rng.normal(size=shape),
    "i": lambda rng, shape: rng.integers(0, 2, shape),
    "u": lambda rng, shape: rng.integers(0, 2, shape),
    "b": lambda rng, shape: rng.integers(0, 2, shape),
    "O": lambda rng, shape: rng.choice(["a", "b"], shape),
}


def _random(port: Port, size: int, rng: np.random.Generator) -> np.ndarray:
    import numpy as np

    rest = [n if isinstance(n, int) else size for n in port.sizes[1:]]
    dtype = np.dtype(port.kind.dtype)
    made: np.ndarray = _MAKE[dtype.kind](rng, (_ROWS, *rest)).astype(dtype)
    return made
