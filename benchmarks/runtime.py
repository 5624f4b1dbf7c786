"""onnxruntime sessions for timing: the same options for every contestant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime

Array = np.ndarray[Any, Any]


def session(model: onnx.ModelProto | str, threads: int) -> Any:
    """Open a model on the CPU, with all of onnxruntime's own optimizations.

    Args:
        model: A model, or the path of a file.
        threads: Within an operator; operators run one after the other.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    content = model if isinstance(model, str) else model.SerializeToString()
    return onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )


def runner(
    opened: Any,
    inputs: Mapping[str, Array] | Array,
    output: Array | None = None,
) -> Callable[[], Any]:
    """Return what runs a session on inputs that lie ready, outputs included.

    Args:
        opened: A session.
        inputs: By name, or one array for a session of one input.
        output: Where the only output goes, of its shape, in float32. Contestants that
            share it share its place in memory, which can cost or save a fifth.
    """
    binding = opened.io_binding()
    names = [x.name for x in opened.get_inputs()]
    given = inputs if isinstance(inputs, Mapping) else {names[0]: inputs}
    for name in names:
        binding.bind_cpu_input(name, np.ascontiguousarray(given[name]))
    for one in opened.get_outputs():
        if output is None:
            binding.bind_output(one.name)
        else:
            place = output.ctypes.data
            binding.bind_output(one.name, "cpu", 0, np.float32, output.shape, place)
    return lambda: opened.run_with_iobinding(binding)


def operators(model: onnx.ModelProto | str) -> dict[str, int]:
    """Count the nodes of a model, or of the file at a path, by operator."""
    if isinstance(model, str):
        model = onnx.load(model, load_external_data=False)
    return dict(sorted(Counter(node.op_type for node in model.graph.node).items()))


def first_line(error: Exception) -> str:
    """Return the first line of an error, without the folders of this machine."""
    return re.sub(r"\S*[/\\](?=[^/\\\s]+\.onnx)", "", str(error).splitlines()[0])[:160]
