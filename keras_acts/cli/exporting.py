"""What `keras-acts export` does with one model, or with each signature of one."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_acts._files import kind_of
from keras_acts.cli import reports, signatures
from keras_acts.cli.codes import BY_STATUS, Code, CommandError, code_of
from keras_acts.cli.terminal import described, one_line, progress, quieten_onnxruntime

Answer = tuple[Mapping[str, Any], str, Code]
"""What is printed as JSON, what as text, and the exit code."""


@dataclass(frozen=True)
class Export:
    """The arguments of a run.

    Attributes:
        model: The path of the model.
        load: Loads it, given the name of a signature; None for the default one.
        batch: The batch size to fix, None to keep it unknown.
        specs: The input signature by flags, as `signatures.parsed` returns it.
        asked: Arguments of `to_onnx`.
        settings: Arguments of the comparison; None to leave it out.
        report: Where to save reports.
    """

    model: Path
    load: Callable[[str | None], Any]
    batch: int | None
    specs: Any
    asked: Mapping[str, Any]
    settings: Mapping[str, Any] | None
    report: list[Path] | None

    def one(self, signature: str | None, out: Path) -> Answer:
        """Export the model, or a signature of it, to a file."""
        loaded = self.load(signature)
        asked = {**self.asked, "input_signature": self._input_signature(loaded)}
        with progress(f"Exporting {self.model}"):
            if self.settings is None:
                return self._unverified(loaded, out, asked)
            return self._verified(loaded, out, asked, self.settings)

    def each(self, out: Path) -> Answer:
        """Export each signature of a SavedModel to a file of its name in a folder.

        One that can't be exported doesn't keep the others from it. The exit code is the
        first that isn't 0.
        """
        from keras_acts.export import saved_model_signatures

        names = saved_model_signatures(self.model)
        out.mkdir(exist_ok=True)
        answers = {
            name: self._one_of_several(name, out / file)
            for name, file in file_names(names).items()
        }
        content = {
            "model": str(self.model),
            "signatures": {name: content for name, (content, _, _) in answers.items()},
        }
        text = "\n\n".join(f"{name}\n{text}" for name, (_, text, _) in answers.items())
        codes = [code for _, _, code in answers.values() if code is not Code.DONE]
        return content, text, codes[0] if codes else Code.DONE

    def _one_of_several(self, signature: str, out: Path) -> Answer:
        from keras_acts.export import ExportError

        try:
            return self.one(signature, out)
        except ExportError as error:
            content = {**self._content(out, None, None), "error": described(error)}
            message = f"{one_line(str(error))}\n{out} was not written"
            return content, message, code_of(error)

    def _input_signature(self, loaded: Any) -> Any:
        if self.batch:
            return signatures.with_batch(loaded, self.batch)
        return signatures.built(self.specs, loaded)

    def _verified(
        self, loaded: Any, out: Path, asked: Any, settings: Mapping[str, Any]
    ) -> Answer:
        from keras_acts.export import ParityError, export_model

        quieten_onnxruntime()
        try:
            found = export_model(loaded, out, **asked, **settings)
            written: int | None = out.stat().st_size
        except ParityError as error:
            found, written = error.report, None
        saved = reports.save(found, self.report, loaded, out if written else None)
        last = (
            f"{out} was not written"
            if written is None
            else f"wrote {out}, {written:,} bytes"
        )
        content = self._content(out, written, found.to_dict())
        return content, "\n".join([str(found), last, *saved]), BY_STATUS[found.status]

    def _unverified(self, loaded: Any, out: Path, asked: Any) -> Answer:
        from keras_acts.export import to_onnx

        to_onnx(loaded, out, **asked)
        written = out.stat().st_size
        text = f"not verified: wrote {out}, {written:,} bytes"
        return self._content(out, written, None), text, Code.DONE

    def _content(self, out: Path, written: int | None, report: Any) -> dict[str, Any]:
        return {
            "model": str(self.model),
            "onnx": str(out),
            "bytes_written": written,
            "report": report,
        }


def file_names(signatures: Sequence[str]) -> dict[str, str]:
    """Return for each signature the name of its file, each another one.

    Systems differ in the characters that they allow, and some ignore the case.
    """
    taken: set[str] = set()
    files = {}
    for name in signatures:
        plain = re.sub(r"[^\w.-]", "_", name).strip(".") or "signature"
        numbered = (f"{plain}_{number}" for number in itertools.count(2))
        stem = next(
            one
            for one in itertools.chain([plain], numbered)
            if one.casefold() not in taken
        )
        taken.add(stem.casefold())
        files[name] = f"{stem}.onnx"
    return files


def check_destination(out: Path) -> None:
    """Refuse a path where no ONNX file can be written.

    Raises:
        CommandError: It is none.
    """
    if out.suffix != ".onnx":
        raise CommandError(f"OUT must be a .onnx file. Received: {out}")
    if out.is_dir() or not out.parent.is_dir():
        raise CommandError(f"OUT must lie in a folder that exists. Received: {out}")
    kind = kind_of(out) if out.exists() else None
    if kind is not None:
        raise CommandError(f"OUT must be a regular file. Received: {out}, {kind}")
    _check_writable(out)


def check_folder(
    out: Path, model: Path, signature: str | None, report: list[Path] | None
) -> None:
    """Refuse what `--all-signatures` can't write to.

    Raises:
        CommandError: The model has no signatures, `out` is no folder that can be made,
            one signature is named, or a report of one comparison asked for.
    """
    if not model.is_dir():
        raise CommandError(f"--all-signatures is for SavedModels. Received: {model}")
    if signature is not None:
        raise CommandError(
            "--signature must be left out with --all-signatures. "
            f"Received: --signature {signature}"
        )
    if report:
        raise CommandError(
            "--report must be left out with --all-signatures, which compares several "
            f"times; --json has all reports. Received: --report {report[0]}"
        )
    if (out.exists() and not out.is_dir()) or not out.parent.is_dir():
        raise CommandError(
            "OUT must be a folder, or the name of a new one, with --all-signatures. "
            f"Received: {out}"
        )
    _check_writable(out)


def _check_writable(out: Path) -> None:
    if not os.access(out.resolve().parent, os.W_OK):
        raise CommandError(f"OUT must lie where files can be written. Received: {out}")
