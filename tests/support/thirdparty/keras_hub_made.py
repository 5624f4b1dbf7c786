"""One model of KerasHub as a part of another."""

from __future__ import annotations

from typing import Any

from keras_hub import models


def made(name: str, **also: Any) -> Any:
    """Build one of the models by its class's name, as a part of another."""
    from support.thirdparty.keras_hub import build

    return build(getattr(models, name), **also)
