"""TensorFlow SavedModels: loading, calling, and what they contain."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from keras_acts.export import signature_graphs
from keras_acts.export.errors import EngineError, SignatureError
from keras_acts.export.trace import Signature, TracedInput

DEFAULT_SIGNATURES = ("serving_default", "serve")
"""The signatures to look for, in this order, if none is named."""

_FILE = "saved_model.pb"
_LOOKUPS = ("Gather", "GatherV2", "ResourceGather")


@dataclass(frozen=True, eq=False)
class SavedModel:
    """One signature of a SavedModel.

    A call takes tensors by input name and returns tensors by output name.

    Attributes:
        name: The name of the signature.
        signature: Its inputs as one dictionary, sorted by name, since TensorFlow keeps
            no order.
        function: TensorFlow's function of the signature.
        owner: The loaded object, which holds the function's variables and tables.
    """

    name: str
    signature: Signature
    function: Any
    owner: Any

    def __call__(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs by name, sorted, given the inputs by name."""
        return dict(sorted(self.function(**tensors).items()))

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that the signature reads."""
        return tuple(self.function.variables)

    @property
    def dtypes(self) -> set[str]:
        """The names of all dtypes of its operations."""
        tensorflow = require_tensorflow()
        attributes = (
            attribute.type
            for node in self._nodes()
            for attribute in node.attr.values()
            if attribute.type
        )
        return {tensorflow.as_dtype(code).name for code in attributes}

    @property
    def smallest_table(self) -> int | None:
        """The fewest rows of a table that a Gather reads, None without one."""
        if not any(node.op in _LOOKUPS for node in self._nodes()):
            return None
        tables = (
            operation.inputs[0].shape
            for operation in frozen(self.function).graph.get_operations()
            if operation.type in _LOOKUPS
        )
        # Vectors are mostly the shapes of other tensors.
        rows = (
            shape[0] for shape in tables if shape.rank is not None and shape.rank > 1
        )
        return min((size for size in rows if size is not None), default=None)

    def _nodes(self) -> Iterator[Any]:
        graph = self.function.graph.as_graph_def()
        yield from graph.node
        for function in graph.library.function:
            yield from function.node_def


def load_saved_model(
    path: str | os.PathLike[str], signature: str | None = None
) -> SavedModel:
    """Load a SavedModel written by `model.export` or `tf.saved_model.save`.

    Args:
        path: Its folder.
        signature: The name of one of its signatures. By default `"serving_default"` or
            `"serve"`, else the only one.

    Raises:
        EngineError: TensorFlow is not installed.
        SignatureError: There is no such signature, or an input's rank is unknown.
        ValueError: The folder contains no SavedModel, or it can't be loaded.
    """
    path = Path(path)
    _check_folder(path)
    tensorflow = require_tensorflow()
    try:
        owner = tensorflow.saved_model.load(os.fspath(path))
    except Exception as error:  # from protobuf, the file system or TensorFlow
        return _loaded_by_its_graph(path, signature, error)
    name = _chosen(list(owner.signatures), signature)
    function = owner.signatures[name]
    return SavedModel(name, _signature(name, function), function, owner)


def saved_model_signatures(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of the signatures of a SavedModel.

    Args:
        path: Its folder.

    Raises:
        EngineError: TensorFlow is not installed.
        ValueError: The folder contains no SavedModel, or it can't be read.

    Example:
        >>> for name in saved_model_signatures("saved"):
        ...     export_model(load_saved_model("saved", name), f"{name}.onnx")
    """
    _check_folder(Path(path))
    require_tensorflow()
    try:
        return tuple(sorted(signature_graphs.read(Path(path)).names))
    except Exception as error:  # from protobuf or the file system
        raise _unreadable(Path(path), error) from error


def _check_folder(path: Path) -> None:
    if not is_saved_model(path):
        raise ValueError(
            f"`path` must be the folder of a SavedModel, with the file {_FILE}. "
            f"Received: path={os.fspath(path)!r}"
        )


def _loaded_by_its_graph(
    path: Path, signature: str | None, error: Exception
) -> SavedModel:
    """Load a SavedModel whose objects today's TensorFlow refuses.

    So it does with the optimizers of older versions. The graphs of the signatures are
    whole without the objects.

    Args:
        path: Its folder.
        signature: The name of one of its signatures.
        error: Why the objects were refused.

    Raises:
        ValueError: The graphs can't be loaded either.
    """
    try:
        graphs = signature_graphs.read(path)
        name = _chosen(graphs.names, signature)
        function = graphs.function(name)
    except SignatureError:
        raise
    except Exception:  # the first error says more
        raise _unreadable(path, error) from error
    return SavedModel(name, _signature(name, function), function, function)


def _unreadable(path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"The SavedModel can't be loaded: {type(error).__name__}: {error}. "
        f"Received: path={os.fspath(path)!r}"
    )


def is_saved_model(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of a SavedModel."""
    return (Path(path) / _FILE).is_file()


def require_tensorflow() -> ModuleType:
    """Import TensorFlow.

    Raises:
        EngineError: TensorFlow is not installed.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise EngineError(
            "A SavedModel needs TensorFlow, which is not installed. Install it with "
            '`pip install "keras-acts[tensorflow]"`, or save the model as .keras. '
            "Received: no module 'tensorflow'"
        )
    import tensorflow

    module: ModuleType = tensorflow
    return module


def frozen(function: Any) -> Any:
    """Return a function with its variables as constants and its calls inlined.

    Raises:
        ValueError: The function assigns to its variables.
    """
    from tensorflow.python.framework import convert_to_constants as constants

    return constants.convert_variables_to_constants_v2(
        function, lower_control_flow=False, aggressive_inlining=True
    )


def _chosen(present: list[str], wanted: str | None) -> str:
    """Return the name of the signature to use."""
    candidates = [wanted] if wanted is not None else list(DEFAULT_SIGNATURES)
    if wanted is None and len(present) == 1:
        candidates = present
    for name in candidates:
        if name in present:
            return name
    listed = ", ".join(map(repr, present)) or "none: it was saved without"
    raise SignatureError(
        f"The SavedModel has the signatures {listed}. Name one of them, or save the "
        f"model with `signatures=`. Received: signature={wanted!r}"
    )


def _signature(name: str, function: Any) -> Signature:
    _, inputs = function.structured_input_signature
    for key, spec in inputs.items():
        if spec.shape.rank is None:
            raise SignatureError(
                f"The input {key!r} of the signature {name!r} must have a known rank. "
                f"Received: shape {spec.shape}"
            )
    return Signature(
        (
            {
                key: TracedInput(tuple(spec.shape), spec.dtype.name, key)
                for key, spec in sorted(inputs.items())
            },
        )
    )
