"""A verified ONNX file behind Ray Serve, on as many replicas as a cluster has room for.

    python examples/ray/service.py digits.onnx --replicas 2

    curl localhost:8000/predict -H "Content-Type: application/json" \
         -d '{"inputs": {"image": [[[[0.1], [0.2]]]]}}'

On a cluster that runs: `--address auto`, or `cd examples/ray && serve run service:build
model=/models/digits.onnx replicas=8`, with the file at that path on each machine.
"""

# No `from __future__ import annotations`: FastAPI reads the types in another process.
import argparse
import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import ray
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from ray import serve

from keras_acts._onnx_files.batches import rows_are_independent
from keras_acts.serving.elements import ElementError, feeds_of_lists, lists_of
from keras_acts.serving.loading import checked

MOST_ROWS = 1024
"""Of a request."""

Arrays = dict[str, np.ndarray]

app = FastAPI(title="An ONNX file")


class Inputs(BaseModel):
    inputs: dict[str, Any]  # by name, as nested lists


@serve.deployment(
    max_ongoing_requests=64,  # of a replica; as many wait in the proxy, then come 503s
    max_queued_requests=64,
    ray_actor_options={"num_cpus": 0.5},  # the proxy takes about as much
    health_check_period_s=2,
    graceful_shutdown_timeout_s=10,  # requests under way end within it
)
@serve.ingress(app)
class Model:
    """A replica: one session, whose runs requests share."""

    def __init__(self, path: str) -> None:
        file = checked(Path(path), unverified=False)  # raises unless it is verified
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(file.source, options)
        self.ports, self.verdict = file.ports, file.verdict
        self.shares = rows_are_independent(self.session, self.ports)

    @app.get("/")
    def about(self) -> dict[str, Any]:
        """Say which file answers, and what it takes."""
        return {
            "digest": self.verdict.digest if self.verdict else None,
            "inputs": {one.name: one.shape for one in self.ports.inputs},
        }

    @app.post("/predict")
    async def predict(self, request: Inputs) -> dict[str, Any]:
        """Return the outputs by name."""
        try:
            feeds = feeds_of_lists(request.inputs, self.ports)
        except ElementError as error:
            raise HTTPException(400, str(error)) from error
        if any(len(x) > MOST_ROWS for x in feeds.values() if x.ndim):
            raise HTTPException(413, f"A request must have at most {MOST_ROWS} rows")
        answer = await self.answers(feeds)
        if isinstance(answer, str):
            raise HTTPException(400, answer)
        return {name: lists_of(x) for name, x in answer.items()}

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.002)
    async def answers(self, requests: list[Arrays]) -> list[Arrays | str]:
        """Return the outputs of each request, or what the model said against it."""
        groups: defaultdict[Any, list[int]] = defaultdict(list)
        for i, feeds in enumerate(requests):
            sizes = tuple(x.shape[1:] for x in feeds.values())
            groups[sizes if self.shares else i].append(i)
        found: list[Any] = [None] * len(requests)
        for group in groups.values():
            answers = await asyncio.to_thread(self.run, [requests[i] for i in group])
            for i, answer in zip(group, answers, strict=True):
                found[i] = answer
        return found

    def run(self, requests: list[Arrays]) -> list[Arrays | str]:
        """Run requests together; each by itself where the model refuses them all."""
        names = [one.name for one in self.ports.outputs]
        try:
            if len(requests) == 1:
                answers = self.session.run(names, requests[0])
                return [dict(zip(names, answers, strict=True))]
            feeds = {x: np.concatenate([r[x] for r in requests]) for x in requests[0]}
            ends = np.cumsum([len(next(iter(r.values()))) for r in requests])[:-1]
            outputs = self.session.run(names, feeds)
            parts = zip(*(np.split(x, ends) for x in outputs), strict=True)
            return [dict(zip(names, part, strict=True)) for part in parts]
        except Exception as error:  # onnxruntime's errors have no public base class
            if len(requests) == 1:
                return [str(error)]
            return [answer for one in requests for answer in self.run([one])]


def build(options: dict[str, str]) -> serve.Application:
    """Return the application, for `serve run service:build model=… replicas=…`."""
    replicas = int(options.get("replicas", 1))
    return Model.options(num_replicas=replicas).bind(options["model"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path, help="a verified .onnx file")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--address", help="of a Ray cluster; by default started here")
    options = parser.parse_args()
    checked(options.model, unverified=False)
    ray.init(options.address, include_dashboard=False)
    serve.start(http_options={"host": "127.0.0.1", "port": options.port})
    given = {"model": str(options.model.resolve()), "replicas": options.replicas}
    serve.run(build(given), blocking=True)  # until Ctrl-C


if __name__ == "__main__":
    main()
