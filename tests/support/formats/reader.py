"""A process that runs files with what runs them alone: neither Keras nor keras_acts.

`python reader.py RUNTIME` answers each line of JSON, `{"file": …, "inputs": x.npz}`, by
one: `{"outputs": y.npz}` or `{"error": …}`. It imports nothing of this checkout.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

HIDDEN = ("keras", "keras_acts", "tf_keras")
for name in HIDDEN:
    sys.modules[name] = None  # type: ignore[assignment]  # an import of it now fails


def tensorflow(file):
    """Load a SavedModel by TensorFlow."""
    import tensorflow as tf

    loaded = tf.saved_model.load(file)  # kept: it holds the variables
    return lambda arrays: loaded.serve(arrays if len(arrays) > 1 else arrays[0])


def litert(file):
    """Load a `.tflite` file by LiteRT's interpreter."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(file).get_signature_runner()
    names = sorted(run.get_input_details())  # as the models of the tests name them

    def answers(arrays):
        found = run(**dict(zip(names, arrays, strict=True)))
        return [found[f"output_{i}"] for i in range(len(found))]

    return answers


def torch(file):
    """Load a `.pt2` file by PyTorch."""
    import torch

    module = torch.export.load(file).module()

    def run(arrays):
        tensors = [torch.from_numpy(one) for one in arrays]
        with torch.no_grad():
            return module(tensors if len(tensors) > 1 else tensors[0])

    return run


def jax(file):
    """Load serialized StableHLO by JAX."""
    from jax import export

    exported = export.deserialize(bytearray(Path(file).read_bytes()))
    return lambda arrays: exported.call(arrays if len(arrays) > 1 else arrays[0])


def openvino(file):
    """Load OpenVINO's own format, or ONNX, by OpenVINO on the CPU in float32."""
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(file, "CPU", hints)
    return lambda arrays: list(compiled(arrays).values())


RUNTIMES = {one.__name__: one for one in (tensorflow, litert, torch, jax, openvino)}


def flat(outputs):
    """Return the arrays of an answer, in order."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    if not isinstance(outputs, list | tuple):
        outputs = [outputs]
    return [np.asarray(one) for one in outputs]


def answer(load, asked):
    """Run one file on each batch, and write the answers beside the inputs."""
    run = load(asked["file"])
    found = {}
    with np.load(asked["inputs"]) as arrays:
        batches = {}
        for key in arrays.files:
            batches.setdefault(key.partition(":")[0], []).append(arrays[key])
    for batch, inputs in batches.items():
        for i, y in enumerate(flat(run(inputs))):
            found[f"{batch}:{i}"] = y
    path = Path(asked["inputs"]).with_suffix(".answers.npz")
    np.savez(path, **found)
    return {"outputs": str(path)}


def main():
    """Answer what comes, and keep what the runtimes print out of the answers."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    load = RUNTIMES[sys.argv[1]]
    for line in sys.stdin:
        try:
            done = answer(load, json.loads(line))
        except Exception as error:
            done = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(done), file=answers, flush=True)
    seen = [name for name in sys.modules if name.partition(".")[0] in HIDDEN]
    loaded = [name for name in seen if sys.modules[name] is not None]
    sys.exit(f"imported all the same: {loaded}" if loaded else 0)


if __name__ == "__main__":
    main()
