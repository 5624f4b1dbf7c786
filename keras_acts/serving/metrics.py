"""Counts and times for Prometheus, beside those that KServe has."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which several processes add up what they count."""

CONTENT_TYPE = CONTENT_TYPE_LATEST

_REQUESTS = Counter(
    "keras_acts_requests", "Requests by how they ended", ["model", "outcome"]
)
_SECONDS = Histogram(
    "keras_acts_request_seconds",
    "Time of requests that were answered, waiting included",
    ["model"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_ROWS = Histogram(
    "keras_acts_run_requests",
    "Requests that shared a run",
    ["model"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
_WAITING = Gauge(
    "keras_acts_waiting_requests",
    "Requests that no run has taken yet",
    ["model"],
    multiprocess_mode="livesum",
)
_RELOADS = Counter(
    "keras_acts_reloads", "New versions of files by whether taken", ["model", "taken"]
)
_MODEL = Gauge(
    "keras_acts_model",
    "The digest and the verdict of the file that answers",
    ["model", "verdict", "digest"],
    multiprocess_mode="livemax",
)


@contextmanager
def counted(model: str) -> Iterator[None]:
    """Count a request by how it ends, and time it if it is answered."""
    start = time.perf_counter()
    try:
        yield
    except BaseException as error:
        _REQUESTS.labels(model, type(error).__name__).inc()
        raise
    _REQUESTS.labels(model, "answered").inc()
    _SECONDS.labels(model).observe(time.perf_counter() - start)


def ran(model: str, requests: int, waiting: int) -> None:
    """Note that some requests shared a run, and how many wait."""
    _ROWS.labels(model).observe(requests)
    _WAITING.labels(model).set(waiting)


def show(
    model: str, properties: Mapping[str, str], former: Mapping[str, str] | None
) -> None:
    """Note which file answers for a model, and which one did before."""
    if former is not None:
        _MODEL.labels(model, former["verdict"], former.get("digest", "")).set(0)
    _MODEL.labels(model, properties["verdict"], properties.get("digest", "")).set(1)


def reloaded(model: str, *, taken: bool) -> None:
    """Count a new version of a file."""
    _RELOADS.labels(model, str(taken).lower()).inc()


def exposition() -> bytes:
    """Return all metrics, of all processes where there are several."""
    registry = REGISTRY
    if FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    text: bytes = generate_latest(registry)
    return text
