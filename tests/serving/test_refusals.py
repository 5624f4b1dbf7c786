"""What is wrong with a request is said in a line, with 4xx, before the model runs."""

from __future__ import annotations

import copy
import json
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from support.services import onnx_file, request, serving

FEATURES = np.arange(8, dtype="float32")[None]
GOOD = request(features=FEATURES)


def changed(**values: Any) -> dict[str, Any]:
    body = copy.deepcopy(GOOD)
    body["inputs"][0].update(values)
    return body


BODIES: dict[str, tuple[Any, int, str]] = {
    "no JSON": (b"{", 400, "JSON"),
    "nested without end": (b"[" * 100_000, 400, "must be JSON"),
    "no UTF-8": (b'{"inputs": "\xff"}', 400, "must be JSON"),
    "an integer of 5,000 digits": (b"[1%s]" % (b"0" * 5000), 400, "Received: "),
    "a list": ([], 400, "the body must be an object. Received: a list"),
    "no inputs": ({}, 400, "inputs must be a list. Received: nothing"),
    "inputs that are none": ({"inputs": [1] * 9}, 400, "inputs.0 must be an object"),
    "an id that is a number": (
        {**GOOD, "id": 1},
        400,
        "id must be a text",
    ),
    "parameters that are a list": ({**GOOD, "parameters": [1]}, 400, "an object"),
    "an output's parameters": (
        {**GOOD, "outputs": [{"name": "score", "parameters": 1}]},
        400,
        "outputs.0.parameters must be an object",
    ),
    "a name that is a number": (changed(name=7), 400, "inputs.0.name must be a text"),
    "a shape that is a number": (
        changed(shape=8),
        400,
        "inputs.0.shape must be",
    ),
    "data that is a number": (changed(data=8), 400, "inputs.0.data must be a list"),
    "an empty list of inputs": (
        {"inputs": []},
        400,
        "'features', each once. Received: none",
    ),
    "another name": (changed(name="x"), 400, "must be 'features'"),
    "one twice": ({"inputs": GOOD["inputs"] * 2}, 400, "each once"),
    "another type": (changed(datatype="FP64"), 400, "must be FP32. Received: FP64"),
    "no such type": (changed(datatype="FLOAT"), 400, "must be FP32. Received: FLOAT"),
    "no data": (
        {"inputs": [{**GOOD["inputs"][0], "data": None}]},
        400,
        "must have data",
    ),
    "another rank": (changed(shape=[8]), 400, "the shape [-1, 8]"),
    "another size": (changed(shape=[1, 7]), 400, "the shape [-1, 8]"),
    "a negative size": (changed(shape=[-1, 8]), 400, "the shape [-1, 8]"),
    "a size that is no integer": (changed(shape=[1.5, 8]), 400, "the shape [-1, 8]"),
    "no rows": (changed(shape=[0, 8], data=[]), 400, "must be 1 or more"),
    "too few elements": (changed(data=[1, 2]), 400, "must be 8 elements"),
    "too many elements": (changed(data=[1.0] * 9), 400, "must be 8 elements"),
    "nested otherwise": (changed(data=[[1, 2]] * 4), 400, "nested as [4, 2]"),
    "ragged": (changed(data=[[1, 2], [3]]), 400, "must be 8 elements"),
    "texts": (changed(data=["a"] * 8), 400, "another kind"),
    "nested too deep": (changed(data=eval("[" * 60 + "]" * 60)), 400, "nested deeper"),
    "booleans": (changed(data=[True] * 8), 400, "another kind"),
    "nothing": (changed(data=[None] * 8), 400, "another kind"),
    "beyond the type": (changed(data=[1e39] * 8), 400, "out of the range of FP32"),
    "no such output": ({**GOOD, "outputs": [{"name": "q"}]}, 400, "among 'score'"),
    "an output twice": ({**GOOD, "outputs": [{"name": "score"}] * 2}, 400, "each once"),
    "sizes that overflow": (changed(shape=[1 << 62, 8]), 400, "at most 67108864 bytes"),
}


@pytest.mark.parametrize("case", BODIES)
def test_json_that_the_model_does_not_take(case, service):
    body, status, said = BODIES[case]
    found, answer = service.post("/v2/models/scorer/infer", body)
    assert found == status
    assert said in answer["error"]
    assert "\n" not in answer["error"]


def test_integers_are_taken_exactly(service):
    body = request(ids=np.zeros((1, 2), "int32"), scale=np.ones((1, 4), "float32"))
    for data in ([0.5, 1], [1 << 31, 0], [-(1 << 40), 0], [1e300, 0]):
        body["inputs"][0]["data"] = data
        status, answer = service.post("/v2/models/reader/infer", body)
        assert (status, "INT32" in answer["error"]) == (400, True)


def test_an_index_that_the_model_lacks_is_the_clients_fault(service):
    body = request(ids=np.full((1, 2), 99, "int32"), scale=np.ones((1, 4), "float32"))
    status, answer = service.post("/v2/models/reader/infer", body)
    assert status == 400
    assert "99" in answer["error"]


def test_sizes_of_one_name_must_agree(service):
    body = request(ids=np.zeros((2, 2), "int32"), scale=np.ones((3, 4), "float32"))
    status, answer = service.post("/v2/models/reader/infer", body)
    assert status == 400
    assert "Received: 2, and 3 in 'scale'" in answer["error"]


def body_of(text: bytes, tensors: bytes) -> tuple[bytes, dict[str, str]]:
    headers = {"Inference_Header_Content_Length": str(len(text))}
    return text + tensors, {**headers, "Content_Type": "application/octet-stream"}


PORT = b'{"inputs":[{"name":"features","shape":[1,8],"datatype":"FP32",%s}]}'
SIZE = b'"parameters":{"binary_data_size":%s}'
BINARY = {
    "fewer bytes than said": (PORT % (SIZE % b"32"), bytes(31), "the body has"),
    "a negative size": (PORT % (SIZE % b"-1"), bytes(32), "the body has"),
    "a size that is a text": (PORT % (SIZE % b'"32"'), bytes(32), "the body has"),
    "no size": (PORT % b'"parameters":{}', bytes(32), "the body has"),
    "half an element": (PORT % (SIZE % b"30"), bytes(30), "elements of FP32"),
    "elements of fewer rows": (PORT % (SIZE % b"16"), bytes(16), "8 elements"),
    "bytes that none takes": (PORT % (SIZE % b"32"), bytes(40), "8 bytes are left"),
    "no JSON": (b"{", bytes(4), "unexpected end"),
    "no inputs": (b"{}", b"", "inputs must be a list"),
    "a number": (b"7", b"", "Open Inference Protocol"),
}


@pytest.mark.parametrize("case", BINARY)
def test_binary_tensors_that_are_none(case, service):
    text, tensors, said = BINARY[case]
    body, headers = body_of(text, tensors)
    status, answer = service.post("/v2/models/scorer/infer", body, **headers)
    assert status == 400
    assert said.lower() in answer["error"].lower()


@pytest.mark.parametrize("length", ["", "-1", "x", "999999", "1e3", "1" * 5000])
def test_a_length_of_the_json_that_is_none(length, service):
    headers = {"Inference_Header_Content_Length": length, "Content_Type": "a/b"}
    status, answer = service.post("/v2/models/scorer/infer", b"{}", **headers)
    assert status == 400
    assert "Inference-Header-Content-Length" in answer["error"]


def message(**values: Any) -> pb.ModelInferRequest:
    asked = pb.ModelInferRequest(model_name=values.pop("model", "scorer"))
    raw = values.pop("raw", FEATURES.tobytes())
    one = {"name": "features", "datatype": "FP32", "shape": [1, 8], **values}
    asked.inputs.add(**one)
    if raw is not None:
        asked.raw_input_contents.append(raw)
    return asked


INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
MESSAGES = {
    "no such model": (message(model="scorre"), NOT_FOUND, "scorre"),
    "another name": (message(name="x"), INVALID, "must be 'features'"),
    "another type": (message(datatype="INT32"), INVALID, "must be FP32"),
    "no such type": (message(datatype="FLOAT"), INVALID, "invalid content type"),
    "another shape": (message(shape=[1, 9]), INVALID, "the shape [-1, 8]"),
    "a negative size": (message(shape=[-1, 8]), INVALID, "the shape [-1, 8]"),
    "no data": (message(raw=None), INVALID, "8 elements"),
    "fewer bytes": (message(raw=bytes(30)), INVALID, "8 elements"),
    "more bytes": (message(raw=bytes(64)), INVALID, "8 elements"),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages_that_the_model_does_not_take(case, service):
    asked, status, said = MESSAGES[case]
    address = f"127.0.0.1:{service.grpc_port}"
    with (
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        GRPCInferenceServiceStub(channel).ModelInfer(asked)
    assert caught.value.code() == status
    assert said in caught.value.details()


@pytest.mark.parametrize("case", [x for x in BODIES if isinstance(BODIES[x][0], dict)])
def test_json_before_tensors_is_held_to_the_same(case, service):
    body, _, _ = BODIES[case]
    text, headers = body_of(json.dumps(body).encode(), b"")
    assert service.post("/v2/models/scorer/infer", text, **headers)[0] == 400


def test_an_error_is_short(service):
    """Whatever a client sent."""
    name = "x" * 100_000
    status, answer = service.post("/v2/models/scorer/infer", changed(name=name))
    assert (status, len(answer["error"]) < 2000) == (400, True)
    address = f"127.0.0.1:{service.grpc_port}"
    with (
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        GRPCInferenceServiceStub(channel).ModelInfer(message(name=name))
    assert caught.value.code() == INVALID


def test_nothing_of_this_stops_the_service(service):
    assert service.get("/v2/health/ready") == {"ready": True}
    assert "score" in service.infer("scorer", features=FEATURES)
    assert "Traceback" not in service.log.read_text()


def test_versions_of_the_protocol_are_refused(service):
    path = "/v2/models/scorer/versions/1/infer"
    status, answer = service.post(path, GOOD)
    assert status == 404
    assert "versioning" in answer["error"]


@pytest.mark.parametrize("path", ["/v1/models", "/v2/nothing", "/"])
def test_other_paths(path, service):
    status, answer = service.post(path, GOOD)
    assert status in (404, 405)
    assert answer["error"]


def test_texts_half_floats_and_no_numbers(tmp_path):
    """What JSON and NumPy have otherwise, or not at all."""
    texts = onnx_file(
        tmp_path / "texts.onnx", "(string[n] x) => (string[n] y)", "y = Identity (x)"
    )
    halves = onnx_file(
        tmp_path / "halves.onnx", "(float16[n] x) => (float16[n] y)", "y = Abs (x)"
    )
    logs = onnx_file(
        tmp_path / "logs.onnx", "(float[n] x) => (float[n] y)", "y = Log (x)"
    )
    with serving(tmp_path / "log", texts, halves, logs, "--unverified") as service:
        given = np.array([1, 0, -1], "float32")
        status, answer = service.post("/v2/models/logs/infer", request(x=given))
        assert (status, answer["outputs"][0]["data"]) == (200, [0.0, None, None])
        words = np.array(["a", "ß", ""], object)
        status, answer = service.post("/v2/models/texts/infer", request(x=words))
        assert (status, answer["outputs"][0]["data"]) == (200, ["a", "ß", ""])
        bad = request(x=words)
        bad["inputs"][0]["data"][1] = 7
        assert service.post("/v2/models/texts/infer", bad)[0] == 400
        body, headers = body_of(
            b'{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES",'
            b'"parameters":{"binary_data_size":5}}]}',
            b"\1\0\0\0\xff",
        )
        status, answer = service.post("/v2/models/texts/infer", body, **headers)
        assert (status, "utf-8" in answer["error"]) == (400, True)
        body, headers = body_of(
            b'{"inputs":[{"name":"x","shape":[2],"datatype":"FP16",'
            b'"parameters":{"binary_data_size":4}}]}',
            np.array([-1, 2], "float16").tobytes(),
        )
        status, answer = service.post("/v2/models/halves/infer", body, **headers)
        assert (status, "binary" in answer["error"]) == (400, True)
        half = request(x=np.array([-1, 2], "float16"))
        assert service.post("/v2/models/halves/infer", half)[0] == 400
