"""Train the network in some ways, in this process, and write what came out.

python -m support.parallel.run few|all FOLDER WAY…
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Result = dict[str, np.ndarray]


def one_device(few: bool) -> Result:
    """By `fit` on one device of any backend."""
    from support.parallel import network

    model = network.network(few=few)
    return network.fitted(model, halves_alike=False)


def one_device_alike(few: bool) -> Result:
    """The same on the data of `mirrored`."""
    from support.parallel import network

    model = network.network(few=few)
    return network.fitted(model, halves_alike=True)


def jax_data(few: bool) -> Result:
    """By `keras.distribution.DataParallel` on eight devices."""
    import keras

    return _distributed(keras.distribution.DataParallel(), few)


def jax_model(few: bool) -> Result:
    """By `keras.distribution.ModelParallel`: four parts of the data, two of weights."""
    from support.parallel import layouts, network

    return _distributed(layouts.model_parallel(network.learnable_cases(few=few)), few)


def _distributed(distribution: Any, few: bool) -> Result:
    import keras

    from support.parallel import layouts, network

    keras.distribution.set_distribution(distribution)
    try:
        model = network.network(few=few)
        result = network.fitted(model, halves_alike=False)
    finally:
        keras.distribution.set_distribution(None)
    found = {len(w.value.sharding.device_set) for w in model.weights}
    devices, parts = np.array([*found]), np.array(layouts.sharded(model))
    return result | {"devices": devices, "sharded": parts}


def mirrored(few: bool) -> Result:
    """By `tf.distribute.MirroredStrategy` on two virtual devices."""
    import tensorflow as tf

    from support.parallel import network

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = network.network(few=few)
    result = network.fitted(model, halves_alike=True)
    return result | {"devices": np.array([strategy.num_replicas_in_sync])}


def two_virtual_devices() -> None:
    """Split TensorFlow's CPU, which can be done before it is used."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, parts)


def torch_one(few: bool) -> Result:
    """By a loop of torch, in one process."""
    return _torch_loop(few, rank=0, processes=1)


def torch_two(few: bool) -> Result:
    """By `DistributedDataParallel` in two processes; this is the one of a rank."""
    import torch.distributed as dist

    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", init_method="env://")
    try:
        return _torch_loop(few, rank, dist.get_world_size())
    finally:
        dist.destroy_process_group()


def _torch_loop(few: bool, rank: int, processes: int) -> Result:
    import torch

    from support.parallel import network

    torch.set_num_threads(1)
    model = network.network(few=few)
    part = network.BATCH // processes
    x, y = (
        [torch.from_numpy(a[rank * part : (rank + 1) * part]) for a in arrays]
        for arrays in network.data(model, halves_alike=True)
    )
    trained = model
    if processes > 1:
        trained = torch.nn.parallel.DistributedDataParallel(model)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(weights, network.RATE)
    losses: list[float] = []
    for _ in range(network.STEPS):
        optimizer.zero_grad()
        pairs = zip(trained(x, training=True), y, strict=True)
        loss = sum(torch.mean((a - b) ** 2) for a, b in pairs)
        loss.backward()
        optimizer.step()
        losses.append(_mean_over_processes(loss.detach(), processes))
    return network.result(model, {"loss": losses})


def _mean_over_processes(loss: Any, processes: int) -> float:
    if processes > 1:
        import torch.distributed as dist

        dist.all_reduce(loss)
    return float(loss) / processes


WAYS: dict[str, Callable[[bool], Result]] = {
    f.__name__: f
    for f in (
        one_device,
        one_device_alike,
        jax_data,
        jax_model,
        mirrored,
        torch_one,
        torch_two,
    )
}


if __name__ == "__main__":
    few, folder, ways = sys.argv[1] == "few", Path(sys.argv[2]), sys.argv[3:]
    if "mirrored" in ways:
        two_virtual_devices()
    for way in ways:
        found = WAYS[way](few)
        np.savez(folder / f"{way}{os.environ.get('RANK', '')}.npz", **found)
