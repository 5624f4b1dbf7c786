"""Structures of tensors: lists, tuples and dictionaries, in one order on each backend.

Keras flattens a dictionary in the order of its sorted keys or of their insertion,
depending on the backend; here it is always that of the sorted keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Path = tuple[Any, ...]


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of a structure; None is a leaf."""
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> Iterator[tuple[Path, Any]]:
    """Return the leaves of a structure, each after its path of keys and indices."""
    if not isinstance(structure, Mapping | list | tuple):
        yield (), structure
        return
    for key, part in _parts(structure):
        for path, leaf in flatten_with_path(part):
            yield (key, *path), leaf


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure with a function applied to each leaf."""
    if not isinstance(structure, Mapping | list | tuple):
        return function(structure)
    parts = {key: map_structure(function, part) for key, part in _parts(structure)}
    if isinstance(structure, Mapping):
        return {key: parts[key] for key in structure}
    if hasattr(structure, "_fields"):
        return type(structure)(*parts.values())
    return (
        list(parts.values()) if isinstance(structure, list) else tuple(parts.values())
    )


def _parts(structure: Any) -> list[tuple[Any, Any]]:
    """Return the direct parts of a structure with their keys or indices."""
    if isinstance(structure, Mapping):
        return [(key, structure[key]) for key in sorted(structure, key=str)]
    return list(enumerate(structure))


def pack(structure: Any, leaves: list[Any]) -> Any:
    """Return a structure with new leaves, given in the order of `flatten`."""
    if len(flatten(structure)) != len(leaves):
        raise ValueError(
            "`leaves` must have one element for each leaf of the structure. "
            f"Received: {len(leaves)} leaves for {structure!r}"
        )
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)
