"""Keeps `training=True` that a Functional model gives one of its layers.

Called with `training=False`, such a model passes that to all its layers, and drops what
`Dropout(0.5)(x, training=True)` asked for. Called without, as Keras's own exporters do,
it turns on the layers that augment images, whose default is True. So it is called with
False, and Keras's function that passes it on is patched: True that was given stays.
Layers whose default is True are left out, since Keras notes the default as if given.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from keras_acts.export.trace.keras_patches.installer import Installer, Patch

_KEPT: ContextVar[bool] = ContextVar("keras_acts_training_kept", default=False)


def _operation_fn(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `operation_fn`, which returns an operation that gets `training`."""

    def operation_fn(operation: Any, *args: Any, **context: Any) -> Any:
        passed_on = original(operation, *args, **context)

        def call(*inputs: Any, **kwargs: Any) -> Any:
            given = kwargs.get("training") is True
            if _KEPT.get() and given and not _default(operation):
                return operation(*inputs, **kwargs)
            return passed_on(*inputs, **kwargs)

        return call

    return operation_fn


def _default(operation: Any) -> bool:
    """Whether the default of `training` is True."""
    parameter = inspect.signature(operation.call).parameters.get("training")
    return parameter is not None and parameter.default is True


_INSTALLER = Installer(
    (Patch("keras.src.models.functional", "operation_fn", _operation_fn),)
)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep what layers were given, in calls of this thread in a `with` block."""
    with _INSTALLER.installed():
        token = _KEPT.set(True)
        try:
            yield
        finally:
            _KEPT.reset(token)
