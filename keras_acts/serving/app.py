"""The application of a process: models, REST, and beside it gRPC and the watch."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Response
from kserve.protocol.rest.v2_endpoints import register_v2_endpoints

from keras_acts._version import __version__
from keras_acts.serving import metrics
from keras_acts.serving.dataplane import OnnxDataPlane
from keras_acts.serving.errors import LOGGER, add_handlers
from keras_acts.serving.grpc_server import grpc_server
from keras_acts.serving.limits import Limits
from keras_acts.serving.repository import Extension, OnnxRepository
from keras_acts.serving.settings import Settings

SETTINGS_VARIABLE = "KERAS_ACTS_SERVING"
"""Where each process finds the settings, as JSON."""

_LOOK = 1.0
"""Seconds between looks at the process that started this one."""


def create() -> Limits:
    """Return the application that the settings in the environment ask for."""
    settings = Settings.from_json(os.environ[SETTINGS_VARIABLE])
    _set_up_logs()
    return application(settings)


def application(settings: Settings) -> Limits:
    """Return the application of a service; its models are loaded.

    Raises:
        ValueError: A file is refused.
    """
    repository = OnnxRepository(settings)
    plane = OnnxDataPlane(repository)
    extension = Extension(repository)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _beside(plane, extension, settings):
            LOGGER.info("Serving %s", ", ".join(repository.get_models()))
            yield

    app = FastAPI(
        title="keras-acts", version=__version__, lifespan=lifespan, redoc_url=None
    )
    _add_own_routes(app, plane)
    register_v2_endpoints(app, plane, extension)
    add_handlers(app)
    return Limits(app, settings.max_request)


def _add_own_routes(app: FastAPI, plane: OnnxDataPlane) -> None:
    """Add what stands before KServe's own routes, which describe it in the OpenAPI."""

    def add(path: str, answer: Any, method: str) -> None:
        app.add_api_route(path, answer, methods=[method], include_in_schema=False)

    model = "/v2/models/{model_name}"
    add(model, plane.model_metadata, "GET")  # KServe's has no place for the verdict
    for path in (model, f"{model}/versions/{{model_version}}"):
        add(f"{path}/infer", plane.infer_rest, "POST")
    add("/metrics", _metrics, "GET")


async def _metrics() -> Response:
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


@contextlib.asynccontextmanager
async def _beside(
    plane: OnnxDataPlane, extension: Extension, settings: Settings
) -> AsyncIterator[None]:
    """Run gRPC and the watch as long as the application runs."""
    tasks = [asyncio.create_task(_end_with_parent())]
    server = None
    if settings.watch:
        tasks.append(asyncio.create_task(plane.model_registry.watch()))
    if settings.grpc_port:
        server = grpc_server(plane, extension, settings)
        await server.start()
    try:
        yield
    finally:
        plane.stopping = True
        for task in tasks:
            task.cancel()
        if server is not None:
            await server.stop(settings.grace)
        for model in plane.model_registry.get_models().values():
            model.stop()


async def _end_with_parent() -> None:
    """Stop a worker whose service was killed: nothing would stop or replace it."""
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        await asyncio.sleep(_LOOK)
    LOGGER.warning("The process that started this worker is gone, so it stops")
    signal.raise_signal(signal.SIGTERM)


def _set_up_logs() -> None:
    """Log what concerns the operator; a client's mistakes are its own."""
    logging.getLogger("kserve").setLevel(logging.CRITICAL)
    handler: Any = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s")
    )
    LOGGER.handlers = [handler]
    LOGGER.propagate = False
    LOGGER.setLevel(logging.INFO)
