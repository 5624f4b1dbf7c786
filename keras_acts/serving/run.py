"""`serve`: check everything that can be checked, then run until a signal comes."""

from __future__ import annotations

import importlib.util
import os
import socket
import tempfile
from collections.abc import Mapping

from keras_acts.serving.loading import check_provider, checked
from keras_acts.serving.settings import Settings

_APPLICATION = "keras_acts.serving.app:create"
_STARTING = 120
"""Seconds in which a worker has to answer the first process. One that still imports or
loads a large file can't, and would be killed and begun anew without end."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered before it ends.

    Args:
        settings: What to serve, and how.

    Raises:
        ImportError: KServe's SDK or onnxruntime is not installed.
        UnverifiedError: A file has no passed verdict, or was changed since.
        ProviderUnavailableError: The provider asked for isn't there.
        ValueError: A file can't be served, or a port is taken.

    Example:
        >>> settings = Settings.of(["digits.onnx"], port=8080)
        >>> serve(settings)  # doctest: +SKIP
    """
    check(settings)
    import uvicorn

    with tempfile.TemporaryDirectory(prefix="keras-acts-metrics-") as folder:
        os.environ.update(_environment(settings, folder))
        uvicorn.run(
            _APPLICATION,
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            limit_concurrency=settings.max_connections,
            timeout_graceful_shutdown=settings.grace,
            timeout_worker_healthcheck=_STARTING,
            log_level="info" if settings.verbose else "warning",
            access_log=settings.verbose,
            server_header=False,
        )


def check(settings: Settings) -> None:
    """Refuse what would fail once the service runs.

    Raises:
        ImportError, UnverifiedError, ProviderUnavailableError, ValueError: As `serve`.
    """
    settings.check()
    _check_installed()
    check_provider(settings.full_provider)
    for path in settings.files().values():
        checked(path, unverified=settings.unverified)
    ports = {"--port": settings.port, "--grpc-port": settings.grpc_port}
    for flag, port in ports.items():
        if port:
            _check_free(flag, settings.host, port)


def _check_installed() -> None:
    missing = [x for x in ("kserve", "onnxruntime") if not importlib.util.find_spec(x)]
    if missing:
        raise ImportError(
            "The service needs KServe's SDK and onnxruntime. Install them, in an "
            'environment of their own, with `pip install "keras-acts[serve]"`. '
            f"Received: no {' and no '.join(missing)}"
        )


def _check_free(flag: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            raise ValueError(
                f"{flag} must be a free port of {host}. "
                f"Received: {port} ({error.strerror})"
            ) from error


def _environment(settings: Settings, folder: str) -> Mapping[str, str]:
    """Return what the processes of the service find in their environment."""
    found = {"KERAS_ACTS_SERVING": settings.to_json()}
    if settings.workers > 1:
        found["PROMETHEUS_MULTIPROC_DIR"] = folder
    return found
