"""One model of the service: its present file, and how a request is answered."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np
from kserve import InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InvalidInput

from keras_acts._onnx_files.ports import Port
from keras_acts.serving import metrics
from keras_acts.serving.loading import Loaded, load
from keras_acts.serving.queue import RunQueue
from keras_acts.serving.requests import feeds_of, names_of
from keras_acts.serving.settings import Settings

PLATFORM = "onnxruntime_onnx"


class OnnxModel(Model):
    """A file under a name. A new version takes its place between two requests."""

    def __init__(self, name: str, path: Path, settings: Settings) -> None:
        """Load the file.

        Raises:
            ValueError: It is refused.
        """
        super().__init__(name)
        self.path = path
        self._settings = settings
        self._use(load(path, settings), former=None)
        self.ready = True

    @property
    def loaded(self) -> Loaded:
        """The file that answers now."""
        return self._loaded

    def fresh(self) -> Loaded:
        """Load the file anew, and leave the one that answers in its place.

        Raises:
            ValueError: It is refused.
        """
        return load(self.path, self._settings)

    def take(self, loaded: Loaded) -> None:
        """Answer by another file from now on; requests under way keep theirs."""
        old = self._queue
        self._use(loaded, former=self.properties)
        old.close()

    def _use(self, loaded: Loaded, former: dict[str, str] | None) -> None:
        self._loaded = loaded
        self._queue = RunQueue(self.name, loaded, self._settings)
        metrics.show(self.name, self.properties, former)

    @property
    def properties(self) -> dict[str, str]:
        """The verdict of the present file, as the model's metadata has it."""
        verdict = self._loaded.verdict
        if verdict is None:
            return {"verdict": "none"}
        word = (
            verdict.status if verdict.unchanged else f"{verdict.status}, changed since"
        )
        return {"verdict": word, "digest": verdict.digest or ""}

    def get_input_types(self) -> list[dict[str, Any]]:
        """Return the inputs as the protocol describes them."""
        return [_described(one) for one in self._loaded.ports.inputs]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Return the outputs as the protocol describes them."""
        return [_described(one) for one in self._loaded.ports.outputs]

    async def predict(
        self,
        payload: InferRequest,
        headers: dict[str, str] | None = None,  # noqa: ARG002 - KServe passes it
        response_headers: dict[str, str] | None = None,  # noqa: ARG002
    ) -> InferResponse:
        """Answer a request.

        Raises:
            InvalidInput: The request is not one that the model takes.
            BusyError: Too many requests wait.
        """
        with metrics.counted(self.name):
            ports, queue = self._loaded.ports, self._queue
            names = names_of(payload, ports)
            feeds = feeds_of(
                payload,
                ports,
                most_bytes=self._settings.max_request,
                max_size=self._settings.max_size,
            )
            try:
                arrays = await queue.run(feeds, names)
            except Exception as error:
                raise _client_s(error) from error
        kinds = {one.name: one.kind.protocol for one in ports.outputs}
        return InferResponse(
            response_id=payload.id or str(uuid.uuid4()),
            model_name=self.name,
            infer_outputs=[
                _output(name, kinds[name], array, raw=bool(payload.from_grpc))
                for name, array in zip(names, arrays, strict=True)
            ],
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )

    def stop(self) -> None:
        """Let the runs under way end."""
        self.ready = False
        self._queue.close()


def _described(port: Port) -> dict[str, Any]:
    return {"name": port.name, "datatype": port.kind.protocol, "shape": port.shape}


def _output(name: str, kind: str | None, array: np.ndarray, *, raw: bool) -> Any:
    """Return an output; over REST the client's wish decides later whether it is raw."""
    if not raw:
        return InferOutput(name, list(array.shape), kind, array)
    found = InferOutput(name, list(array.shape), kind)
    found.set_data_from_numpy(array, binary_data=True)
    return found


def _client_s(error: Exception) -> Exception:
    """Return the client's fault where onnxruntime says that the inputs are wrong.

    Its errors have no public classes: an index out of an embedding's rows, or sizes
    that don't go together, are an `InvalidArgument`.
    """
    if type(error).__name__ != "InvalidArgument":
        return error
    said = str(error).rpartition(" : ")[2].strip().splitlines()[0]
    refusal: Exception = InvalidInput(
        f"The model can't take these inputs. Received: {said}"
    )
    return refusal
