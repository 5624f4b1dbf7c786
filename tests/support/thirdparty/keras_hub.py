"""KerasHub: every backbone, encoder and task that the package has, tiny and random."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import keras
import keras_hub

from support.thirdparty.architecture import Architecture
from support.thirdparty.keras_hub_images import IMAGES
from support.thirdparty.keras_hub_parts import (
    INPUTS,
    ISLANDS,
    LEFT_OUT,
    REFUSED,
    SIZES,
    UNEXPORTED,
    VARIANTS,
)
from support.thirdparty.keras_hub_texts import TEXTS
from support.thirdparty.tiny import arguments

EXCEPTIONS = {**IMAGES, **TEXTS}

_NO_MODELS = ("Tokenizer", "Preprocessor", "Converter")


def architectures() -> Iterator[Architecture]:
    """Return each model of the package, and the variants that are others."""
    for name, cls in sorted({**_public(), **UNEXPORTED}.items()):
        if name not in LEFT_OUT:
            yield _architecture(name, cls.__name__, partial(build, cls))
    for name, (cls, also) in VARIANTS.items():
        yield _architecture(name, cls.__name__, partial(build, cls, **also))


def _architecture(name: str, cls: str, make: Callable[[], keras.Model]) -> Architecture:
    refused = next((v for k, v in REFUSED.items() if cls.startswith(k)), ("", ""))
    engine = "auto" if cls.startswith(ISLANDS) else "native"
    return Architecture(
        "keras-hub", name, make, SIZES.get(cls, {}), *refused, engine=engine
    )


def build(cls: type, **also: Any) -> keras.Model:
    """Build a backbone, or a task upon its backbone."""
    exceptions = {k: _made(v) for k, v in EXCEPTIONS.get(cls.__name__, {}).items()}
    exceptions |= {k: _made(v) for k, v in also.items()}
    backbone = getattr(cls, "backbone_cls", None)
    if backbone is not None and "backbone" not in exceptions:
        exceptions["backbone"] = build(backbone)
    model = cls(**arguments(cls, exceptions, preprocessor=None))
    return _called(model, INPUTS[cls.__name__]) if cls.__name__ in INPUTS else model


def _called(model: keras.Model, shapes: Mapping[str, Any]) -> keras.Model:
    """Return a Functional model that calls one written as a subclass."""
    inputs = {name: keras.Input(name=name, **also) for name, also in shapes.items()}
    return keras.Model(inputs, model(**inputs))


def _made(value: Any) -> Any:
    """Return an argument, made here where it is a part that needs building."""
    return value() if isinstance(value, partial) else value


def _public() -> dict[str, type]:
    """Return the models under their own names; those that only others inherit, not."""
    found = {}
    for cls in vars(keras_hub.models).values():
        if not (inspect.isclass(cls) and issubclass(cls, keras.Model)):
            continue
        if not cls.__name__.endswith(_NO_MODELS) and not _abstract(cls):
            found[cls.__name__] = cls
    return found


def _abstract(cls: type) -> bool:
    """Whether a class is one of those beside the models' own folders."""
    _, _, below = cls.__module__.partition("keras_hub.src.models.")
    return "." not in below
