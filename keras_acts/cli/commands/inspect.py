"""`keras-acts inspect`: what is in an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts.cli import options
from keras_acts.cli.codes import Code
from keras_acts.cli.terminal import answer


def run(
    onnx: Annotated[Path, typer.Argument(metavar="ONNX", help="The .onnx file.")],
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
) -> None:
    """Show inputs, outputs, operators, sizes, metadata and kernels of an ONNX file."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        from keras_acts.cli.inspection import describe

        found = describe(onnx)
        return found, _text(found), Code.DONE

    answer(work, as_json=as_json, memory=max_memory)


def _text(found: Mapping[str, Any]) -> str:
    opsets = ", ".join(f"{name} {n}" for name, n in found["opsets"].items())
    facts = {
        "file": f"{found['onnx']}, {found['bytes']:,} bytes",
        "made by": found["producer"] or "",
        "opset": f"{opsets}; IR version {found['ir_version']}",
        "verdict": _verdict(found["verdict"]),
        "weights": f"{found['weights']}, {found['weight_bytes']:,} bytes",
        "beside it": ", ".join(
            f"{name}, {size:,} bytes" for name, size in found["weight_files"].items()
        ),
    }
    lines = [f"{label:<10} {fact}" for label, fact in facts.items() if fact]
    for label, key in (("input", "inputs"), ("output", "outputs")):
        lines += [f"{label:<10} {_port(one)}" for one in found[key]]
    for name, count in found["operators"].items():
        lines.append(f"{'operator':<10} {name} × {count}")
    for provider, lacking in (found["kernels"] or {}).items():
        kernels = (
            f"has no kernel for {', '.join(lacking)}" if lacking else "has all kernels"
        )
        lines.append(f"{'provider':<10} {provider} {kernels}")
    for key, value in found["metadata"].items():
        lines.append(f"{'metadata':<10} {key} = {value}")
    return "\n".join(lines)


def _port(port: Mapping[str, Any]) -> str:
    shape = port["shape"]
    if shape is None:
        sizes = "of unknown rank"
    else:
        sizes = "×".join("?" if n is None else str(n) for n in shape) or "a scalar"
    return f"{port['name']}: {port['dtype']}, {sizes}"


def _verdict(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "none: it was written without being compared"
    if verdict["unchanged"]:
        return f"{verdict['status']}, and graph and weights are those compared"
    return f"{verdict['status']}, but graph or weights were changed since"
