"""One process that reads files for each runtime: starting one takes seconds."""

import contextlib

import pytest

from support.formats.reading import Reader


@pytest.fixture(scope="package")
def readers():
    """Return a process that runs a format's files, by the name of the runtime."""
    with contextlib.ExitStack() as stack:
        started: dict[str, Reader] = {}

        def reader(runtime: str) -> Reader:
            if runtime not in started:
                started[runtime] = Reader(runtime)
                stack.callback(started[runtime].close)
            return started[runtime]

        yield reader
