"""Triton's model repository: `NAME/config.pbtxt` and `NAME/1/model.onnx`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from keras_acts._onnx_files.ports import Port
from keras_acts.packaging.contents import Contents

ACCELERATED = {
    "cpu": ("KIND_CPU", None),
    "cuda": ("KIND_GPU", None),
    "tensorrt": ("KIND_GPU", ("gpu_execution_accelerator", "tensorrt")),
    "openvino": ("KIND_CPU", ("cpu_execution_accelerator", "openvino")),
}
"""What each provider is in the configuration: the kind of instance, and which kind of
accelerator onnxruntime shall use there."""


def write(
    contents: Contents, folder: Path, *, provider: str | None, max_batch: int
) -> list[Path]:
    """Write a repository with one model into a folder, and return its files.

    Args:
        contents: The model.
        folder: The repository; it exists.
        provider: A key of `ACCELERATED`; None leaves the choice to Triton.
        max_batch: The most rows of a run, where requests may share one.
    """
    version = folder / contents.name / "1"
    version.mkdir(parents=True)
    config = version.parent / "config.pbtxt"
    text = configuration(contents, provider=provider, max_batch=max_batch)
    config.write_text(text, encoding="utf-8")
    copied = contents.copy_to(version)
    return [config, *copied, contents.write_report(version.parent)]


def configuration(contents: Contents, *, provider: str | None, max_batch: int) -> str:
    """Return the text of `config.pbtxt`."""
    ports = contents.ports
    lines = [
        f"name: {_quoted(contents.name)}",
        'backend: "onnxruntime"',
        'default_model_filename: "model.onnx"',
        f"max_batch_size: {max_batch if contents.batches else 0}",
        *_tensors("input", ports.inputs, contents.batches),
        *_tensors("output", ports.outputs, contents.batches),
    ]
    if contents.batches:
        lines.append("dynamic_batching { }")
    if provider is not None:
        lines += _instances(*ACCELERATED[provider])
    for key, value in contents.properties().items():
        text = f"string_value: {_quoted(value)}"
        lines.append(f"parameters {{ key: {_quoted(key)} value {{ {text} }} }}")
    return "\n".join(lines) + "\n"


def _tensors(what: str, ports: Sequence[Port], batches: bool) -> Iterator[str]:
    """Yield a field for each port; where there are batches, without their size."""
    for one in ports:
        shape = one.shape[1:] if batches else one.shape
        yield f"{what} {{"
        yield f"  name: {_quoted(one.name)}"
        yield f"  data_type: {one.kind.triton}"
        yield f"  dims: [ {', '.join(map(str, shape or [1]))} ]"
        if not shape:  # Triton has no tensor without dimensions
            yield "  reshape { shape: [ ] }"
        yield "}"


def _instances(kind: str, accelerator: tuple[str, str] | None) -> Iterator[str]:
    yield f"instance_group {{ kind: {kind} }}"
    if accelerator is not None:
        field, name = accelerator
        inner = f"{field} {{ name: {_quoted(name)} }}"
        yield f"optimization {{ execution_accelerators {{ {inner} }} }}"


def _quoted(text: str) -> str:
    """Return a string of protobuf's text format."""
    from google.protobuf.text_encoding import CEscape  # type: ignore[import-untyped]

    return f'"{CEscape(text.encode(), as_utf8=False)}"'
