"""`keras-acts verify`: compare a saved model with an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts.cli import options
from keras_acts.cli.codes import BY_STATUS, Code
from keras_acts.cli.terminal import answer, progress


def run(
    model: options.ModelFile,
    onnx: Annotated[Path, typer.Argument(metavar="ONNX", help="The .onnx file.")],
    providers: options.Providers = None,
    batch_sizes: options.BatchSizes = "1,3",
    inputs: options.Inputs = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    seed: options.Seed = 0,
    strict_edges: options.StrictEdges = False,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    signature: options.Signature = None,
    as_json: options.Json = False,
) -> None:
    """Compare a saved model with an ONNX file under onnxruntime."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        settings = options.parity_settings(
            providers=providers,
            batch_sizes=batch_sizes,
            inputs=inputs,
            rtol=rtol,
            atol=atol,
            seed=seed,
            strict_edges=strict_edges,
        )
        from keras_acts.cli.loading import check_model_path, load
        from keras_acts.export.parity import verify
        from keras_acts.export.parity.onnx_model import OnnxModel

        check_model_path(model)
        OnnxModel.read(onnx)
        loaded = load(model, unsafe=unsafe, modules=modules or (), signature=signature)
        with progress(f"Comparing {model} with {onnx}"):
            report = verify(loaded, onnx, **settings)
        content = {
            "model": str(model),
            "onnx": str(onnx),
            "report": report.to_dict(),
        }
        return content, str(report), BY_STATUS[report.status]

    answer(work, as_json=as_json)
