"""What a causal language model has to have: a call with a cache, and an empty cache."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_acts.export.errors import UnsupportedOperationError, brief

BuildCache = Callable[[int, int], Any]
"""Returns an empty cache for a batch size and a number of tokens."""

_CALL = "call_with_cache"
_INDEX = "cache_update_index"


@dataclass(frozen=True)
class CausalModel:
    """A causal language model, whichever library it is of.

    Attributes:
        name: What it is called.
        call: Takes `token_ids`, `cache` and `cache_update_index` by name; returns a
            tuple, the logits first and the new cache last.
        build_cache: Returns an empty cache.
        takes_index: Whether the call takes an index.
    """

    name: str
    call: Callable[..., Any]
    build_cache: BuildCache
    takes_index: bool

    def run(self, token_ids: Any, cache: Any, index: Any) -> tuple[Any, Any]:
        """Return the logits and the new cache."""
        where = {_INDEX: index} if self.takes_index else {}
        results = self.call(token_ids=token_ids, cache=cache, **where)
        return results[0], results[-1]


def causal_model(model: Any, build_cache: BuildCache | None) -> CausalModel:
    """Return what a model offers.

    Args:
        model: An object with a method `call_with_cache`, or such a function.
        build_cache: What makes an empty cache, if the model itself doesn't.

    Raises:
        UnsupportedOperationError: It lacks something.
    """
    name = getattr(model, "name", None) or getattr(model, "__name__", None)
    name = str(name or type(model).__name__)
    call = getattr(model, _CALL, model if inspect.isroutine(model) else None)
    names = _parameters(call)
    if call is None or not {"token_ids", "cache"} <= set(names):
        found = f"with {_CALL}({', '.join(names)})" if call else "without it"
        raise UnsupportedOperationError(
            f"`causal_lm` must have a method `{_CALL}(token_ids, cache, {_INDEX})` "
            "that returns the logits first and the new cache last, or be such a "
            "function. "
            f"Received: {model!r} (of type {type(model).__name__}), {found}"
        )
    build = build_cache or getattr(model, "build_cache", None) or _of_keras_hub(model)
    if build is None:
        raise UnsupportedOperationError(
            "`build_cache` must be given: a function of batch size and number of "
            "tokens that returns an empty cache; or `causal_lm` must have a method of "
            f"that name. Received: build_cache=None for {type(model).__name__}"
        )
    return CausalModel(name, call, build, _INDEX in names)


def _parameters(call: Any) -> list[str]:
    return [] if call is None else list(inspect.signature(call).parameters)


def _of_keras_hub(model: Any) -> BuildCache | None:
    """Return what builds a cache in KerasHub's models, which fill it at once.

    What else it takes, such as images, is None.
    """
    private = getattr(model, "_build_cache", None)
    if private is None:
        return None

    def build(batch_size: int, max_length: int) -> Any:
        token_ids = keras.ops.ones((batch_size, max_length), "int32")
        others = [name for name in _parameters(private) if name != "token_ids"]
        nothing = dict.fromkeys(others)
        if "padding_mask" in nothing:
            nothing["padding_mask"] = keras.ops.ones_like(token_ids)
        return private(token_ids, **nothing)[-1]

    return build


def built(model: CausalModel, batch_size: int, max_length: int) -> Any:
    """Return a model's empty cache.

    Raises:
        UnsupportedOperationError: It can't be made, for one because the model needs
            images beside tokens.
    """
    try:
        return model.build_cache(batch_size, max_length)
    except Exception as error:
        raise UnsupportedOperationError(
            f"The cache of {model.name} can't be built of tokens alone, without images "
            f"or other inputs. Received: {brief(error)}"
        ) from error


def shapes(cache: Any) -> list[tuple[int, ...]]:
    """Return the shapes of a cache's tensors."""
    return [tuple(map(int, x.shape)) for x in keras.tree.flatten(cache)]


def zeros_like(cache: Any) -> Any:
    """Return a cache of the same shapes, with zeros."""
    return keras.tree.map_structure(keras.ops.zeros_like, cache)


def logits_of(model: CausalModel, token_ids: Sequence[Sequence[int]]) -> Any:
    """Return a model's logits at each token, computed without an earlier cache."""
    tokens = keras.ops.convert_to_tensor(np.asarray(token_ids, "int32"))
    cache = zeros_like(built(model, *tokens.shape))
    return model.run(tokens, cache, 0)[0]
