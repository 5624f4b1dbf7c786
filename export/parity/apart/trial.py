"""Try an ONNX model in a process of its own, where it may end the process.

onnxruntime checks sizes of 0 in some of its kernels by assertions that abort: the
LSTM's, for one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.export.parity.tolerances import Array

_SECONDS = 120

_PROGRAM = """
import json, sys
import numpy, onnxruntime
settings = onnxruntime.SessionOptions()
settings.log_severity_level = 4
model, arrays, provider = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
session = onnxruntime.InferenceSession(model, settings, providers=[tuple(provider)])
try:
    session.run(None, dict(numpy.load(arrays)))
except Exception:
    pass  # it is raised again by the run that is compared
"""


class EndsProcessError(Exception):
    """onnxruntime ends the process on these inputs."""


def check_survives(
    source: str | bytes,
    provider: str,
    options: Mapping[str, Any],
    feeds: Mapping[str, Array],
) -> None:
    """Raise an error if a run on these inputs would end this process.

    Args:
        source: The path of the model, or its bytes.
        provider: onnxruntime's provider.
        options: Its options.
        feeds: The inputs by name.

    Raises:
        EndsProcessError: A process of its own was ended by a signal.
    """
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        if isinstance(source, bytes):
            model.write_bytes(source)
        else:
            model = Path(source)
        arrays = Path(folder) / "inputs.npz"
        with arrays.open("wb") as file:
            np.savez(file, allow_pickle=False, **feeds)
        asked = json.dumps([provider, {k: str(v) for k, v in options.items()}])
        command = [sys.executable, "-c", _PROGRAM, str(model), str(arrays), asked]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise EndsProcessError(
                f"onnxruntime hangs on an input without elements, over {_SECONDS} s"
            ) from None
    if done.returncode not in (0, 1):
        raise EndsProcessError(
            "onnxruntime ends the process on an input without elements "
            f"(code {done.returncode})"
        )
