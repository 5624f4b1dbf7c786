"""The clients that people have, unchanged, get Keras's answers."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from support.services import Service

Arrays = Mapping[str, np.ndarray]
INPUTS = {"scorer": ["features"], "reader": ["ids", "scale"]}
OUTPUTS = {"scorer": ["score"], "reader": ["product", "mean"]}
KINDS = {"float32": "FP32", "int32": "INT32"}


def triton_http(*, binary: bool, asks: bool = True) -> Callable[..., Arrays]:
    def call(service: Service, model: str, inputs: Arrays) -> Arrays:
        module = tritonclient.http
        client = module.InferenceServerClient(f"127.0.0.1:{service.port}")
        given = [
            module.InferInput(n, x.shape, KINDS[x.dtype.name])
            for n, x in inputs.items()
        ]
        for one, x in zip(given, inputs.values(), strict=True):
            one.set_data_from_numpy(x, binary_data=binary)
        wanted = [
            module.InferRequestedOutput(n, binary_data=binary) for n in OUTPUTS[model]
        ]
        answer = client.infer(model, given, outputs=wanted if asks else None)
        return {name: answer.as_numpy(name) for name in OUTPUTS[model]}

    return call


def triton_grpc(service: Service, model: str, inputs: Arrays) -> Arrays:
    module = tritonclient.grpc
    client = module.InferenceServerClient(f"127.0.0.1:{service.grpc_port}")
    given = [
        module.InferInput(n, x.shape, KINDS[x.dtype.name]) for n, x in inputs.items()
    ]
    for one, x in zip(given, inputs.values(), strict=True):
        one.set_data_from_numpy(x)
    answer = client.infer(model, given)
    return {name: answer.as_numpy(name) for name in OUTPUTS[model]}


def plain_grpc(service: Service, model: str, inputs: Arrays) -> Arrays:
    """Numbers in the message's own fields, as a client without NumPy sends them."""
    fields = {"float32": "fp32_contents", "int32": "int_contents"}
    message = pb.ModelInferRequest(model_name=model)
    for name, x in inputs.items():
        one = message.inputs.add(name=name, datatype=KINDS[x.dtype.name], shape=x.shape)
        getattr(one.contents, fields[x.dtype.name]).extend(x.ravel().tolist())
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc_port}") as channel:
        answer = GRPCInferenceServiceStub(channel).ModelInfer(message)
    return {
        one.name: np.frombuffer(raw, "float32").reshape(one.shape)
        for one, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)
    }


CLIENTS: dict[str, Callable[..., Arrays]] = {
    "tritonclient, REST, binary": triton_http(binary=True),
    "tritonclient, REST, binary, no outputs named": triton_http(
        binary=True, asks=False
    ),
    "tritonclient, REST, JSON": triton_http(binary=False),
    "tritonclient, gRPC": triton_grpc,
    "grpc alone": plain_grpc,
    "urllib": lambda service, model, inputs: service.infer(model, **inputs),
}


@pytest.mark.parametrize(("model", "rows"), [("scorer", 1), ("reader", 24)])
@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_gets_kerass_answers(client, model, rows, service, answers):
    recorded = {name: x[:rows] for name, x in answers[model].items()}
    inputs = {name: recorded[name] for name in INPUTS[model]}
    found = CLIENTS[client](service, model, inputs)
    assert list(found) == OUTPUTS[model]
    for name, x in found.items():
        assert x.dtype == recorded[name].dtype
        np.testing.assert_allclose(x, recorded[name], rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def kserves(service, answers, tmp_path_factory) -> Arrays:
    """What KServe's clients get for the reader, over each way."""
    folder = tmp_path_factory.mktemp("kserve")
    inputs = {name: answers["reader"][name] for name in INPUTS["reader"]}
    np.savez(folder / "in.npz", **inputs)
    script = Path(__file__).with_name("kserve_client.py")
    addresses = [service.url, f"127.0.0.1:{service.grpc_port}"]
    files = [folder / "in.npz", folder / "out.npz"]
    line = [sys.executable, script, *addresses, "reader", *files]
    subprocess.run([str(one) for one in line], check=True)
    return dict(np.load(folder / "out.npz"))


@pytest.mark.parametrize("name", OUTPUTS["reader"])
@pytest.mark.parametrize("way", ["REST JSON", "REST binary", "gRPC binary"])
def test_kserves_clients_get_kerass_answers(way, name, kserves, answers):
    np.testing.assert_allclose(
        kserves[f"{way} {name}"], answers["reader"][name], rtol=1e-5, atol=1e-6
    )


def test_only_the_outputs_asked_for_are_computed(service, answers):
    inputs = [
        {
            "name": name,
            "shape": list(answers["reader"][name].shape),
            "datatype": KINDS[answers["reader"][name].dtype.name],
            "data": answers["reader"][name].tolist(),
        }
        for name in INPUTS["reader"]
    ]
    body = {"id": "mine", "inputs": inputs, "outputs": [{"name": "mean"}]}
    status, answer = service.post("/v2/models/reader/infer", body)
    assert (status, answer["id"]) == (200, "mine")
    (output,) = answer["outputs"]
    assert (output["name"], output["shape"]) == ("mean", [24, 4])
    np.testing.assert_allclose(
        np.reshape(output["data"], (24, 4)), answers["reader"]["mean"], rtol=1e-5
    )


def test_names_types_and_sizes_are_those_of_the_file(service):
    found = service.get("/v2/models/reader")
    assert found["inputs"] == [
        {"name": "ids", "datatype": "INT32", "shape": [-1, -1]},
        {"name": "scale", "datatype": "FP32", "shape": [-1, 4]},
    ]
    assert found["outputs"] == [
        {"name": "product", "datatype": "FP32", "shape": [-1, 4]},
        {"name": "mean", "datatype": "FP32", "shape": [-1, 4]},
    ]
    client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{service.grpc_port}")
    described = client.get_model_metadata("reader")
    for kind in ("inputs", "outputs"):
        ports = [
            {"name": x.name, "datatype": x.datatype, "shape": list(x.shape)}
            for x in getattr(described, kind)
        ]
        assert ports == found[kind]


def test_the_verdict_is_shown(service):
    shown = service.get("/v2/models/scorer")["properties"]
    assert shown["verdict"] == "passed"
    assert shown["digest"].startswith("sha256:")
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc_port}") as channel:
        stub = GRPCInferenceServiceStub(channel)
        _, call = stub.ModelMetadata.with_call(pb.ModelMetadataRequest(name="scorer"))
    trailing = dict(call.trailing_metadata())
    assert trailing["keras-acts-verdict"] == "passed"
    assert trailing["keras-acts-digest"] == shown["digest"]
    assert any(shown["digest"] in name for name in service.metrics())


def test_health_and_lists(service):
    http = tritonclient.http.InferenceServerClient(f"127.0.0.1:{service.port}")
    rpc = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{service.grpc_port}")
    for client in (http, rpc):
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("scorer")
    assert not http.is_model_ready("scorer_new")
    assert service.get("/v2/models") == {"models": ["scorer", "reader"]}
    assert service.get("/v2")["name"] == "keras-acts"


def test_requests_are_counted(service, answers):
    name = 'keras_acts_requests_total{model="scorer",outcome="answered"}'
    before = service.metrics().get(name, 0)
    for _ in range(3):
        service.infer("scorer", features=answers["scorer"]["features"][:1])
    assert service.metrics()[name] == before + 3
    page = urllib.request.urlopen(f"{service.url}/metrics").read().decode()
    assert "request_predict_seconds" in page  # KServe's own
