"""A cluster of Ray that really runs, and its processes. Nothing here imports Keras."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.services import ROOT, until

_MARK = "KERAS_ACTS_CLUSTER"


@dataclass(frozen=True)
class Cluster:
    """A cluster of one machine.

    Attributes:
        address: Where its head listens.
        environment: Of what is run on it; it tells its processes from others.
    """

    address: str
    environment: dict[str, str]

    def start(self, script: str, *arguments: object, log: Path) -> subprocess.Popen:
        """Start an example on the cluster."""
        line = [sys.executable, ROOT / "examples/ray" / script, *arguments]
        with log.open("w") as file:
            return subprocess.Popen(
                [*map(str, line), "--address", self.address],
                env=self.environment,
                stdout=file,
                stderr=file,
            )

    def run(self, script: str, *arguments: object, log: Path) -> tuple[int, str]:
        """Run an example to its end; return its code and what it printed."""
        code = self.start(script, *arguments, log=log).wait(240)
        return code, log.read_text()

    def workers(self, title: str) -> list[int]:
        """Return the processes whose title has some text: `"ray::MapWorker"`.

        Only the cluster's own: their environment is this one's.
        """
        mark = f"{_MARK}={self.environment[_MARK]}".encode()
        found = []
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                is_worker = title.encode() in (process / "cmdline").read_bytes()
                if is_worker and mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
        return found


@contextlib.contextmanager
def running(cores: int) -> Iterator[Cluster]:
    """Run a cluster until the block ends."""
    # Ray's sockets lie in its folder, and paths of sockets are short.
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    address = f"127.0.0.1:{_free_port()}"
    paths = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "RAY_AUTH_MODE": "disabled",  # it would write a token into the home folder
        "RAY_USAGE_STATS_ENABLED": "0",
        _MARK: uuid.uuid4().hex,
    }
    line = ["ray", "start", "--head", "--block", "--include-dashboard=false"]
    line += [f"--num-cpus={cores}", "--object-store-memory=200000000"]
    line += ["--node-ip-address=127.0.0.1", f"--port={address.split(':')[1]}"]
    line += [f"--temp-dir={folder}", "--disable-usage-stats"]
    line[0] = str(Path(sys.executable).with_name("ray"))
    log = Path(folder) / "log"
    with log.open("w") as file:
        head = subprocess.Popen(line, env=environment, stdout=file, stderr=file)
    try:
        until(lambda: head.poll() or "runtime started" in log.read_text(), 90)
        assert head.poll() is None, log.read_text()
        yield Cluster(address, environment)
    finally:
        # Asked to end, Ray takes half a minute.
        for process in Cluster(address, environment).workers(""):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        head.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
