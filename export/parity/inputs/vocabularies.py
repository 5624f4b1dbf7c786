"""Inputs of lookups: tokens of their vocabularies, texts of those, and others.

A lookup that has no index for unknown tokens gets none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.export.errors import ExportError
from keras_acts.export.parity.inputs.generator import Draw, Rng
from keras_acts.export.parity.reference.keras_calls import all_layers
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.trace import Graph, LayerRecord, Signature, Value, trace
from keras_acts.export.trace.keras_patches import reads

_LOOKUPS = (keras.layers.StringLookup, keras.layers.IntegerLookup)
_VECTORIZATION = keras.layers.TextVectorization

_UNKNOWN = ("", "unknown", "Ünknown", "two words", "it's")
_SPACES = (" ", "  ", "\t", "\n ")
_MARKS = ("", "", "", ",", "!", "...")
_MOST_WORDS = 7
_KNOWN_SHARE = 0.75


@dataclass(frozen=True)
class _Entries:
    """What the lookups behind an input know.

    Attributes:
        known: The entries of their vocabularies.
        unknown: Other entries; none if a lookup refuses those.
        splits: Whether a layer splits texts into words.
    """

    known: Sequence[Any]
    unknown: Sequence[Any]
    splits: bool

    def draw(self, rng: Rng, shape: tuple[int, ...]) -> Array:
        """Draw entries, or texts of them."""
        make = self._text if self.splits else self._entry
        drawn = [make(rng) for _ in range(int(np.prod(shape)))]
        dtype = np.int64 if isinstance((*self.known, *self.unknown)[0], int) else str
        return np.asarray(drawn, dtype).reshape(shape)

    def _entry(self, rng: Rng) -> Any:
        known = self.known and (not self.unknown or rng.uniform() < _KNOWN_SHARE)
        entries = self.known if known else self.unknown
        return entries[int(rng.integers(len(entries)))]

    def _text(self, rng: Rng) -> str:
        """Return words in letters of either case, with spaces and marks between."""
        text = ""
        for _ in range(int(rng.integers(_MOST_WORDS))):
            word = str(self._entry(rng))
            word = word.capitalize() if rng.uniform() < 1 - _KNOWN_SHARE else word
            mark = _MARKS[int(rng.integers(len(_MARKS)))]
            text += word + mark + _SPACES[int(rng.integers(len(_SPACES)))]
        return text


def vocabulary_draws(
    model: Any, signature: Signature, graph: Graph | None = None
) -> dict[str, Draw]:
    """Return what draws the inputs that are looked up, by the input's name.

    Args:
        model: The model.
        signature: Its inputs; each of strings is among the result.
        graph: Its trace, in which the inputs may have other names; made here for None.
    """
    texts = [s.name for s in signature.inputs if s.dtype == "string"]
    if not texts and not any(isinstance(x, _LOOKUPS) for x in all_layers(model)):
        return {}
    found: dict[str, list[Any]] = {}
    try:
        graph = graph or trace(model, signature, record_of=_record_of)
    except ExportError:
        graph = None
    if graph is not None:
        names = [spec.name for spec in signature.inputs]
        values = zip(names, graph.inputs.values(), strict=True)
        found = {name: list(_lookups(graph, value)) for name, value in values}
    draws: dict[str, Draw] = {
        name: _entries(layers).draw
        for name, layers in found.items()
        if layers or name in texts
    }
    generic: Draw = _entries([]).draw
    return {**dict.fromkeys(texts, generic), **draws}


def _record_of(layer: Any, *_call: Any) -> LayerRecord:
    looks_up = isinstance(layer, (*_LOOKUPS, _VECTORIZATION))
    return LayerRecord.NODE if looks_up else LayerRecord.OPERATIONS


def _lookups(graph: Graph, value: Value) -> Iterator[Any]:
    """Yield the lookups that a value reaches, through whatever keeps its dtype."""
    reached = {id(value)}
    for node in graph.nodes:
        operands = keras.tree.flatten([node.args, node.kwargs])
        if not any(id(one) in reached for one in operands):
            continue
        if isinstance(node.operation, (*_LOOKUPS, _VECTORIZATION)):
            yield node.operation
            continue
        outputs = [x for x in keras.tree.flatten(node.outputs) if isinstance(x, Value)]
        reached |= {id(one) for one in outputs if one.dtype == value.dtype}


def _entries(layers: Sequence[Any]) -> _Entries:
    """Return what lookups know, and what none of them refuses."""
    known: list[Any] = []
    strict = splits = False
    numbers = False
    for layer in layers:
        lookup = layer
        if isinstance(layer, _VECTORIZATION):
            how = reads.vectorization(layer)
            lookup, splits = how.lookup, splits or how.split is not None
        tokens = lookup.get_vocabulary(include_special_tokens=False)
        if lookup.invert:
            tokens = range(lookup.vocabulary_size())
        numbers = numbers or lookup.invert or lookup.vocabulary_dtype != "string"
        known += [int(x) if numbers else str(x) for x in tokens]
        if lookup.mask_token is not None and not lookup.invert:
            known.append(lookup.mask_token)
        strict = strict or (lookup.num_oov_indices == 0 and not lookup.invert)
    unknown: Sequence[Any] = _UNKNOWN
    if numbers:
        unknown = (max(known, default=0) + 1, max(known, default=0) + 7)
    return _Entries(known, () if strict and known else unknown, splits)
