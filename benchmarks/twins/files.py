"""The files of a network: ours, its twin's by torch.onnx, that one optimized."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.twins.networks import Network

OURS, TWIN, OPTIMIZED = "keras-acts", "torch.onnx", "optimized"
TWIN_OPSET = 17


def write(network: Network, blocks: int, folder: Path) -> Mapping[str, Path]:
    """Write all files of a network, and return their paths."""
    files = {name: folder / f"{name}.onnx" for name in (OURS, TWIN, OPTIMIZED)}
    _ours(network, blocks, files[OURS])
    _twin(network, blocks, files[TWIN])
    if network.optimizer is None:
        del files[OPTIMIZED]
    else:
        _optimized(network, files[TWIN], files[OPTIMIZED])
    return files


def _ours(network: Network, blocks: int, path: Path) -> None:
    from keras_acts.export import to_onnx

    model = network.keras(blocks)
    first = tuple(x.name for x in model.inputs) if network.is_of_images else ()
    to_onnx(model, path, engine="native", inputs_as_nchw=first)


def _twin(network: Network, blocks: int, path: Path) -> None:
    import torch
    import transformers

    config, given = network.config
    number = {} if network.blocks is None else {network.block_argument: blocks}
    attention = {} if network.blocks is None else {"attn_implementation": "eager"}
    made = getattr(transformers, config)(**given, **number, **attention)
    model = getattr(transformers, network.model)(made).eval()

    class Twin(torch.nn.Module):
        """The model with its arguments in the order of our inputs."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> Any:
            named = dict(zip(network.inputs.values(), tensors, strict=True))
            cache = {} if network.is_of_images else {"use_cache": False}
            return self.model(**named, **cache, return_dict=False)[0]

    # Only a batch of several images or texts leaves the batch free in each operator.
    arrays = network.arrays(2, network.largest_size if network.is_of_images else 16)
    whole = [torch.from_numpy(x) for x in arrays.values()]
    tensors = [x if x.is_floating_point() else x.to(torch.int64) for x in whole]
    free = {0: "batch"} if network.is_of_images else {0: "batch", 1: "length"}
    with torch.no_grad():
        torch.onnx.export(
            Twin(),
            tuple(tensors),
            str(path),
            opset_version=TWIN_OPSET,
            dynamo=False,
            input_names=list(network.inputs),
            output_names=["answer"],
            dynamic_axes=dict.fromkeys((*network.inputs, "answer"), free),
        )


def _optimized(network: Network, twin: Path, path: Path) -> None:
    """Run onnxruntime's optimizer for transformers, as its users do."""
    from onnxruntime.transformers import optimizer

    kind = network.optimizer
    made = optimizer.optimize_model(
        str(twin), model_type=kind, num_heads=12, hidden_size=768
    )
    made.save_model_to_file(str(path))
