"""What a service is asked to do. Mistakes show at once: nothing is imported here."""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from keras_acts._files import kind_of, regular_size
from keras_acts._onnx_files.names import checked_name
from keras_acts._providers import SHORT_NAMES

_MEGABYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a service runs.

    Attributes:
        models: The files by the names that requests call them by.
        folders: Folders whose `.onnx` files are served, and those that come later.
        host: Where it listens: this machine alone, by default.
        port: The port of REST and of the metrics.
        grpc_port: The port of gRPC; 0 for none.
        workers: Processes; one that ends is replaced.
        provider: onnxruntime's provider, by its name or in short.
        threads: Of a run; 0 for as many as there are cores.
        parallel: Runs of a model at a time, in a process.
        max_batch: The most rows of requests that share a run; 1 for none that do.
        max_queue: Requests that wait for a model; the next is told to come later.
        max_connections: Connections and requests of a process at a time.
        max_request_mb: Megabytes of a request.
        max_size: The most that a request makes of a size that the file leaves open; 0
            for any.
        unverified: Whether files without a passed verdict are served as well.
        watch: Seconds between looks at the files; 0 to read them once.
        grace: Seconds that requests have to end in when the service stops.
        verbose: Whether each request is logged.
    """

    models: Mapping[str, Path] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8080
    grpc_port: int = 8081
    workers: int = 1
    provider: str = "cpu"
    threads: int = 0
    parallel: int = 1
    max_batch: int = 32
    max_queue: int = 256
    max_connections: int = 1024
    max_request_mb: float = 64.0
    max_size: int = 0
    unverified: bool = False
    watch: float = 1.0
    grace: int = 30
    verbose: bool = False

    @classmethod
    def of(cls, paths: Iterable[str | Path], **settings: Any) -> Settings:
        """Return the settings of a service of some files and folders.

        Args:
            paths: Each a file, a folder of files, or `NAME=FILE`.
            settings: The other attributes.

        Raises:
            FileNotFoundError: A path does not exist.
            ValueError: A setting is none, or two files have one name.
        """
        models: dict[str, Path] = {}
        folders = []
        for one in paths:
            name, path = _named(str(one))
            if not path.is_dir():
                _add(models, name, path)
            elif name is None:
                folders.append(path.resolve())
            else:
                raise ValueError(
                    "NAME=FILE must be a file; those of a folder have their own names. "
                    f"Received: {one}"
                )
        found = cls(models=models, folders=tuple(folders), **settings)
        found.check()
        if not found.files():
            raise ValueError(
                "A service needs an .onnx file. "
                f"Received: {', '.join(map(str, paths)) or 'none'}"
            )
        return found

    def files(self) -> dict[str, Path]:
        """Return every file by its name, those that folders have now included.

        Raises:
            ValueError: Two files have one name.
        """
        found = dict(self.models)
        for folder in self.folders:
            for path in sorted(folder.glob("*.onnx")):
                # A link out of the folder would serve what wasn't named.
                if path.resolve().is_relative_to(folder) and kind_of(path) is None:
                    _add(found, path.stem, path)
        return found

    @property
    def max_request(self) -> int:
        """The most bytes of a request."""
        return int(self.max_request_mb * _MEGABYTE)

    @property
    def full_provider(self) -> str:
        """onnxruntime's name of the provider."""
        return SHORT_NAMES.get(self.provider.lower(), self.provider)

    def check(self) -> None:
        """Check each setting by itself.

        Raises:
            ValueError: One is out of its range.
        """
        _check_host(self.host)
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not (low <= value <= high and math.isfinite(value)):
                allowed = (
                    f"from {low} to {high}" if high < math.inf else f"{low} or more"
                )
                raise ValueError(f"{_flag(name)} must be {allowed}. Received: {value}")
        if self.port == self.grpc_port:
            raise ValueError(
                f"--grpc-port must be another one than --port. Received: {self.port}"
            )

    def to_json(self) -> str:
        """Return the settings as a text for another process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return the settings that `to_json` wrote."""
        content = json.loads(text)
        content["models"] = {k: Path(v) for k, v in content["models"].items()}
        content["folders"] = tuple(map(Path, content["folders"]))
        return cls(**content)


_RANGES: Mapping[str, tuple[float, float]] = {
    "port": (1, 65535),
    "grpc_port": (0, 65535),
    "workers": (1, 256),
    "threads": (0, 1024),
    "parallel": (1, 256),
    "max_batch": (1, math.inf),
    "max_queue": (1, math.inf),
    "max_connections": (1, math.inf),
    "max_request_mb": (0.001, 2047),  # what a protobuf message, and so gRPC, can have
    "max_size": (0, math.inf),
    "watch": (0, math.inf),
    "grace": (0, math.inf),
}


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _check_host(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost":
            return
        raise ValueError(
            "--host must be an address, such as 127.0.0.1 for this machine alone, or "
            f"0.0.0.0 for every network. Received: {host!r}"
        ) from None


def _named(text: str) -> tuple[str | None, Path]:
    """Return a name and a path of `NAME=FILE`, or of a path alone."""
    name, equals, rest = text.partition("=")
    if equals and not Path(text).exists():
        return name, Path(rest)
    return None, Path(text)


def _add(models: dict[str, Path], name: str | None, path: Path) -> None:
    regular_size(path, "A model to serve")
    name = path.stem if name is None else name
    checked_name(name, "NAME=FILE")
    if name in models:
        raise ValueError(
            "Each model must have a name of its own; NAME=FILE sets it. "
            f"Received: {models[name]} and {path}, both {name!r}"
        )
    models[name] = path.resolve()
