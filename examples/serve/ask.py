"""Ask a service for what a model makes of random rows, by Triton's client.

pip install "tritonclient[http]" && python examples/serve/ask.py model
"""

from __future__ import annotations

import argparse

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import triton_to_np_dtype


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model")
    parser.add_argument("--address", default="127.0.0.1:8080")
    options = parser.parse_args()
    client = InferenceServerClient(options.address)
    about = client.get_model_metadata(options.model)
    print("verdict:", about["properties"]["verdict"])
    inputs = []
    for port in about["inputs"]:
        shape = [2 if n == -1 else n for n in port["shape"]]
        dtype = triton_to_np_dtype(port["datatype"])
        one = InferInput(port["name"], shape, port["datatype"])
        one.set_data_from_numpy(np.random.uniform(0, 1, shape).astype(dtype))
        inputs.append(one)
    answer = client.infer(options.model, inputs)
    for port in about["outputs"]:
        print(f"{port['name']}:", answer.as_numpy(port["name"]))


if __name__ == "__main__":
    main()
