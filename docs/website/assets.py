"""Scripts, styles and files to run that the site brings along, from nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from website import playground

HERE = Path(__file__).resolve().parent
MERMAID = "mermaid.min.js"

_PACKAGES = {
    "mermaid/dist/mermaid.min.js": MERMAID,
    "onnxruntime-web/dist/ort.wasm.bundle.min.mjs": "ort/ort.wasm.bundle.min.mjs",
    "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm": (
        "ort/ort-wasm-simd-threaded.wasm"
    ),
}
"""Files of npm's packages, and where the site has them below `assets/`."""


def files() -> Iterator[tuple[str, str | bytes]]:
    """Yield each file with its content.

    Raises:
        FileNotFoundError: npm's packages are not there.
    """
    for path in sorted((HERE / "assets").iterdir()):
        yield f"assets/{path.name}", path.read_bytes()
    packages = _packages()
    for source, target in _PACKAGES.items():
        yield f"assets/{target}", (packages / source).read_bytes()
    for name in playground.NAMES:
        yield f"assets/onnx/{name.lower()}.onnx", playground.checked(name)
    yield "assets/onnx/index.json", playground.index()


def _packages() -> Path:
    folder = os.environ.get("KERAS_ACTS_NODE_MODULES", "build/npm/node_modules")
    path = HERE.parents[1] / folder
    if not path.is_dir():
        raise FileNotFoundError(
            "The site needs npm's packages of docs/website/package.json, which "
            f"`.ci/site` unpacks. Expected the folder {path}, or another one in "
            "KERAS_ACTS_NODE_MODULES"
        )
    return path
