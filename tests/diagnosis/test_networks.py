"""Networks made sick on purpose are found sick, and healthy ones are not.

Each on ten seeds, of which two run in each run and all with `--all`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import pytest
from keras.initializers import Constant, HeNormal, LecunNormal

from keras_acts import diagnose
from support.networks import (
    blobs,
    cnn,
    gru,
    images,
    lstm,
    resnet,
    scaled,
    sequences,
    stack,
    tokens,
    trained,
    transformer,
)

pytestmark = [
    pytest.mark.skipif(
        keras.backend.backend() not in ("torch", "jax", "tensorflow"),
        reason="this backend has no gradients",
    ),
    pytest.mark.in_turn("verdicts follow from statistics, which each backend's tests"),
]

OFTEN = 2
SEEDS = [
    seed if seed < OFTEN else pytest.param(seed, marks=pytest.mark.slow)
    for seed in range(10)
]

Data = Any


@dataclass(frozen=True)
class Network:
    """A network, the data it is for, and what is to be found.

    Attributes:
        make: Returns the model, trained on the data if it has to be.
        data: Returns inputs and targets of a seed.
        finds: A disease that must be found; None for a healthy network.
        only: Whether no other may be.
    """

    make: Callable[[Data], Any]
    data: Callable[[int], Data] = blobs
    finds: str | None = None
    only: bool = True


def quick(data: Data) -> Any:
    """A network that learns too fast."""
    fast = keras.optimizers.Adam(0.5)
    return trained(stack(3, "relu", kernel=HeNormal, optimizer=fast), data, 4)


NETWORKS = {
    # Sick.
    "high learning rate": Network(quick, finds="dead units", only=False),
    "low bias": Network(
        lambda _: stack(3, "relu", kernel=HeNormal, bias=Constant(-3.0)),
        finds="dead units",
        only=False,
    ),
    "6 sigmoids": Network(lambda _: stack(6, "sigmoid"), finds="vanishing gradient"),
    "10 sigmoids": Network(lambda _: stack(10, "sigmoid"), finds="vanishing gradient"),
    "large weights, ReLU": Network(
        lambda _: stack(12, "relu", kernel=scaled(4.0)),
        finds="exploding gradient",
        only=False,
    ),
    "large weights, linear": Network(
        lambda _: stack(12, "linear", kernel=scaled(4.0)), finds="exploding gradient"
    ),
    "signal grows": Network(
        lambda _: stack(12, "relu", kernel=scaled(4.0)),
        finds="exploding signal",
        only=False,
    ),
    "signal fades": Network(
        lambda _: stack(20, "tanh", kernel=scaled(0.5)),
        finds="vanishing signal",
        only=False,
    ),
    "large weights, tanh": Network(
        lambda _: stack(5, "tanh", kernel=scaled(6.0)), finds="saturation", only=False
    ),
    # Healthy.
    "2 sigmoids": Network(lambda _: stack(2, "sigmoid")),
    "3 sigmoids": Network(lambda _: stack(3, "sigmoid")),
    "5 tanh": Network(lambda _: stack(5, "tanh")),
    "4 ReLU": Network(lambda _: stack(4, "relu", kernel=HeNormal)),
    "4 ReLU, trained": Network(
        lambda data: trained(stack(4, "relu", kernel=HeNormal), data, 5)
    ),
    "50 SELU": Network(lambda _: stack(50, "selu", kernel=LecunNormal)),
    "CNN": Network(lambda _: cnn(), images),
    "CNN, trained": Network(lambda data: trained(cnn(), data, 3), images),
    "ResNet": Network(lambda _: resnet(2), images),
    "transformer": Network(lambda _: transformer(2), tokens),
    "transformer with ReLU": Network(lambda _: transformer(2, "relu"), tokens),
    "LSTM": Network(lambda _: lstm(), sequences),
    "GRU": Network(lambda _: gru(), sequences),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_verdict(name: str, seed: int) -> None:
    keras.utils.set_random_seed(seed)
    network = NETWORKS[name]
    data = network.data(seed)
    found = diagnose(network.make(data), *data)
    kinds = {one.kind for one in found.findings}
    if network.finds is None:
        assert not kinds
    else:
        assert network.finds in kinds
        assert not network.only or kinds == {network.finds}
        assert all(one.remedy and one.sources for one in found.findings)


@pytest.mark.parametrize("seed", SEEDS)
def test_selu_stays_normalized_through_50_layers_where_relu_does_not(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    x, _ = blobs(seed)
    selu = diagnose(stack(50, "selu", units=64, kernel=LecunNormal), x)
    assert all(one.normalized for one in selu.activations)
    for kernel in (LecunNormal, HeNormal):
        relu = diagnose(stack(50, "relu", units=64, kernel=kernel), x)
        assert not any(one.normalized for one in relu.activations)
        assert not any(one.zero_centred for one in relu.activations)
        assert not relu.healthy
