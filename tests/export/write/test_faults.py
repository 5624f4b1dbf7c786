"""Writing under bad circumstances: kills, links, odd destinations, many at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import onnx
import onnx_ir as ir
import pytest
from keras import layers

from keras_acts.export import WriteError, export_model, to_onnx
from keras_acts.export.write import files, places, verdict, write_model
from support.folders import contents
from support.full_disk import full_from

pytestmark = [
    pytest.mark.runs_once("writes files, in which no backend takes part"),
    pytest.mark.skipif(
        sys.platform == "win32", reason="signals, FIFOs and forks are of Unix"
    ),
]


def keras_model(units: int) -> keras.Model:
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Dense(units, name="y")(x))


MODELS: dict[int, onnx.ModelProto] = {}
"""Converted models by the units of their layer."""


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    for units in (24, 32, 40, 48, 64):
        MODELS[units] = to_onnx(keras_model(units))


def converted(units: int) -> ir.Model:
    return ir.from_proto(MODELS[units])


@pytest.fixture(params=["one file", "two files"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a model have its weights inside, or beside it from 64 bytes on."""
    if request.param == "two files":
        monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
        monkeypatch.setattr(files, "_GRAPH_SIZE", 0)
    return str(request.param)


def forked(work: Callable[[], Any]) -> multiprocessing.Process:
    """Start a copy of this process that does some work."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads, which writing doesn't need
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
    return process


def die(*_arguments: Any, **_keywords: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def rows(path: Path) -> int:
    """Return the columns of the kernel of a file that has to be whole."""
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    return int(max(d for x in proto.graph.initializer for d in x.dims if d != 4))


STAGES = {
    "while it is written": (files.stream, "checked_outline"),
    "when it is written": (files, "_put_in_place"),
    "before the first move": (files, "synced"),
    "before the model is moved": (Path, "replace"),
    "when it is in place": (files, "remove_unused_weights"),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("older", [True, False], ids=["older", "none"])
def test_a_killed_export_leaves_what_was_there(
    stage: str, older: bool, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, new = tmp_path / "model.onnx", converted(24)
    if older:
        write_model(converted(48), path)
    before = contents(tmp_path)
    if stage == "while it is written" and size == "two files":
        owner, name = files, "_digest"
    else:
        owner, name = STAGES[stage]

    def work() -> None:
        if owner is Path:
            replace = Path.replace

            def moved(self: Path, target: Path) -> Path:
                return die() if self.name == path.name else replace(self, target)

            setattr(Path, name, moved)
        else:
            setattr(owner, name, die)
        write_model(new, path)

    process = forked(work)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert any(places._PREFIX in x.name for x in tmp_path.iterdir())
    if stage != "when it is in place":
        kept = {name: (tmp_path / name).read_bytes() for name in before}
        assert kept == before
    if older or stage == "when it is in place":
        assert rows(path) == (24 if stage == "when it is in place" else 48)
    else:
        assert not path.exists()
    # The next export clears away what is left.
    write_model(converted(32), path)
    assert rows(path) == 32
    assert len(contents(tmp_path)) == (2 if size == "two files" else 1)


def test_the_scratch_folder_of_a_living_export_stays(tmp_path: Path) -> None:
    with places.scratch_folder(tmp_path) as first:
        (first / "file").write_bytes(b"half")
        with places.scratch_folder(tmp_path) as second:
            assert (first / "file").exists()
            assert first != second
    assert not list(tmp_path.iterdir())


def test_foreign_folders_stay(tmp_path: Path) -> None:
    (tmp_path / ".keras-acts-notes").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".keras-acts-link").symlink_to(tmp_path / "elsewhere")
    to_onnx(keras_model(3), tmp_path / "model.onnx")
    assert {x.name for x in tmp_path.iterdir()} == {
        *(".keras-acts-notes", ".keras-acts-link", "elsewhere", "model.onnx")
    }


def test_a_copy_of_a_model_keeps_its_weights(size: str, tmp_path: Path) -> None:
    path, copy = tmp_path / "model.onnx", tmp_path / "backup.onnx"
    write_model(converted(48), path)
    copy.write_bytes(path.read_bytes())
    write_model(converted(24), path)
    assert (rows(path), rows(copy)) == (24, 48)
    copy.unlink()
    write_model(converted(32), path)
    assert len(contents(tmp_path)) == (2 if size == "two files" else 1)


def test_weights_are_named_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
    monkeypatch.setattr(files, "_GRAPH_SIZE", 0)
    model = converted(48)
    for name in ("a", "b"):
        write_model(model, tmp_path / f"{name}.onnx")
    names = sorted(contents(tmp_path))
    assert [name[:7] for name in names] == ["a.onnx", "a.onnx.", "b.onnx", "b.onnx."]
    assert names[1][1:] == names[3][1:]
    digest = names[1].removeprefix("a.onnx.").removesuffix(".data")
    assert len(digest) == 16
    assert set(digest) <= set("0123456789abcdef")


def test_a_link_stays_one_and_leads_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "file.onnx", tmp_path / "model.onnx"
    link.symlink_to(real)
    for units in (48, 24):  # the link leads nowhere at first
        write_model(converted(units), link)
        assert link.is_symlink()
        assert rows(real) == rows(link) == units
    assert sorted(x.name for x in tmp_path.iterdir()) == ["model.onnx", "real"]


def test_a_link_from_another_folder_is_refused_for_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAXIMUM_PROTO", 64)
    monkeypatch.setattr(files, "_GRAPH_SIZE", 0)
    (tmp_path / "real").mkdir()
    (tmp_path / "model.onnx").symlink_to(tmp_path / "real" / "file.onnx")
    with pytest.raises(WriteError, match=r"must be the file itself.*Received: path="):
        write_model(converted(48), tmp_path / "model.onnx")
    assert not list((tmp_path / "real").iterdir())


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_permissions_are_kept(mode: int, size: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"older")
    path.chmod(mode)
    write_model(converted(48), path)
    assert {stat.S_IMODE(x.stat().st_mode) for x in tmp_path.iterdir()} == {mode}


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    write_model(converted(48), tmp_path / "model.onnx")
    modes = {x.stat().st_mode for x in tmp_path.iterdir()}
    assert len(modes) == 1


def test_destinations_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.onnx")
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "link.onnx").symlink_to(tmp_path / "folder.onnx")
    wrong = {
        tmp_path / "fifo.onnx": "a FIFO",
        tmp_path / "folder.onnx": "a folder",
        tmp_path / "link.onnx": "a folder",
        Path("/dev/null"): "a device",
    }
    model = keras_model(3)
    for path, kind in wrong.items():
        with pytest.raises(
            WriteError, match=f"Received: path='{path}', which is {kind}"
        ):
            to_onnx(model, path)
    assert stat.S_ISFIFO((tmp_path / "fifo.onnx").stat().st_mode)


def test_a_full_disk_leaves_what_was_there(size: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_model(converted(48), path)
    before = contents(tmp_path)
    with (
        full_from(128),
        pytest.raises(WriteError, match=r"can't be written: .*Received"),
    ):
        write_model(converted(64), path)
    assert contents(tmp_path) == before


@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes anywhere"
)
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(WriteError, match="Permission denied"):
            write_model(converted(48), tmp_path / "model.onnx")
    finally:
        tmp_path.chmod(0o755)


def test_many_write_the_same_file(size: str, tmp_path: Path) -> None:
    """Eight threads and four processes, each three times; a reader sees whole files."""
    path = tmp_path / "model.onnx"
    models = [converted(units) for units in (48, 24, 32, 40)]
    write_model(models[0], path)
    errors: list[BaseException] = []

    def work(which: int) -> None:
        try:
            for turn in range(3):
                write_model(models[(which + turn) % 4], path)
        except BaseException as error:
            errors.append(error)
            raise

    processes = [forked(lambda i=i: work(i)) for i in range(4)]
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if size == "one file":
            assert rows(path) in (48, 24, 32, 40)
    for one in (*threads, *processes):
        one.join()
    assert errors == []
    assert [process.exitcode for process in processes] == [0] * 4
    assert rows(path) in (48, 24, 32, 40)
    assert len(contents(tmp_path)) == (2 if size == "two files" else 1)


def test_what_is_written_is_not_touched_meanwhile(
    size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Look at the model in each step of its writing, as another thread would."""
    model = converted(48)
    for value in model.graph.initializers.values():
        value.const_value = ir.tensor(value.const_value.numpy(), name=value.name)
    weights = {k: x.const_value for k, x in model.graph.initializers.items()}
    monkeypatch.setattr(files.stream, "LARGE", 64)
    seen = []

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*arguments: Any, **keywords: Any) -> Any:
            now = {k: x.const_value for k, x in model.graph.initializers.items()}
            seen.append([k for k in weights if now[k] is not weights[k]])
            return step(*arguments, **keywords)

        return watch

    for owner, name in (
        (ir.serde, "serialize_model"),
        (ir, "to_proto"),
        (onnx.checker, "check_model"),
        (onnx, "load"),
    ):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    write_model(model, tmp_path / "model.onnx")
    assert len(seen) > 1
    assert seen == [[]] * len(seen)


def test_the_verdict_is_in_the_file_and_is_about_it(size: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    report = export_model(keras_model(80), path)
    proto = onnx.load(path, load_external_data=False)
    noted = {one.key: one.value for one in proto.metadata_props}
    assert noted["keras_acts_verdict"] == report.status == "passed"
    assert noted["keras_acts_digest"].startswith("sha256:")
    assert verdict.holds(proto, tmp_path) is True
    # The digest is of the answers, not of where the weights lie.
    inside = onnx.load(path)
    proto.metadata_props.add(key="mine", value="text")
    assert verdict.holds(proto, tmp_path) is verdict.holds(inside, tmp_path) is True


@pytest.mark.parametrize("change", ["weight", "node", "opset", "output"])
def test_a_changed_file_is_not_the_one_that_was_compared(
    change: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    export_model(keras_model(3), path)
    proto = onnx.load(path)
    if change == "weight":
        tensor = proto.graph.initializer[0]
        tensor.raw_data = tensor.raw_data[:-1] + bytes([tensor.raw_data[-1] ^ 1])
    elif change == "node":
        proto.graph.node.add(op_type="Identity", input=["x"], output=["more"])
    elif change == "opset":
        proto.opset_import[0].version -= 1
    else:
        proto.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    assert verdict.holds(proto, tmp_path) is False


def test_a_file_without_a_verdict_has_none(tmp_path: Path) -> None:
    assert verdict.holds(to_onnx(keras_model(3)), tmp_path) is None
