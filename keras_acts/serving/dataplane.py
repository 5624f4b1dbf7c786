"""What both REST and gRPC ask: KServe's data plane, with our decoding and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve.errors import ModelNotFound
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.infer_type import InferRequest

from keras_acts._version import __version__
from keras_acts.serving.model import PLATFORM, OnnxModel
from keras_acts.serving.repository import OnnxRepository
from keras_acts.serving.requests import from_body


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

    def decode(
        self,
        body: Any,
        headers: Mapping[str, str],
        protocol_version: str = "v2",
        model_name: str = "",
    ) -> tuple[InferRequest, dict[str, Any]]:
        """Read a request; one with binary tensors without making lists of them."""
        if isinstance(body, bytes):
            return from_body(body, headers, model_name), {}
        found: tuple[InferRequest, dict[str, Any]] = super().decode(
            body, headers, protocol_version, model_name
        )
        return found
