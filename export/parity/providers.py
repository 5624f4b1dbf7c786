"""onnxruntime, and the execution providers that a model can be compared on."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from keras_acts._providers import SHORT_NAMES
from keras_acts.export.errors import OptionError

Provider = str | tuple[str, Mapping[str, Any]]

# TF32 rounds the factors of every product to ten bits, which rules out parity in
# float32; onnxruntime enables it by default.
_DEFAULT_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "CUDAExecutionProvider": {"use_tf32": "0"},
}


def onnxruntime() -> ModuleType:
    """Import onnxruntime.

    Raises:
        ImportError: It is not installed; the message says how to install it.
    """
    try:
        import onnxruntime as runtime
    except ImportError as error:
        raise ImportError(
            "Parity is checked with onnxruntime, which is not installed. Install it "
            'with `pip install "keras-acts[onnx]"`, or "keras-acts[gpu]" for CUDA. '
            f"Received: {error}"
        ) from error
    module: ModuleType = runtime
    return module


def conflicting_builds() -> str | None:
    """Return a warning if two builds of onnxruntime overwrite each other's files."""
    builds = [
        name for name in ("onnxruntime", "onnxruntime-gpu") if _is_installed(name)
    ]
    if len(builds) < 2:
        return None
    return (
        "onnxruntime and onnxruntime-gpu are both installed and share their files; "
        "which one runs is undefined. Uninstall both, then install one"
    )


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def known_providers(providers: Sequence[Provider]) -> dict[str, dict[str, Any]]:
    """Return the options of each provider, by onnxruntime's name.

    Args:
        providers: Names, short names, or pairs of a name and options.

    Raises:
        OptionError: A provider is unknown to onnxruntime, or none is given.
    """
    known = onnxruntime().get_all_providers()
    if isinstance(providers, str) or not providers:
        raise OptionError(
            "`providers` must be a non-empty sequence of provider names. "
            f"Received: providers={providers!r}"
        )
    result: dict[str, dict[str, Any]] = {}
    for one in providers:
        name, options = (one, {}) if isinstance(one, str) else one
        name = SHORT_NAMES.get(name.lower(), name)
        if name not in known and name not in SHORT_NAMES.values():
            raise OptionError(
                f"`providers` must name providers of onnxruntime: {', '.join(known)}, "
                f"or in short {', '.join(SHORT_NAMES)}. Received: {name!r}"
            )
        result[name] = {**_DEFAULT_OPTIONS.get(name, {}), **options}
    return result
