"""A `LayoutMap` made of what the documentation tells of each weight."""

from __future__ import annotations

import keras

from keras_acts.advice.weight_paths import weight_paths
from support.case import Case

PARTS = 2
"""Of a weight; each has four copies, for four parts of the data."""


def model_parallel(cases: list[Case]) -> keras.distribution.ModelParallel:
    """Return the distribution of the network of some cases on eight devices."""
    devices = keras.distribution.list_devices("cpu")
    mesh = keras.distribution.DeviceMesh((4, PARTS), ("batch", "model"), devices)
    layouts = keras.distribution.LayoutMap(mesh)
    documented = {(x.layer.split("(")[0], x.path): x for x in weight_paths()}
    for i, case in enumerate(cases):
        layer = case.make()
        layer.build(case.shape)
        for weight in layer.weights:
            path = weight.path.removeprefix(f"{layer.name}/")
            row = documented[case.layer, path]
            # Cases have other ranks and axes too, and sizes that don't divide.
            fits = len(row.shape) == len(weight.shape) and row.axis is not None
            if fits and weight.shape[row.axis] % PARTS == 0:
                layouts[f"activation{i}/{path}"] = row.layout
        if case.shape[-1] % PARTS == 0:
            layouts[f"front{i}/kernel"] = (None, "model")
    return keras.distribution.ModelParallel(
        layout_map=layouts, batch_dim_name="batch", auto_shard_dataset=False
    )


def sharded(model: keras.Model) -> list[str]:
    """Return the paths of the weights that lie in parts on the devices."""
    return [w.path for w in model.weights if not w.value.sharding.is_fully_replicated]
