"""The protocol over gRPC, by KServe's servicer."""

from __future__ import annotations

from typing import Any

import grpc
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)
from kserve.protocol.grpc.servicer import InferenceServicer

from keras_acts.serving.dataplane import OnnxDataPlane
from keras_acts.serving.errors import StatusInterceptor
from keras_acts.serving.repository import Extension
from keras_acts.serving.settings import Settings


class Servicer(InferenceServicer):
    """KServe's servicer; a model's metadata carries the verdict of its file."""

    def __init__(self, plane: OnnxDataPlane, extension: Extension) -> None:
        super().__init__(plane, extension)
        self._plane = plane

    async def ModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return a model's metadata; the message has no field for the verdict."""
        found = await super().ModelMetadata(request, context)
        properties = self._plane.model(request.name).properties
        context.set_trailing_metadata(
            tuple((f"keras-acts-{key}", value) for key, value in properties.items())
        )
        return found


def grpc_server(
    plane: OnnxDataPlane, extension: Extension, settings: Settings
) -> grpc.aio.Server:
    """Return a server that has its port already.

    Raises:
        RuntimeError: The port is taken.
    """
    # A request is a message of that size; its other fields are small.
    most = settings.max_request + (1 << 16)
    server = grpc.aio.server(
        interceptors=(StatusInterceptor(),),
        options=[
            ("grpc.max_receive_message_length", min(most, (1 << 31) - 1)),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", int(settings.workers > 1)),
        ],
        maximum_concurrent_rpcs=settings.max_connections,
    )
    add_GRPCInferenceServiceServicer_to_server(Servicer(plane, extension), server)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server.add_insecure_port(f"{host}:{settings.grpc_port}")
    return server
