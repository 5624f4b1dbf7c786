"""Errors of requests, and what each is in HTTP and in gRPC."""

from __future__ import annotations

import logging
from typing import Any

import grpc
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from grpc_interceptor import AsyncExceptionToStatusInterceptor
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from keras_acts.serving.queue import BusyError

LOGGER = logging.getLogger("keras_acts.serving")


_STATUS: dict[type[Exception], tuple[int, grpc.StatusCode]] = {
    InvalidInput: (400, grpc.StatusCode.INVALID_ARGUMENT),
    ModelNotFound: (404, grpc.StatusCode.NOT_FOUND),
    ModelNotReady: (503, grpc.StatusCode.UNAVAILABLE),
    ClientDisconnect: (400, grpc.StatusCode.CANCELLED),
    BusyError: (503, grpc.StatusCode.RESOURCE_EXHAUSTED),
    NotImplementedError: (404, grpc.StatusCode.NOT_FOUND),  # a version of a model
}
_UNEXPECTED = "The model could not be run; the service's log says why"
_LONGEST = 1000
"""Characters that an error has at most, of which a client may have sent any number."""


def add_handlers(app: FastAPI) -> None:
    """Answer each error over REST with its status, and a line that says what it is."""
    for kind in (*_STATUS, Exception):
        app.add_exception_handler(kind, _respond)
    app.add_exception_handler(HTTPException, _respond_http)


async def _respond(_: Request, error: Exception) -> JSONResponse:
    found = next((v for kind, v in _STATUS.items() if isinstance(error, kind)), None)
    if found is None:
        LOGGER.error("A request failed", exc_info=error)
        return JSONResponse({"error": _UNEXPECTED}, 500)
    headers = {"Retry-After": "1"} if isinstance(error, BusyError) else None
    return JSONResponse({"error": _said(error)}, found[0], headers)


def _said(error: Exception) -> str:
    said = str(error)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} …"


async def _respond_http(_: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


class StatusInterceptor(AsyncExceptionToStatusInterceptor):
    """The same over gRPC."""

    async def handle_exception(
        self,
        ex: Exception,
        request_or_iterator: Any,  # noqa: ARG002 - the base class passes it
        context: Any,
        method_name: str,  # noqa: ARG002
    ) -> None:
        """End a call with the status of its error."""
        if isinstance(ex, grpc.aio.AbortError):
            raise ex
        for kind, (_, status) in _STATUS.items():
            if isinstance(ex, kind):
                await context.abort(status, _said(ex))
        LOGGER.error("A request failed", exc_info=ex)
        await context.abort(grpc.StatusCode.INTERNAL, _UNEXPECTED)
