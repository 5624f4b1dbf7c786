"""What the trace says of shapes and dtypes is what Keras really returns.

The operations are those that `keras.ops` has; their arguments, dtypes, ranks and
unknown axes are random (`support/spec_draws.py`), and a seed repeats a case. The sweep
behind `heavy` draws fifty calls of each and takes a quarter of an hour on torch.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import pytest

from keras_acts.export.convert.coverage import operations
from support import spec_draws, specs
from support.keras_tests import Configuration, collect

NAMES = [row.name for row in operations() if row.name not in spec_draws.EXCLUDED]
STEP = 1 if keras.backend.backend() == "torch" else 8
"""Every eighth operation and layer is enough on the slower backends."""

SWEEP = 50


def differences(name: str, count: int) -> tuple[list[str], int]:
    """Return what differs in some calls of an operation, and how many Keras takes."""
    found, taken = [], 0
    for number in range(count):
        seed = zlib.crc32(f"{name} {number}".encode())
        call = spec_draws.draw(name, np.random.default_rng(seed))
        try:
            difference = specs.difference(call, name)
        except specs.RefusedError:
            continue
        taken += 1
        if difference is not None and not specs.is_known(name, difference):
            found.append(f"{call.text}: {difference}")
    return found, taken


@pytest.mark.parametrize("name", NAMES[::STEP])
def test_operations(name: str) -> None:
    found, _ = differences(name, 1)
    assert not found, "\n".join(found)


@pytest.mark.sweep
@pytest.mark.parametrize("name", NAMES)
def test_many_calls_of_operations(name: str) -> None:
    found, taken = differences(name, SWEEP)
    assert not found, "\n".join(found)
    assert taken, "Keras takes none of the calls"


def layer_differences(configurations: Sequence[Configuration]) -> Iterator[str]:
    """Yield what differs in calls of layers that Keras takes."""
    for one in configurations:
        rng = np.random.default_rng(zlib.crc32(str(one).encode()))
        name = one.arguments["layer_cls"].__name__
        with contextlib.suppress(specs.RefusedError):
            call = specs.layer_call(one, rng)
            found = specs.difference(call, name)
            if found is not None and not specs.is_known(name, found):
                yield f"{call.text}: {found}"


def configurations() -> dict[str, list[Configuration]]:
    """Return the configurations in Keras's own tests, by the names of layers."""
    by_layer: dict[str, list[Configuration]] = {}
    for one in collect().models:
        plain = not set(one.arguments["call_kwargs"] or {}) - {"training"}
        layer = one.arguments["layer_cls"]
        ours = layer.__name__ not in specs.REFUSED
        if plain and ours and layer.__module__.startswith("keras."):
            by_layer.setdefault(layer.__name__, []).append(one)
    return by_layer


LAYERS = configurations()


@pytest.mark.parametrize("name", list(LAYERS)[::STEP])
def test_layers(name: str) -> None:
    """One configuration of each layer, on a dtype that is drawn."""
    found = list(layer_differences(LAYERS[name][:1]))
    assert not found, "\n".join(found)


@pytest.mark.sweep
@pytest.mark.parametrize("name", LAYERS)
def test_many_calls_of_layers(name: str) -> None:
    found = list(layer_differences(LAYERS[name]))
    assert not found, "\n".join(found)


def test_excluded_operations_exist() -> None:
    assert set(spec_draws.EXCLUDED) <= {row.name for row in operations()}
