"""From a file to a session, if the file is the one that was verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_acts._onnx_files import external_tensors, read
from keras_acts._onnx_files.batches import rows_are_independent
from keras_acts._onnx_files.ports import Ports, ports_of
from keras_acts._onnx_files.verdicts import Verdict, verdict_of

if TYPE_CHECKING:
    from keras_acts.serving.settings import Settings

Stamp = tuple[int, int, int]
"""What tells that a file was replaced: inode, size, time."""

_OPTIONS = {"CUDAExecutionProvider": {"use_tf32": "0"}}
"""As `verify` runs them: TF32 rounds the factors of every product to ten bits."""


class UnverifiedError(ValueError):
    """A file isn't the one that was found to answer like its model."""


class ProviderUnavailableError(RuntimeError):
    """The provider asked for doesn't run here."""


@dataclass(frozen=True)
class Loaded:
    """A file in memory.

    Attributes:
        session: Runs it.
        ports: Its inputs and outputs.
        verdict: The verdict in it, None without one.
        batches: Whether requests may share a run.
        stamp: Of the file as it was read.
    """

    session: Any
    ports: Ports
    verdict: Verdict | None
    batches: bool
    stamp: Stamp


def stamp_of(path: Path) -> Stamp:
    """Return what changes when a file is replaced.

    Raises:
        OSError: It is not there.
    """
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class Checked:
    """A file that may be served.

    Attributes:
        source: What onnxruntime loads: the bytes that were checked, or the path where
            the weights lie beside the file.
        ports: Its inputs and outputs.
        verdict: The verdict in it, None without one.
        stamp: Of the file as it was read.
    """

    source: bytes | Path
    ports: Ports
    verdict: Verdict | None
    stamp: Stamp


def checked(path: Path, *, unverified: bool) -> Checked:
    """Read a file, and refuse one that isn't the one that was verified.

    Args:
        path: The file.
        unverified: Whether one without a passed verdict will do.

    Raises:
        FileNotFoundError: There is no such file.
        UnverifiedError: It has no passed verdict, or graph or weights were changed.
        ValueError: It is no ONNX model, or one that can't be served.
    """
    stamp = stamp_of(path)
    content, proto = read(path)
    ports = ports_of(proto)
    for one in (*ports.inputs, *ports.outputs):
        if one.kind.protocol is None:
            raise ValueError(
                f"{path} can't be served: the protocol has no {one.kind.onnx.lower()}. "
                f"Received: {one.name!r}"
            )
    verdict = verdict_of(proto, path.parent)
    if not unverified:
        _refuse(path, verdict)
    apart = any(True for _ in external_tensors(proto.graph))
    return Checked(path if apart else content, ports, verdict, stamp)


def _refuse(path: Path, verdict: Verdict | None) -> None:
    if verdict is not None and verdict.passed:
        return
    if verdict is None:
        found = "no verdict"
    elif verdict.unchanged:
        found = f"the verdict {verdict.status!r}"
    else:
        found = f"the verdict {verdict.status!r}, but graph or weights changed since"
    raise UnverifiedError(
        "A service takes files that passed a verification, as `keras-acts export` "
        f"writes them; --unverified serves others too. Received: {path}, with {found}"
    )


def load(path: Path, settings: Settings) -> Loaded:
    """Load a file, checked as `checked` does.

    Raises:
        UnverifiedError: As `checked` raises it.
        ProviderUnavailableError: The provider can't run it here.
        ValueError: onnxruntime doesn't load it, or it was replaced meanwhile.
    """
    found = checked(path, unverified=settings.unverified)
    session = _session(found.source, path, settings)
    if stamp_of(path) != found.stamp:
        raise ValueError(f"The file was replaced while it was read. Received: {path}")
    return Loaded(
        session=session,
        ports=found.ports,
        verdict=found.verdict,
        batches=settings.max_batch > 1 and rows_are_independent(session, found.ports),
        stamp=found.stamp,
    )


def _session(source: Path | bytes, path: Path, settings: Settings) -> Any:
    import onnxruntime

    provider = settings.full_provider
    check_provider(provider)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.log_severity_level = 3
    # Threads that spin between runs take cores from the server's own.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            source,
            options,
            providers=[(provider, _OPTIONS.get(provider, {}))],
        )
    except Exception as error:  # onnxruntime's errors have no public base class
        line = str(error).strip().splitlines()[0]
        raise ValueError(
            f"A model must be one that onnxruntime loads. Received: {path} ({line})"
        ) from error
    if session.get_providers()[0] != provider:
        raise ProviderUnavailableError(
            f"{provider} must start on this machine. "
            f"Received: {path}, which runs on {session.get_providers()[0]}"
        )
    return session


def check_provider(provider: str) -> None:
    """Refuse a provider that this build of onnxruntime lacks.

    Raises:
        ProviderUnavailableError: It lacks it.
    """
    import onnxruntime

    available = onnxruntime.get_available_providers()
    if provider not in available:
        raise ProviderUnavailableError(
            f"--provider must be one that this build of onnxruntime has: "
            f"{', '.join(available)}. Received: {provider!r}"
        )
