"""The graphs of a SavedModel's signatures, read without the objects that made them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_acts.export.silence import silenced

_TAG = "serve"
_INTERNAL = "__saved_model"


@dataclass(frozen=True, eq=False)
class SignatureGraphs:
    """The signatures of a SavedModel.

    Attributes:
        path: The folder.
        definitions: What each takes and returns, by name.
    """

    path: Path
    definitions: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """The names of the signatures."""
        return list(self.definitions)

    def function(self, name: str) -> Any:
        """Return a concrete function of TensorFlow, its weights constants of it."""
        import tensorflow as tf

        definition = self.definitions[name]
        inputs = _sorted(definition.inputs)
        outputs = _sorted(definition.outputs)
        graph = self._frozen([info.name for info in outputs.values()])
        imported = tf.compat.v1.wrap_function(
            lambda: tf.import_graph_def(graph, name=""), []
        )
        tensor = imported.graph.get_tensor_by_name
        pruned = imported.prune(
            [tensor(info.name) for info in inputs.values()],
            [tensor(info.name) for info in outputs.values()],
        )

        @tf.function
        def called(**tensors: Any) -> dict[str, Any]:
            results = pruned(*(tensors[key] for key in inputs))
            return dict(zip(outputs, results, strict=True))

        specs = {key: _spec(key, info) for key, info in inputs.items()}
        return called.get_concrete_function(**specs)

    def _frozen(self, outputs: list[str]) -> Any:
        """Return the graph that computes some tensors, its variables as constants."""
        import tensorflow as tf
        from tensorflow.python.framework import convert_to_constants as constants
        from tensorflow.python.saved_model.loader_impl import SavedModelLoader

        one = tf.compat.v1
        operations = [name.split(":")[0] for name in outputs]
        # TensorFlow's advice is to load with what refuses the file.
        silent = silenced("tensorflow", level=logging.ERROR)
        with one.Graph().as_default(), one.Session() as session, silent:
            # The public function is the same under a decorator.
            SavedModelLoader(os.fspath(self.path)).load(session, [_TAG])
            return constants.convert_variables_to_constants_from_session_graph(
                session, session.graph.as_graph_def(), operations
            )


def read(path: Path) -> SignatureGraphs:
    """Read which signatures a SavedModel has."""
    from tensorflow.core.protobuf import saved_model_pb2

    found = saved_model_pb2.SavedModel()
    found.ParseFromString((path / "saved_model.pb").read_bytes())
    (graph,) = (g for g in found.meta_graphs if _TAG in g.meta_info_def.tags)
    names = [n for n in graph.signature_def if not n.startswith(_INTERNAL)]
    return SignatureGraphs(path, {name: graph.signature_def[name] for name in names})


def _sorted(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(tensors.items()))


def _spec(name: str, info: Any) -> Any:
    import tensorflow as tf

    shape = tf.TensorShape(info.tensor_shape)
    return tf.TensorSpec(shape, tf.dtypes.as_dtype(info.dtype), name)
