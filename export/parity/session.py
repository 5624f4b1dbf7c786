"""onnxruntime sessions that run on the provider asked for, or not at all."""

from __future__ import annotations

import ctypes
import math
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from keras_acts.export.parity.apart.trial import check_survives
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.providers import onnxruntime
from keras_acts.export.parity.tolerances import Array

UNOPTIMIZED = ", optimizations off"
"""What the name of a run gets in which onnxruntime runs the graph as it is."""

_FATAL_ONLY = 4  # errors are raised as well
_BFLOAT16 = "bfloat16"
_IDENTITY = onnx.parser.parse_model(
    '<ir_version: 8, opset_import: ["" : 17]> g (float[1] x) => (float[1] y)'
    "{ y = Identity(x) }"
).SerializeToString()


@dataclass(frozen=True)
class Session:
    """A loaded ONNX model on one provider.

    Attributes:
        provider: The provider.
        optimized: Whether onnxruntime rewrote the graph, as it does by default.
    """

    provider: str
    _session: Any
    optimized: bool = True
    _model: OnnxModel | None = None
    _options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """What the name of a run gets."""
        return "" if self.optimized else UNOPTIMIZED

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run the model on inputs by name and return its outputs by name.

        Raises:
            EndsProcessError: An input has no elements, and onnxruntime would abort.
        """
        return self._run([output.name for output in self._session.get_outputs()], feeds)

    def tensors(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run the model; return its outputs by name without sequences and maps.

        Raises:
            EndsProcessError: An input has no elements, and onnxruntime would abort.
        """
        outputs = self._session.get_outputs()
        names = [x.name for x in outputs if x.type.startswith("tensor(")]
        return self._run(names, feeds)

    def _run(self, names: list[str], feeds: Mapping[str, Array]) -> dict[str, Array]:
        if self._model and not all(array.size for array in feeds.values()):
            with self._model.loadable() as source:
                check_survives(source, self.provider, self._options, feeds)
        if any(array.dtype.kind == "U" for array in feeds.values()):
            # Strings can't be OrtValues.
            return dict(zip(names, self._session.run(names, dict(feeds)), strict=True))
        inputs = {name: _ort_value(array) for name, array in feeds.items()}
        values = self._session.run_with_ort_values(names, inputs)
        return {n: _array(v) for n, v in zip(names, values, strict=True)}


def _ort_value(array: Array) -> Any:
    make = onnxruntime().OrtValue
    if array.dtype.name != _BFLOAT16:
        return make.ortvalue_from_numpy(array)
    bits = array.view(np.uint16)
    return make.ortvalue_from_numpy_with_onnx_type(bits, onnx.TensorProto.BFLOAT16)


def _array(value: Any) -> Array:
    """Return a result as an array; bfloat16, which NumPy lacks, as float32."""
    if value.data_type() != f"tensor({_BFLOAT16})":
        return np.asarray(value.numpy())
    shape = tuple(value.shape())
    count = math.prod(shape)
    memory = (ctypes.c_uint16 * count).from_address(value.data_ptr()) if count else []
    high_bits = np.array(memory, dtype=np.uint32) << 16
    return high_bits.view(np.float32).reshape(shape)


class ProviderUnavailableError(Exception):
    """The provider can't run here; the message is the reason."""


class NotLoadableError(Exception):
    """onnxruntime refuses the model; the message is its reason."""


def open_session(
    model: OnnxModel,
    provider: str,
    options: Mapping[str, Any] | None = None,
    *,
    optimized: bool = True,
) -> Session:
    """Load a model on one provider, with onnxruntime's optimizations or without.

    Raises:
        ProviderUnavailableError: The build lacks the provider, or it can't start here.
        NotLoadableError: onnxruntime refuses the model.
    """
    available = onnxruntime().get_available_providers()
    if provider not in available:
        raise ProviderUnavailableError(
            f"this build of onnxruntime has only {', '.join(available)}"
        )
    options = dict(options or {})
    _check_start(provider, options)
    try:
        with model.loadable() as source:
            session = _load(source, provider, options, optimized=optimized)
    except ProviderUnavailableError:
        raise
    except Exception as error:  # onnxruntime's errors have no public base class
        raise NotLoadableError(first_line(error)) from error
    return Session(provider, session, optimized, model, options)


def _check_start(provider: str, options: Mapping[str, Any]) -> None:
    """Start a provider on a model that every provider supports.

    A failure here means that a device or a library is missing, whatever the model.
    """
    try:
        _load(_IDENTITY, provider, options)
    except Exception as error:
        raise ProviderUnavailableError(f"cannot start: {first_line(error)}") from error


def _load(
    source: str | bytes,
    provider: str,
    options: Mapping[str, Any],
    *,
    optimized: bool = True,
) -> Any:
    runtime = onnxruntime()
    settings = runtime.SessionOptions()
    if not optimized:
        off = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        settings.graph_optimization_level = off
    settings.log_severity_level = _FATAL_ONLY
    # A pool of explicit size is not pinned to cores, which containers may forbid.
    settings.intra_op_num_threads = os.cpu_count() or 1
    with warnings.catch_warnings():  # about a fallback, which is checked for below
        warnings.simplefilter("ignore")
        session = runtime.InferenceSession(
            source,
            settings,
            providers=[(provider, dict(options))],
            enable_fallback=0,
        )
    running = session.get_providers()
    if running[0] != provider:
        raise ProviderUnavailableError(
            f"onnxruntime put {', '.join(running)} in its place"
        )
    return session


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, its type where that is empty."""
    lines: Iterable[str] = str(error).strip().splitlines()
    return next(iter(lines), type(error).__name__)
