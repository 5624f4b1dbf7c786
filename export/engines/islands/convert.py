"""The converter of islands: by the exporter of Keras's backend, inlined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder
from keras_acts.export.convert.registry import converts
from keras_acts.export.engines.islands import (
    jax_exporter,
    tensorflow_exporter,
    torch_exporter,
)
from keras_acts.export.engines.islands.exported import Exported
from keras_acts.export.engines.islands.inline import inline
from keras_acts.export.errors import EngineError, UnsupportedOperationError, brief
from keras_acts.export.passes.shapes.symbols import note_size
from keras_acts.export.trace import Island, flatten, pack
from keras_acts.export.trace.kinds import ISLAND
from keras_acts.export.trace.untouched import random_state_kept

_SEED_STATE = "seed_generator_state"


@dataclass(frozen=True)
class Exporter:
    """The exporter of a backend.

    Attributes:
        name: Its name.
        version: Returns its version.
        export: Converts an island, given the opset to write and the target.
    """

    name: str
    version: Callable[[], str]
    export: Callable[[Island, int, str], Exported]


EXPORTERS = {
    "jax": Exporter(jax_exporter.NAME, jax_exporter.version, jax_exporter.export),
    "tensorflow": Exporter(
        tensorflow_exporter.NAME,
        tensorflow_exporter.version,
        tensorflow_exporter.export,
    ),
    "torch": Exporter(
        torch_exporter.NAME, torch_exporter.version, torch_exporter.export
    ),
}
"""The exporters by Keras's name of the backend."""


@converts(ISLAND)
def convert_island(g: GraphBuilder, island: Island, *tensors: ir.Value) -> Any:
    """Map an island to the operators that its backend's exporter writes."""
    exporter = EXPORTERS.get(keras.backend.backend())
    if exporter is None:
        raise island.reason
    try:
        _check_assigned(island)
        with random_state_kept():
            exported = exporter.export(island, g.opset, g.target)
        weights = [partial(g.weight, variable) for variable in island.variables]
        given = [partial(_itself, x) for x in tensors]
        results = inline(g, exported, [*weights, *given])
    except EngineError as error:
        raise EngineError(f"{island.reason} {error}") from island.reason
    except Exception as error:  # of another package, of any kind
        raise UnsupportedOperationError(
            f"{island.reason} {exporter.name} can't convert it either: "
            f"{brief(_root(error))}"
        ) from error
    _note_sizes(island, results, tensors)
    made = iter(results)
    return pack(g.spec, [None if x is None else next(made) for x in flatten(g.spec)])


def _root(error: BaseException) -> BaseException:
    """Return the error that led to one: exporters wrap it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _itself(x: ir.Value) -> ir.Value:
    return x


def _check_assigned(island: Island) -> None:
    """Refuse what changes the layer's variables, as random draws do.

    Raises:
        UnsupportedOperationError: The layer draws, or assigns variables.
    """
    assert island.returns is not None
    names = [variable.name for variable in island.returns.assigned]
    if _SEED_STATE in names:
        raise UnsupportedOperationError(
            "it draws random numbers with Keras's generator, which would be the same "
            "in each run of the file. Received: a SeedGenerator"
        )
    if names:
        raise UnsupportedOperationError(
            "it assigns variables, and an ONNX model keeps no state between runs. "
            f"Received: {', '.join(names)}"
        )


def _note_sizes(
    island: Island, results: Sequence[ir.Value], tensors: Sequence[ir.Value]
) -> None:
    """Note which sizes of the results are sizes of the tensors, for their names.

    ONNX's inference does not follow all operators that exporters write.
    """
    assert island.returns is not None
    for (index, axis), (source, source_axis) in island.returns.alike.sources.items():
        if index < len(results):
            note_size(results[index], axis, tensors[source], source_axis)
