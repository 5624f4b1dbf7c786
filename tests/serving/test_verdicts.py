"""A service takes the files that were verified, and only as they were verified."""

from __future__ import annotations

import shutil

import numpy as np
import onnx
import pytest

from support.services import onnx_file, run, serving

BAD_INPUT = 2


def flipped(path):
    """Flip one bit of one weight."""
    proto = onnx.load(path)
    tensor = next(x for x in proto.graph.initializer if len(x.raw_data) >= 16)
    tensor.raw_data = bytes([tensor.raw_data[0] ^ 1]) + tensor.raw_data[1:]
    onnx.save(proto, path)


def rewired(path):
    """Let an operator be another one."""
    proto = onnx.load(path)
    next(x for x in proto.graph.node if x.op_type == "Add").op_type = "Sub"
    onnx.save(proto, path)


def of_another_opset(path):
    proto = onnx.load(path)
    proto.opset_import[0].version -= 1
    onnx.save(proto, path)


def noted(key, value):
    def change(path):
        proto = onnx.load(path)
        for one in proto.metadata_props:
            if one.key == key:
                one.value = value
        onnx.save(proto, path)

    return change


def without_verdict(path):
    proto = onnx.load(path)
    del proto.metadata_props[:]
    onnx.save(proto, path)


CHANGES = {
    "a weight": (flipped, "graph or weights changed since"),
    "an operator": (rewired, "graph or weights changed since"),
    "the opset": (of_another_opset, "graph or weights changed since"),
    "the digest": (noted("keras_acts_digest", "sha256:0"), "changed since"),
    "the verdict": (noted("keras_acts_verdict", "not proven"), "'not proven'"),
    "no verdict": (without_verdict, "with no verdict"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_file_that_is_not_the_verified_one_is_refused(case, folder):
    change, said = CHANGES[case]
    change(folder / "scorer.onnx")
    done = run("serve", folder / "scorer.onnx")
    assert done.exit_code == BAD_INPUT
    (line,) = done.stderr.splitlines()
    assert line.startswith("keras-acts: error: A service takes files that passed")
    assert said in line


def test_weights_beside_the_file_are_part_of_it(models, tmp_path):
    proto = onnx.load(models / "scorer.onnx")
    path = tmp_path / "scorer.onnx"
    onnx.save(
        proto,
        path,
        save_as_external_data=True,
        location="weights.data",
        size_threshold=16,
        convert_attribute=False,
    )
    weights = tmp_path / "weights.data"
    features = np.ones((2, 8), "float32")
    with serving(tmp_path / "log", path) as service:
        assert service.infer("scorer", features=features)["score"].shape == (2, 3)
    content = bytearray(weights.read_bytes())
    content[0] ^= 1
    weights.write_bytes(content)
    done = run("serve", path)
    assert done.exit_code == BAD_INPUT
    assert "graph or weights changed since" in done.stderr


def test_others_are_served_where_asked_for_and_say_so(folder):
    onnx_file(folder / "other.onnx", "(float[n] x) => (float[n] y)", "y = Abs (x)")
    flipped(folder / "scorer.onnx")
    with serving(folder.with_name("log"), folder, "--unverified") as service:
        assert service.get("/v2/models/other")["properties"] == {"verdict": "none"}
        shown = service.get("/v2/models/scorer")["properties"]
        assert shown["verdict"] == "passed, changed since"


MISTAKES = {
    "no such file": (["nix.onnx"], "must be a file that exists"),
    "an empty folder": ([".empty"], "needs an .onnx file"),
    "a text": (["text.onnx"], "no ONNX model"),
    "two of a name": (["scorer.onnx", "copy/scorer.onnx"], "a name of its own"),
    "a name that is a path": (["../up=scorer.onnx"], "must be letters"),
    "a folder with a name": (["up=copy"], "must be a file; those of a folder"),
    "no such provider": (["scorer.onnx", "--provider", "cuda"], "CUDAExecution"),
    "a misspelt provider": (["scorer.onnx", "--provider", "cdua"], "'cdua'"),
    "a host name": (["scorer.onnx", "--host", "here"], "--host must be an address"),
    "no port": (["scorer.onnx", "--port", "0"], "--port must be from 1"),
    "one port twice": (["scorer.onnx", "--grpc-port", "8080"], "another one"),
    "no batch": (["scorer.onnx", "--max-batch", "0"], "--max-batch must be 1"),
    "a size that is no number": (["scorer.onnx", "--max-request-mb", "nan"], "from"),
    "an unknown flag": (["scorer.onnx", "--prot", "1"], "No such option"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_end_it_in_a_line(case, folder, models, monkeypatch):
    arguments, said = MISTAKES[case]
    (folder / ".empty").mkdir()
    (folder / "copy").mkdir()
    (folder / "text.onnx").write_text("onnx")
    shutil.copy(models / "scorer.onnx", folder / "copy")
    monkeypatch.chdir(folder)
    done = run("serve", *arguments)
    assert done.exit_code == (4 if "provider" in case else BAD_INPUT)
    (line,) = done.stderr.splitlines()
    assert said in line
    assert done.stdout == ""


def test_a_port_that_is_taken(service, models):
    done = run("serve", models / "scorer.onnx", "--port", service.port)
    assert done.exit_code == BAD_INPUT
    assert "--port must be a free port of 127.0.0.1" in done.stderr
