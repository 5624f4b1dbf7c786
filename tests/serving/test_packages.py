"""Folders for Triton and KServe, read by their own protobuf and model classes.

Neither server runs here.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
import yaml
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from support.services import onnx_file, run

F32, I32, I64 = pb.TYPE_FP32, pb.TYPE_INT32, pb.TYPE_INT64


def packaged(path, folder, *flags):
    done = run("package", path, folder, *flags)
    assert done.exit_code == 0, done.stderr
    return done


def config(folder, name) -> pb.ModelConfig:
    text = (folder / name / "config.pbtxt").read_text()
    return text_format.Parse(text, pb.ModelConfig())


def ports(values):
    return {
        x.name: (x.data_type, list(x.dims), list(x.reshape.shape))
        if x.HasField("reshape")
        else (x.data_type, list(x.dims))
        for x in values
    }


def test_a_verified_file_for_triton(models, tmp_path):
    done = packaged(models / "reader.onnx", tmp_path / "repository")
    assert done.stderr == ""
    found = config(tmp_path / "repository", "reader")
    assert (found.name, found.backend) == ("reader", "onnxruntime")
    assert found.max_batch_size == 32
    assert found.HasField("dynamic_batching")
    assert ports(found.input) == {"ids": (I32, [-1]), "scale": (F32, [4])}
    assert ports(found.output) == {"product": (F32, [4]), "mean": (F32, [4])}
    assert found.parameters["keras_acts_verdict"].string_value == "passed"
    files = {
        str(x.relative_to(tmp_path / "repository"))
        for x in (tmp_path / "repository").rglob("*")
        if x.is_file()
    }
    assert files == {
        "reader/config.pbtxt",
        "reader/1/model.onnx",
        "reader/parity.json",
    }
    copied = tmp_path / "repository/reader/1/model.onnx"
    assert copied.read_bytes() == (models / "reader.onnx").read_bytes()
    report = json.loads((tmp_path / "repository/reader/parity.json").read_text())
    assert report["status"] == "passed"
    assert report["digest"].startswith("sha256:")


SHAPES = {
    "batches": (
        "(float[n, 3, m] x) => (float[n, m] y)",
        "axis = Constant <value_ints = [1]> () y = ReduceSum <keepdims = 0> (x, axis)",
        32,
        {"x": (F32, [3, -1])},
        {"y": (F32, [-1])},
    ),
    "one number a row": (
        "(float[n] x) => (float[n] y)",
        "y = Abs (x)",
        32,
        {"x": (F32, [1], [])},
        {"y": (F32, [1], [])},
    ),
    "a fixed batch": (
        "(float[2, 3] x) => (float[2, 3] y)",
        "y = Abs (x)",
        0,
        {"x": (F32, [2, 3])},
        {"y": (F32, [2, 3])},
    ),
    "rows that mix": (
        "(float[n, 3] x) => (float[n, 3] y)",
        "axis = Constant <value_ints = [0]> () m = ReduceMean (x, axis) y = Sub (x, m)",
        0,
        {"x": (F32, [-1, 3])},
        {"y": (F32, [-1, 3])},
    ),
    "an output without rows": (
        "(float[n, 3] x) => (float[n, 3] y, float s)",
        "y = Abs (x) s = ReduceSum <keepdims = 0> (x)",
        0,
        {"x": (F32, [-1, 3])},
        {"y": (F32, [-1, 3]), "s": (F32, [1], [])},
    ),
    "first sizes of other names": (
        "(float[n] x, float[m] z) => (float[n] y, int64[k] i)",
        "y = Abs (x) w = Cast <to = 7> (z) i = Abs (w)",
        0,
        {"x": (F32, [-1]), "z": (F32, [-1])},
        {"y": (F32, [-1]), "i": (I64, [-1])},
    ),
    "texts": (
        "(string[n, 2] x) => (string[n, 2] y)",
        "y = Identity (x)",
        32,
        {"x": (pb.TYPE_STRING, [2])},
        {"y": (pb.TYPE_STRING, [2])},
    ),
    "half floats and booleans": (
        "(float16[n] x) => (bool[n] y)",
        "y = IsNaN (x)",
        32,
        {"x": (pb.TYPE_FP16, [1], [])},
        {"y": (pb.TYPE_BOOL, [1], [])},
    ),
    "bfloat16": (
        "(bfloat16[n, 2] x) => (bfloat16[n, 2] y)",
        "y = Identity (x)",
        0,
        {"x": (pb.TYPE_BF16, [-1, 2])},
        {"y": (pb.TYPE_BF16, [-1, 2])},
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_files_of_others(case, tmp_path):
    signature, body, batch, inputs, outputs = SHAPES[case]
    path = onnx_file(tmp_path / "other.onnx", signature, body)
    done = packaged(path, tmp_path / "out")
    assert "has no passed verdict" in done.stderr
    assert ("share a run" in done.stderr) is (batch == 0)
    found = config(tmp_path / "out", "other")
    assert found.max_batch_size == batch
    assert found.HasField("dynamic_batching") is (batch > 0)
    assert ports(found.input) == inputs
    assert ports(found.output) == outputs
    assert "keras_acts_verdict" not in found.parameters


def test_names_of_any_letters(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", "(float[n] x) => (float[n] y)", "y = Abs (x)")
    proto = onnx.load(path)
    name = 'serving/default "ß"\\:0'
    proto.graph.input[0].name = proto.graph.node[0].input[0] = name
    onnx.save(proto, path)
    packaged(path, tmp_path / "out")
    assert [x.name for x in config(tmp_path / "out", "a").input] == [name]


def test_weights_beside_the_file_come_along(models, tmp_path):
    path = tmp_path / "scorer.onnx"
    onnx.save(
        onnx.load(models / "scorer.onnx"),
        path,
        save_as_external_data=True,
        location="weights.data",
        size_threshold=16,
        convert_attribute=False,
    )
    packaged(path, tmp_path / "out")
    version = tmp_path / "out/scorer/1"
    assert {x.name for x in version.iterdir()} == {"model.onnx", "weights.data"}
    import onnxruntime

    x = np.ones((2, 8), "float32")
    first, second = (
        onnxruntime.InferenceSession(one).run(None, {"features": x})[0]
        for one in (models / "scorer.onnx", version / "model.onnx")
    )
    np.testing.assert_array_equal(first, second)


PROVIDERS = {
    "cpu": ("KIND_CPU", None),
    "cuda": ("KIND_GPU", None),
    "tensorrt": ("KIND_GPU", "gpu_execution_accelerator"),
    "openvino": ("KIND_CPU", "cpu_execution_accelerator"),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_providers(provider, models, tmp_path):
    kind, accelerator = PROVIDERS[provider]
    packaged(models / "scorer.onnx", tmp_path / "out", "--provider", provider)
    found = config(tmp_path / "out", "scorer")
    (group,) = found.instance_group
    assert group.kind == pb.ModelInstanceGroup.Kind.Value(kind)
    accelerators = found.optimization.execution_accelerators
    named = [
        (field, one.name)
        for field in ("gpu_execution_accelerator", "cpu_execution_accelerator")
        for one in getattr(accelerators, field)
    ]
    assert named == ([(accelerator, provider)] if accelerator else [])


def test_a_service_for_kserve(models, tmp_path):
    flags = ("--format", "kserve", "--provider", "cuda", "--name", "Digit_Scorer.v2")
    uri = ("--storage-uri", "s3://models/scorer", "--max-batch", 8)
    report = ("--report", models / "scorer.json")
    packaged(models / "scorer.onnx", tmp_path / "out", *flags, *uri, *report)
    service = yaml.safe_load((tmp_path / "out/inferenceservice.yaml").read_text())
    assert service["kind"] == "InferenceService"
    assert service["metadata"]["name"] == "digit-scorer-v2"
    assert service["metadata"]["annotations"]["keras-acts/verdict"] == "passed"
    model = service["spec"]["predictor"]["model"]
    assert model["storageUri"] == "s3://models/scorer"
    assert model["protocolVersion"] == "v2"
    assert model["resources"]["limits"]["nvidia.com/gpu"] == "1"
    found = config(tmp_path / "out/model_repository", "Digit_Scorer.v2")
    assert found.max_batch_size == 8
    given = json.loads((models / "scorer.json").read_text())
    assert json.loads((tmp_path / "out/parity.json").read_text()) == given


KSERVES_NAMES = """
import kserve, sys, yaml
classes = {
    (): kserve.V1beta1InferenceService,
    ("spec",): kserve.V1beta1InferenceServiceSpec,
    ("spec", "predictor"): kserve.V1beta1PredictorSpec,
    ("spec", "predictor", "model"): kserve.V1beta1ModelSpec,
    ("spec", "predictor", "model", "modelFormat"): kserve.V1beta1ModelFormat,
}
service = yaml.safe_load(open(sys.argv[1]))
for path, kind in classes.items():
    content = service
    for key in path:
        content = content[key]
    known = {name: attribute for attribute, name in kind.attribute_map.items()}
    kind(**{known[key]: value for key, value in content.items()})
    print(len(content))
"""


def test_kserves_own_classes_take_it(models, tmp_path):
    """In a process of its own: its messages have the names of tritonclient's."""
    packaged(models / "scorer.onnx", tmp_path / "out", "--format", "kserve")
    file = tmp_path / "out/inferenceservice.yaml"
    line = [sys.executable, "-W", "ignore", "-c", KSERVES_NAMES, file]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.stdout.split() == ["4", "1", "1", "5", "1"], done.stderr


REFUSED = {
    "a format with a typo": (["--format", "trition"], "must be triton or kserve"),
    "a provider with a typo": (["--provider", "cdua"], "--provider must be cpu"),
    "no batch": (["--max-batch", "0"], "--max-batch must be from 1"),
    "more rows than 32 bits": (["--max-batch", str(2**31)], "to 2147483647"),
    "a name that is a path": (["--name", "../up"], "must be letters"),
    "a name Kubernetes lacks": (["--format", "kserve", "--name", "2"], "begin with"),
    "an address for Triton": (["--storage-uri", "s3://a"], "is for KServe"),
    "no scheme": (["--format", "kserve", "--storage-uri", "a/b"], "a scheme"),
    "no place": (["--format", "kserve", "--storage-uri", "s3://"], "and a place"),
    "no report": (["--report", "scorer.onnx"], "A report must be JSON"),
    "a report that failed": (["--report", "failed.json"], "which failed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments_write_nothing(case, folder, monkeypatch):
    flags, said = REFUSED[case]
    monkeypatch.chdir(folder)
    (folder / "failed.json").write_text('{"status": "failed"}')
    done = run("package", "scorer.onnx", "out", *flags)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (folder / "out").exists()
    assert not [x for x in folder.iterdir() if x.name.startswith(".out")]


def test_a_folder_that_has_something_is_kept(folder):
    out = folder / "out"
    out.mkdir()
    packaged(folder / "scorer.onnx", out)  # an empty one
    again = run("package", folder / "scorer.onnx", out)
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    packaged(folder / "scorer.onnx", out, "--name", "other", "--force")
    assert [x.name for x in out.iterdir()] == ["other"]
    (out / "mine.txt").write_text("kept")
    refused = run("package", folder / "scorer.onnx", out, "--force")
    assert (refused.exit_code, "has other things" in refused.stderr) == (2, True)
    assert (out / "mine.txt").read_text() == "kept"
    for target in (folder / "scorer.onnx", folder / "no/such/folder"):
        assert run("package", folder / "scorer.onnx", target, "--force").exit_code == 2
    assert (folder / "scorer.onnx").stat().st_size > 1000


def test_a_file_that_was_changed_says_so(folder):
    proto = onnx.load(folder / "scorer.onnx")
    proto.graph.node.add(op_type="Abs", input=["score"], output=["more"])
    onnx.save(proto, folder / "scorer.onnx")
    done = packaged(folder / "scorer.onnx", folder / "out", "--json")
    assert "changed since" in done.stderr
    found = json.loads(done.stdout)
    assert (found["status"], found["name"]) == (None, "scorer")
    parameters = config(folder / "out", "scorer").parameters
    assert parameters["keras_acts_verdict"].string_value == "changed since"


def test_what_servers_do_not_take_is_refused(tmp_path):
    path = onnx_file(
        tmp_path / "complex.onnx",
        "(complex64[n] x) => (complex64[n] y)",
        "y = Identity (x)",
    )
    done = run("package", path, tmp_path / "out")
    assert done.exit_code == 2
    assert "Received: COMPLEX64" in done.stderr
