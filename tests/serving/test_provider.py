"""The service runs where it was told to; `.ci/serve openvino` runs it on OpenVINO."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.services import PROVIDER

LIBRARIES = {"cpu": "onnxruntime", "openvino": "onnxruntime_providers_openvino"}
"""What a process has in its memory that runs on a provider."""


def test_the_provider_that_was_asked_for_runs(service):
    maps = Path(f"/proc/{service.process.pid}/maps").read_text()
    assert LIBRARIES[PROVIDER] in maps
    others = {one for name, one in LIBRARIES.items() if name not in (PROVIDER, "cpu")}
    assert not [one for one in others if one in maps]


@pytest.mark.skipif(PROVIDER != "openvino", reason="others refuse such an index")
def test_openvino_answers_zeros_for_an_index_that_the_model_lacks(service):
    ids, scale = np.full((1, 2), 99, "int32"), np.ones((1, 4), "float32")
    assert not service.infer("reader", ids=ids, scale=scale)["mean"].any()
