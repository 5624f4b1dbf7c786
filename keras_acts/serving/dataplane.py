"""What both REST and gRPC ask: KServe's data plane, with our bodies and metadata."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request, Response
from kserve.errors import ModelNotFound, ModelNotReady
from kserve.protocol.dataplane import DataPlane

from keras_acts._version import __version__
from keras_acts.serving.bodies import BINARY_HEADER, request_of
from keras_acts.serving.model import PLATFORM, OnnxModel
from keras_acts.serving.repository import OnnxRepository


class OnnxDataPlane(DataPlane):
    """The server's answers about itself and its models."""

    def __init__(self, repository: OnnxRepository) -> None:
        super().__init__(repository)
        self.stopping = False

    def metadata(self) -> dict[str, Any]:
        """Return the server's name, version and extensions."""
        return {
            "name": "keras-acts",
            "version": __version__,
            "extensions": ["model_repository_extension", "binary_tensor_data"],
        }

    async def ready(self) -> bool:
        """Whether requests should come here: every model is loaded, and none ends."""
        models = self.model_registry.get_models().values()
        return not self.stopping and all(one.ready for one in models)

    def model(self, name: str) -> OnnxModel:
        """Return a model.

        Raises:
            ModelNotFound: There is none of that name.
        """
        found = self.model_registry.get_model(name)
        if not isinstance(found, OnnxModel):
            raise ModelNotFound(name)
        return found

    async def model_metadata(self, model_name: str) -> dict[str, Any]:
        """Return a model's inputs and outputs, and the verdict in its file."""
        found = await super().model_metadata(model_name)
        properties = self.model(model_name).properties
        return {**found, "platform": PLATFORM, "properties": properties}

    async def infer_rest(
        self, request: Request, model_name: str, model_version: str | None = None
    ) -> Response:
        """Answer a request of REST, in JSON or with binary tensors as it asks.

        Raises:
            InvalidInput: The request is none.
            ModelNotFound: There is no such model.
            ModelNotReady: The service ends.
            NotImplementedError: A version is named.
        """
        if model_version is not None:
            raise NotImplementedError("Model versioning not supported yet.")
        if not self.model(model_name).ready:
            raise ModelNotReady(model_name)
        length = request.headers.get(BINARY_HEADER)
        asked = request_of(await request.body(), length, model_name)
        answer, _ = await self.infer(model_name, asked, dict(request.headers))
        content, size = answer.to_rest()
        if size is None:  # JSON alone, in which NaN is null
            return Response(orjson.dumps(content), media_type="application/json")
        headers = {BINARY_HEADER: str(size)}
        return Response(content, headers=headers, media_type="application/octet-stream")
