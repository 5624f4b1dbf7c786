"""KServe's InferenceService, and beside it the repository that it points to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_acts.packaging import triton
from keras_acts.packaging.contents import Contents

REPOSITORY = "model_repository"
_LONGEST = 63
_GPUS = {"cuda", "tensorrt"}


def write(
    contents: Contents,
    folder: Path,
    *,
    provider: str | None,
    max_batch: int,
    storage_uri: str | None = None,
) -> list[Path]:
    """Write the service and the repository into a folder, and return its files.

    Args:
        contents: The model.
        folder: Where to; it exists.
        provider: A key of `triton.ACCELERATED`; None leaves the choice to Triton.
        max_batch: The most rows of a run, where requests may share one.
        storage_uri: Where the repository will lie; None for a volume.
    """
    name = service_name(contents.name)
    uri = storage_uri or f"pvc://{name}/{REPOSITORY}"
    repository = folder / REPOSITORY
    repository.mkdir()
    written = triton.write(contents, repository, provider=provider, max_batch=max_batch)
    service = folder / "inferenceservice.yaml"
    text = yaml(_service(contents, name, uri, gpu=provider in _GPUS))
    service.write_text(text, encoding="utf-8")
    return [service, *written, contents.write_report(folder)]


def service_name(name: str) -> str:
    """Return a model's name as Kubernetes lets a service be called.

    Raises:
        ValueError: Nothing like it is allowed.
    """
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].rstrip("-")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", found):
        raise ValueError(
            "A service's name must begin with a letter, in Kubernetes; `--name` sets "
            f"it. Received: {name!r}"
        )
    return found


def _service(contents: Contents, name: str, uri: str, *, gpu: bool) -> dict[str, Any]:
    amounts = {"cpu": "1", "memory": _memory(contents)}
    if gpu:
        amounts["nvidia.com/gpu"] = "1"
    about = {
        key.replace("keras_acts_", "keras-acts/"): value
        for key, value in contents.properties().items()
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, **({"annotations": about} if about else {})},
        "spec": {
            "predictor": {
                "model": {
                    "modelFormat": {"name": "triton"},
                    "runtime": "kserve-tritonserver",
                    "protocolVersion": "v2",
                    "storageUri": uri,
                    "resources": {"requests": amounts, "limits": amounts},
                }
            }
        },
    }


def _memory(contents: Contents) -> str:
    """Return twice the size of the file and its weights, and a gigabyte for Triton."""
    files = [contents.path, *(contents.path.parent / x for x in contents.weight_files)]
    total = sum(file.stat().st_size for file in files)
    return f"{1 + -(-2 * total >> 30) if total >> 30 else 2}Gi"


def yaml(content: Mapping[str, Any]) -> str:
    """Return YAML of nested mappings of texts, each text quoted as in JSON."""
    return "\n".join(_lines(content)) + "\n"


def _lines(content: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key, value in content.items():
        shown = key if re.fullmatch(r"[A-Za-z]+", key) else json.dumps(key)
        if isinstance(value, Mapping):
            yield f"{indent}{shown}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{shown}: {json.dumps(value)}"
