"""The site as `.ci/site` has built it, served from this machine."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from pathlib import Path

import pytest


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as in the class above
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        """Leave each request out of the output."""


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the site."""
    folder = os.environ.get("KERAS_ACTS_SITE")
    assert folder, "run `.ci/site`, which builds it"
    return Path(folder)


@pytest.fixture(scope="session")
def address(site) -> str:
    """Where the site is served."""
    handler = functools.partial(_Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()
