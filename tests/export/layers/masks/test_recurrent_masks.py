"""Recurrent layers at the steps that a mask leaves out, beside a real call.

The answers of Keras's backends differ there (`docs/export.md`), so each compares its
own. By default each pair of settings is in some case; `--heavy` runs all of them, which
takes about four minutes on torch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from support.masks import check_masks, masks_of
from support.recurrent import FEATURES, PLAIN, UNITS

pytestmark = [
    pytest.mark.files_differ("backends answer otherwise at masked steps"),
    pytest.mark.filterwarnings("ignore:.*destroy the mask:UserWarning"),
]

BATCH, TIME = 5, 6


@keras.saving.register_keras_serializable("masks")
class Affine(layers.Layer):
    """A cell whose output is no state of it."""

    state_size = output_size = UNITS

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], UNITS), name="kernel")

    def call(self, x: Any, states: Any) -> Any:
        new = states[0] * 0.5 + x @ self.kernel
        return new + 1.0, [new]


def stack() -> Any:
    cells = [layers.LSTMCell(3, **PLAIN), layers.GRUCell(UNITS, **PLAIN)]
    return layers.StackedRNNCells(cells)


def bidirectional(kind: Any, mode: str | None) -> Callable[..., Any]:
    return lambda **kwargs: layers.Bidirectional(
        kind(UNITS, **PLAIN, **kwargs), merge_mode=mode
    )


KINDS: dict[str, Callable[..., Any]] = {
    "LSTM": lambda **kwargs: layers.LSTM(UNITS, **PLAIN, **kwargs),
    "GRU": lambda **kwargs: layers.GRU(UNITS, **PLAIN, **kwargs),
    "SimpleRNN": lambda **kwargs: layers.SimpleRNN(UNITS, **PLAIN, **kwargs),
    "cell": lambda **kwargs: layers.RNN(Affine(), **kwargs),
    "stack": lambda **kwargs: layers.RNN(stack(), **kwargs),
    "both-concat": bidirectional(layers.GRU, "concat"),
    "both-sum": bidirectional(layers.LSTM, "sum"),
    "both-ave": bidirectional(layers.SimpleRNN, "ave"),
    "both-mul": bidirectional(layers.GRU, "mul"),
    "both-apart": bidirectional(layers.LSTM, None),
}
FLAGS = (
    "go_backwards",
    "return_sequences",
    "return_state",
    "unroll",
    "zero_output_for_mask",
    "initial_state",
)

Case = tuple[Any, ...]


def every_case() -> list[Case]:
    return list(itertools.product(KINDS, *[(False, True)] * len(FLAGS)))


def pairwise(cases: Sequence[Case]) -> Iterator[Case]:
    """Yield few cases in which each pair of settings occurs."""
    open_pairs = set().union(*map(_pairs, cases))
    while open_pairs:
        best = max(cases, key=lambda case: len(_pairs(case) & open_pairs))
        open_pairs -= _pairs(best)
        yield best


def _pairs(case: Case) -> set[Any]:
    return set(itertools.combinations(enumerate(case), 2))


def _named(case: Case) -> Any:
    kind, *flags = case
    chosen = [name for name, on in zip(FLAGS, flags, strict=True) if on]
    return pytest.param(case, id="-".join([kind, *chosen]))


def check(case: Case) -> None:
    kind, *flags = case
    settings = dict(zip(FLAGS, flags, strict=True))
    has_states = settings.pop("initial_state")
    backend = keras.backend.backend()
    both, backwards = kind.startswith("both"), settings["go_backwards"]
    if backend == "torch" and settings["unroll"] and (both or backwards):
        pytest.skip("torch can't unroll a masked layer backwards")
    if both and backwards:
        pytest.skip("both directions are one already")
    if has_states and kind == "stack" and backend in ("jax", "numpy"):
        pytest.skip("the loop of this backend refuses the states of a stack as given")
    layer = KINDS[kind](**settings)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
    sizes = _state_sizes(kind) if has_states else []
    states = [rng.normal(size=(BATCH, n)).astype("float32") for n in sizes]

    def compute(x: Any, *initial: Any) -> Any:
        given = {"initial_state": _nested(kind, list(initial))} if initial else {}
        return layer(x, **given)

    check_masks(compute, [x, *states], [masks_of(BATCH, TIME)], layer)


def _nested(kind: str, states: list[Any]) -> Any:
    """Return the states as a stack of cells takes them."""
    return [states[:2], states[2:]] if kind == "stack" else states


def _state_sizes(kind: str) -> list[int]:
    if kind == "stack":
        return [3, 3, UNITS]
    count = 2 if kind in ("LSTM", "both-sum", "both-apart") else 1
    return [UNITS] * count * (2 if kind.startswith("both") else 1)


EVERY = every_case()
FEW = list(pairwise(EVERY))


@pytest.mark.parametrize("case", [_named(case) for case in FEW])
def test_a_pair_of_settings(case: Case) -> None:
    check(case)


@pytest.mark.sweep
@pytest.mark.parametrize("case", [_named(c) for c in EVERY if c not in FEW])
def test_every_setting(case: Case) -> None:
    check(case)
