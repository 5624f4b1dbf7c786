"""What a client can't do: reach it from outside, name a file, take its memory."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
from pathlib import Path

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from support.services import request, serving

FEATURES = np.ones((1, 8), "float32")


def ask(service, path, body, headers=None) -> tuple[int, str]:
    """Post something as it is; return the status and the text of the answer."""
    client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    with contextlib.closing(client):
        client.request("POST", path, body, {"Content-Type": "a/b", **(headers or {})})
        answer = client.getresponse()
        return answer.status, answer.read().decode()


def addresses() -> list[str]:
    """This machine's addresses other than the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return []
        return [one.getsockname()[0]]


def listening(port: int) -> set[str]:
    """Return the addresses on which this machine listens at a port, from /proc."""
    found = set()
    for name, size in (("tcp", 8), ("tcp6", 32)):
        for line in Path("/proc/net", name).read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address[size + 1 :], 16) == port:
                found.add(address[:size].removeprefix("0000000000000000FFFF0000"))
    return found


def test_it_listens_to_this_machine_alone(service):
    for port in (service.port, service.grpc_port):
        assert listening(port) == {"0100007F"}
        for address in addresses():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, port), timeout=2)


PATHS = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "scorer.onnx",
    "./scorer",
    "/etc/passwd",
    "scorer%00",
    "file:///etc/passwd",
    "scorer_new",  # it lies beside the others, but wasn't named
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "route", ["/v2/models/{}/infer", "/v2/repository/models/{}/load"]
)
def test_a_request_names_no_file(route, path, service):
    status, text = ask(service, route.format(path), b"{}")
    assert status in (400, 404, 405)
    assert "root:" not in text
    assert service.get("/v2/models") == {"models": ["scorer", "reader"]}


def test_a_message_names_no_file(service):
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc_port}") as channel:
        stub = GRPCInferenceServiceStub(channel)
        for name in ("../scorer", "/etc/passwd", ""):
            with pytest.raises(grpc.RpcError) as caught:
                stub.RepositoryModelLoad(pb.RepositoryModelLoadRequest(model_name=name))
            assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_client_unloads_nothing(service):
    path = "/v2/repository/models/scorer/unload"
    status, answer = service.post(path, {})
    assert (status, "stop the service" in answer["error"]) == (400, True)
    assert service.get("/v2/models/scorer/ready")["ready"]


def test_links_lead_nowhere(folder, models, tmp_path):
    """A folder stands for what is in it, not for what is linked from there."""
    (folder / "linked.onnx").symlink_to(models / "scorer_new.onnx")
    (folder / "inside.onnx").symlink_to(folder / "scorer.onnx")
    (folder / "deeper").mkdir()
    shutil.copy(models / "reader.onnx", folder / "deeper")
    with serving(tmp_path / "log", folder) as service:
        assert service.get("/v2/models") == {"models": ["inside", "scorer"]}


@pytest.fixture(scope="module")
def small(models, tmp_path_factory):
    """A service with narrow limits."""
    log = tmp_path_factory.mktemp("small") / "log"
    limits = ("--max-request-mb", 0.01, "--max-size", 16, "--max-connections", 8)
    with serving(log, models / "scorer.onnx", models / "reader.onnx", *limits) as one:
        yield one


MOST = 10485  # bytes of 0.01 MB


@pytest.mark.parametrize("says_its_length", [True, False])
def test_a_body_above_the_limit_is_not_read(says_its_length, small):
    parts = bytes(20000) if says_its_length else (bytes(1000) for _ in range(20))
    status, text = ask(small, "/v2/models/scorer/infer", parts)
    assert status == 413
    assert f"at most {MOST} bytes" in text


def test_a_huge_length_takes_no_memory(small):
    headers = {"Content-Length": str(1 << 50)}
    assert ask(small, "/v2/models/scorer/infer", None, headers)[0] == 413


def test_a_message_above_the_limit_is_not_read(small):
    asked = pb.ModelInferRequest(model_name="scorer")
    asked.inputs.add(name="features", datatype="FP32", shape=[4000, 8])
    asked.raw_input_contents.append(bytes(4000 * 32))
    address = f"127.0.0.1:{small.grpc_port}"
    with (
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        GRPCInferenceServiceStub(channel).ModelInfer(asked)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_sizes_that_the_file_leaves_open_have_a_limit(small):
    scale = np.ones((2, 4), "float32")
    for ids, good in ((16, True), (17, False)):
        body = request(ids=np.zeros((2, ids), "int32"), scale=scale)
        status, answer = small.post("/v2/models/reader/infer", body)
        assert status == (200 if good else 400)
        assert good or "at most 16" in answer["error"]


def peak(process: int) -> int:
    """Return the most megabytes that a process ever had."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


INPUT = b'{"inputs":[{"name":"features","datatype":"FP32","shape":[%s],"data":[%s]}]}'
HUGE = {
    "a million mistakes": b'{"inputs":[' + b"1," * 1_000_000 + b"1]}",
    "a long text beside others": INPUT
    % (b"2500,8", b'"%s"' % (b"x" * 50_000) + b',"a"' * 19_999),
    "a long shape": INPUT % (b"1" + b",1" * 500_000, b""),
}


@pytest.mark.parametrize("case", HUGE)
def test_a_wrong_body_takes_little_more_memory_than_it_has(case, service):
    before = peak(service.process.pid)
    assert ask(service, "/v2/models/scorer/infer", HUGE[case])[0] == 400
    assert peak(service.process.pid) - before < 100


def test_connections_have_a_limit(small):
    held = []
    try:
        for _ in range(12):
            one = socket.create_connection(("127.0.0.1", small.port))
            one.sendall(b"POST /v2/models/scorer/infer HTTP/1.1\r\n")
            held.append(one)
        assert ask(small, "/v2/models/scorer/infer", b"{}")[0] == 503
    finally:
        for one in held:
            one.close()


def test_errors_tell_no_path(folder, tmp_path):
    with serving(tmp_path / "log", folder, "--watch", 0) as service:
        (folder / "scorer.onnx").write_bytes(b"none")
        status, answer = service.post("/v2/repository/models/scorer/load", {})
        assert status == 400
        assert "refused" in answer["error"]
        assert str(tmp_path) not in answer["error"]
        assert service.infer("scorer", features=FEATURES)["score"].shape == (1, 3)
