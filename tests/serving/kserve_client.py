"""KServe's own clients, in a process of their own.

    python kserve_client.py URL GRPC_ADDRESS MODEL INPUTS.npz OUTPUTS.npz

Their messages and those of tritonclient have the same names, which one process can't
have twice.
"""

from __future__ import annotations

import asyncio
import sys

import kserve
import numpy as np

KINDS = {"float32": "FP32", "int32": "INT32"}


def request(
    model: str, inputs: dict[str, np.ndarray], *, binary: bool
) -> kserve.InferRequest:
    given = []
    for name, x in inputs.items():
        one = kserve.InferInput(name, list(x.shape), KINDS[x.dtype.name])
        one.set_data_from_numpy(x, binary_data=binary)
        given.append(one)
    parameters = {"binary_data_output": True} if binary else None
    return kserve.InferRequest(model, given, parameters=parameters)


async def ask_all(
    url: str, address: str, model: str, inputs: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return each output by the way that it came, and its name."""
    rest = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2"))
    rpc = kserve.InferenceGRPCClient(address)
    answers = {
        f"REST {form}": await rest.infer(
            url, request(model, inputs, binary=form == "binary"), model_name=model
        )
        for form in ("JSON", "binary")
    }
    asked = request(model, inputs, binary=True)
    asked.parameters = None  # which is of REST
    answers["gRPC binary"] = await rpc.infer(asked)
    return {
        f"{way} {one.name}": one.as_numpy()
        for way, answer in answers.items()
        for one in answer.outputs
    }


def main(url: str, address: str, model: str, source: str, target: str) -> None:
    inputs = dict(np.load(source))
    np.savez(target, **asyncio.run(ask_all(url, address, model, inputs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
