"""Islands: calls of layers whose code calls the backend beside `keras.ops`.

Such code takes the backend's tensors only, so it can't be traced. Its call is recorded
as one node, which the backend's own exporter converts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import KerasTensor

from keras_acts.export.errors import (
    ExportError,
    OptionError,
    StatefulLayerError,
    UnsupportedKerasError,
)
from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.islands.island_sizes import Alike, Sizes, alike, guesses
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import unrecorded
from keras_acts.export.trace.structure import flatten, map_structure, pack
from keras_acts.export.trace.tensors import TracedTensor, map_leaves

NEVER = (OptionError, StatefulLayerError, UnsupportedKerasError)
"""Errors that say something else than that code can't be traced."""


Islands = Mapping[IdentityKey, ExportError]
"""Layers to leave to another exporter, with the reason of each."""


@dataclass(frozen=True)
class _Slot:
    """Stands for one of the tensors among the arguments of a call."""

    index: int


@dataclass(frozen=True, eq=False)
class Island:
    """A call of a layer, to be converted by the exporter of Keras's backend.

    Attributes:
        layer: The layer.
        path: The names of the layers around it, and its own.
        reason: Why it can't be traced.
        specs: The shape and dtype of each tensor that it takes.
        variables: The variables of the layer and of those inside it.
        returns: What it returns; set when that is known.
    """

    layer: Any
    path: tuple[str, ...]
    reason: ExportError
    specs: tuple[KerasTensor, ...]
    variables: tuple[Any, ...]
    _arguments: tuple[Any, Any]
    _masks: Mapping[int, int]
    _state: reads.CallState
    returns: Returns | None = None

    def structured(
        self, tensors: Sequence[Any], values: Sequence[Any] | None = None
    ) -> tuple[Any, list[Any], tuple[Any, ...]]:
        """Call the layer on tensors of the backend.

        Args:
            tensors: What it takes, as `specs` describes it.
            values: Tensors in place of the variables' own values.

        Returns:
            What it returns, the mask of each of its tensors, None for none, and the
            variables that it assigns.
        """
        for index, mask in self._masks.items():
            reads.set_mask(tensors[index], tensors[mask])
        args, kwargs = map_leaves(
            lambda x: tensors[x.index] if isinstance(x, _Slot) else x, self._arguments
        )
        with self._in_call(values) as scope:
            given = [scope.get_current_value(v) for v in self.variables]
            outputs = reads.inner_call(self.layer)(*args, **kwargs)
            outputs = map_structure(_tensor, outputs)
            now = [scope.get_current_value(v) for v in self.variables]
        changes = zip(self.variables, given, now, strict=True)
        assigned = tuple(v for v, before, after in changes if before is not after)
        has_masks = bool(reads.inner_layers(self.layer))
        masks = [reads.mask_of(x) if has_masks else None for x in flatten(outputs)]
        return outputs, masks, assigned

    def __call__(
        self, tensors: Sequence[Any], values: Sequence[Any] | None = None
    ) -> list[Any]:
        """Call the layer, and return all tensors of `structured` as a flat list."""
        outputs, masks, _ = self.structured(tensors, values)
        return _leaves((outputs, masks))

    @contextlib.contextmanager
    def _in_call(self, values: Sequence[Any] | None) -> Iterator[keras.StatelessScope]:
        """Call in the state in which the layer was called during the trace."""
        mapping = [] if values is None else zip(self.variables, values, strict=True)
        scope = keras.StatelessScope(state_mapping=mapping)
        with scope, self._state.restored():
            yield scope


def island(
    layer: Any, args: Any, kwargs: Any, path: tuple[str, ...], reason: ExportError
) -> tuple[Island, list[TracedTensor]]:
    """Return the island of a call of a layer, and the tensors that it takes."""
    tensors: list[TracedTensor] = []
    slots: dict[IdentityKey, int] = {}

    def slot(x: Any) -> int:
        if IdentityKey(x) not in slots:
            slots[IdentityKey(x)] = len(tensors)
            tensors.append(x)
        return slots[IdentityKey(x)]

    arguments = map_leaves(
        lambda x: _Slot(slot(x)) if isinstance(x, TracedTensor) else x, (args, kwargs)
    )
    masks = {}
    if reads.inner_layers(layer):
        given = [(i, reads.mask_of(x)) for i, x in enumerate(tensors)]
        masks = {i: slot(mask) for i, mask in given if isinstance(mask, TracedTensor)}
    made = Island(
        layer=layer,
        path=path,
        reason=reason,
        specs=tuple(KerasTensor(x.shape, x.dtype) for x in tensors),
        variables=tuple(layer.variables),
        _arguments=arguments,
        _masks=masks,
        _state=reads.CallState.current(),
    )
    return made, tensors


@dataclass(frozen=True)
class Returns:
    """What an island returns.

    Attributes:
        spec: The shapes and dtypes, and those of the mask of each tensor.
        sizes: The freest guess which unknown sizes of what it takes are equal.
        alike: Which sizes it keeps, and which are always the same.
        assigned: The variables that it assigns.
    """

    spec: tuple[Any, list[Any]]
    sizes: Sizes
    alike: Alike
    assigned: tuple[Any, ...] = ()


def returns(made: Island, args: Any, kwargs: Any) -> Returns:
    """Find out what an island returns.

    The backend's own inference comes first; sizes that it doesn't know are those of the
    layer's `compute_output_shape`, if it has one of its own.
    """
    declared = unrecorded(_declared, made.layer, *map_leaves(_plain, (args, kwargs)))
    known = [] if declared is None else flatten(declared)
    sizes, kept = unrecorded(_alike, made)
    try:
        outputs, masks, assigned = unrecorded(_inferred, made, made.specs)
    except Exception:
        if declared is None:
            raise
        return Returns((declared, [None] * len(known)), sizes, kept)
    leaves = _with_constants(flatten(outputs), kept)
    if len(known) == len(leaves):
        leaves = [_with_sizes(x, one) for x, one in zip(leaves, known, strict=True)]
    return Returns((pack(outputs, leaves), masks), sizes, kept, assigned)


def _alike(made: Island) -> tuple[Sizes, Alike]:
    """Return the freest guess of equal sizes, and what it says of the results."""

    def results(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        specs = [
            KerasTensor(shape, spec.dtype)
            for shape, spec in zip(shapes, made.specs, strict=True)
        ]
        outputs, masks, _ = _inferred(made, specs)
        return [tuple(x.shape) for x in _leaves((outputs, masks))]

    found = list(guesses([spec.shape for spec in made.specs]))
    for one in found:
        with contextlib.suppress(Exception):  # of the model's own code, of any kind
            return one, alike(one, results)
    return found[0], Alike()


def _leaves(structure: Any) -> list[Any]:
    return [x for x in flatten(structure) if x is not None]


def _inferred(
    made: Island, given: Sequence[KerasTensor]
) -> tuple[Any, list[Any], tuple[Any, ...]]:
    """Ask the backend what the call returns, and see what it assigns.

    The variables are given too: torch's inference forgets the dtype that a layer of
    mixed precision computes in, where it reads them itself.
    """
    structure: list[Any] = []
    assigned: list[Any] = []
    count = len(given)

    def call(*tensors: Any) -> list[Any]:
        outputs, masks, changed = made.structured(tensors[:count], tensors[count:])
        structure[:], assigned[:] = (outputs, masks), changed
        return _leaves(structure)

    variables = [KerasTensor(v.shape, v.dtype) for v in made.variables]
    specs = iter(_Call(call).compute_output_spec(*given, *variables))
    outputs, masks = map_structure(
        lambda x: None if x is None else next(specs), structure
    )
    return outputs, masks, tuple(assigned)


class _Call(keras.Operation):
    """A function as an operation, whose spec the backend infers by tracing it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = function

    def call(self, *tensors: Any) -> Any:
        return self._function(*tensors)


def _declared(layer: Any, args: Any, kwargs: Any) -> Any:
    """Return what a layer says itself that it returns, None if it doesn't say."""
    cls = type(layer)
    own = (cls.compute_output_shape, cls.compute_output_spec)
    default = (keras.Layer.compute_output_shape, keras.Layer.compute_output_spec)
    if own == default:
        return None
    try:
        return layer.compute_output_spec(*args, **kwargs)
    except Exception:  # of the user's code, of any kind
        return None


def _with_constants(leaves: list[Any], kept: Alike) -> list[Any]:
    """Fill the unknown sizes of specs that are always the same."""
    made, index = [], 0
    for spec in leaves:
        if spec is not None:
            sizes = [
                kept.constants.get((index, axis)) if size is None else size
                for axis, size in enumerate(spec.shape)
            ]
            made.append(KerasTensor(sizes, spec.dtype))
            index += 1
        else:
            made.append(None)
    return made


def _with_sizes(spec: Any, declared: Any) -> Any:
    """Fill the unknown sizes of a spec from another one of its rank."""
    if spec is None or declared is None or len(spec.shape) != len(declared.shape):
        return spec
    sizes = [
        a if a is not None else b
        for a, b in zip(spec.shape, declared.shape, strict=True)
    ]
    return KerasTensor(sizes, spec.dtype)


def _plain(x: Any) -> Any:
    """Return the spec of a traced tensor, which no patch of Keras takes for one."""
    return KerasTensor(x.shape, x.dtype) if isinstance(x, TracedTensor) else x


def _tensor(x: Any) -> Any:
    return None if x is None else keras.ops.convert_to_tensor(x)
