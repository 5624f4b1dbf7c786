"""What goes into a package: the file, its weights beside it, and its parity report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_acts._files import regular_size
from keras_acts._onnx_files import external_tensors, read_proto
from keras_acts._onnx_files.batches import rows_are_independent
from keras_acts._onnx_files.names import checked_name
from keras_acts._onnx_files.ports import Ports, ports_of
from keras_acts._onnx_files.verdicts import (
    DIGEST_KEY,
    VERDICT_KEY,
    Verdict,
    verdict_of,
)

REPORT = "parity.json"
"""The name of the report in a package."""

_STATUSES = ("passed", "failed", "not run", "not proven")


@dataclass(frozen=True)
class Contents:
    """What a package is made of.

    Attributes:
        path: The ONNX file.
        name: What the server shall call the model.
        ports: The file's inputs and outputs.
        weight_files: The names of the files beside it that have its weights.
        verdict: The verdict in the file, None without one.
        report: The parity report, or what the verdict says in its place.
        batches: Whether requests may share a run.
        doubt: Why they may not, or why it isn't known; empty if they may.
    """

    path: Path
    name: str
    ports: Ports
    weight_files: tuple[str, ...]
    verdict: Verdict | None
    report: Mapping[str, Any]
    batches: bool
    doubt: str

    @classmethod
    def of(
        cls, path: Path, name: str | None = None, report: Path | None = None
    ) -> Contents:
        """Read a file, and what belongs to it.

        Args:
            path: The ONNX file.
            name: What the server shall call it; None for the file's own name.
            report: A report of a verification as JSON; None for the file's verdict.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is no ONNX model, or one that the servers don't take; the
                name is none; the report is none, or says that the model failed.
        """
        proto = read_proto(path)
        ports = ports_of(proto)
        verdict = verdict_of(proto, path.parent)
        doubt = _doubt(path, ports)
        return cls(
            path=path,
            name=checked_name(path.stem if name is None else name, "`--name`"),
            ports=ports,
            weight_files=_weight_files(proto),
            verdict=verdict,
            report=_from_verdict(verdict) if report is None else read_report(report),
            batches=not doubt,
            doubt=doubt,
        )

    @property
    def warnings(self) -> list[str]:
        """What whoever takes the package should know."""
        found = []
        if self.report["status"] != "passed":
            found.append(f"{self.path} has no passed verdict: {_said(self.verdict)}")
        elif self.verdict is not None and not self.verdict.unchanged:
            found.append(f"{self.path} was changed since it was verified")
        if self.doubt:
            found.append(f"Requests won't share a run: {self.doubt}")
        return found

    def copy_to(self, folder: Path, name: str = "model.onnx") -> list[Path]:
        """Copy the file under a name, and its weights under their own.

        Raises:
            ValueError: A file of weights has that name already.
        """
        if name in self.weight_files:
            raise ValueError(
                f"The weights beside {self.path} must not be called {name!r}, which is "
                f"what the server calls the model. Received: {self.weight_files}"
            )
        written = [folder / name]
        shutil.copyfile(self.path, folder / name)
        for one in self.weight_files:
            target = folder / one
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path.parent / one, target)
            written.append(target)
        return written

    def write_report(self, folder: Path) -> Path:
        """Write the report into a folder."""
        path = folder / REPORT
        path.write_text(json.dumps(self.report, indent=2) + "\n", encoding="utf-8")
        return path

    def properties(self) -> dict[str, str]:
        """Return the verdict and the digest as texts, empty without them."""
        if self.verdict is None:
            return {}
        word = self.verdict.status if self.verdict.unchanged else "changed since"
        digest = self.verdict.digest
        return {
            VERDICT_KEY: word,
            **({DIGEST_KEY: digest} if digest else {}),
        }


def read_report(path: Path) -> dict[str, Any]:
    """Read a report as `--report report.json` writes it.

    Raises:
        ValueError: It is none, or of a model that failed.
    """
    regular_size(path, "A report")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and "report" in content:  # as `--json` prints it
            content = content["report"]
        status = content["status"]
    except (ValueError, KeyError, TypeError):
        status = None
    if status not in _STATUSES:
        raise ValueError(
            "A report must be JSON, as `--report report.json` writes it. "
            f"Received: {path}"
        )
    if status == "failed":
        raise ValueError(
            f"A report must be of a model that passed. Received: {path}, which failed"
        )
    found: dict[str, Any] = content
    return found


def _weight_files(proto: Any) -> tuple[str, ...]:
    found = (
        {one.key: one.value for one in tensor.external_data}["location"]
        for tensor in external_tensors(proto.graph)
    )
    return tuple(dict.fromkeys(found))


def _from_verdict(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"status": None, "about": _said(None)}
    status = verdict.status if verdict.unchanged else None
    return {"status": status, "about": _said(verdict), "digest": verdict.digest}


def _said(verdict: Verdict | None) -> str:
    if verdict is None:
        return "it was written without being compared"
    if verdict.unchanged:
        return f"{verdict.status}, of the graph and weights with this digest"
    return f"{verdict.status}, but graph or weights were changed since"


def _doubt(path: Path, ports: Ports) -> str:
    """Return why requests may not share a run; empty if they may."""
    if not ports.have_batches:
        return "not every input and output begins with the same open size"
    try:
        import onnxruntime
    except ImportError:
        return "onnxruntime is not installed, so it isn't tried whether rows mix"
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:
        return f"onnxruntime doesn't load the file ({error})"
    if not rows_are_independent(session, ports):
        return "an answer depends on the other rows of its batch, or it isn't known"
    return ""
