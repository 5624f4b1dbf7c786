"""Flags that describe a model's inputs and names, parsed into Python's arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from keras_acts.cli.codes import CommandError

InputSignature = Annotated[
    list[str] | None,
    typer.Option(
        "--input-signature",
        metavar="[NAME=]SIZES[:DTYPE]",
        help="Sizes in place of the model's own, as ids=None,128:int32; one for each "
        "input, by name or in order. Repeatable.",
    ),
]
Batch = Annotated[
    int | None,
    typer.Option("--batch", metavar="N", help="Fix the batch size of every input."),
]
InputNames = Annotated[
    str | None,
    typer.Option(
        "--input-names",
        metavar="NAMES",
        help="New names of the inputs: a,b in order, or old=new,old=new.",
    ),
]
OutputNames = Annotated[
    str | None,
    typer.Option("--output-names", metavar="NAMES", help="Those of the outputs."),
]
InputsAsNchw = Annotated[
    str | None,
    typer.Option(
        "--inputs-as-nchw",
        metavar="NAMES",
        help="Image inputs that the file takes channels first, with commas.",
    ),
]
Metadata = Annotated[
    list[str] | None,
    typer.Option(
        "--metadata",
        metavar="KEY=TEXT",
        help="A text of your own for the file's metadata. Repeatable.",
    ),
]

_SPEC = re.compile(r"(?:(?P<name>[^=]+)=)?(?P<sizes>[^:=]*)(?::(?P<dtype>\w+))?")
_UNKNOWN = {"none", "?", "-1"}
_DTYPES = re.compile(r"bool|string|bfloat16|float(16|32|64)|u?int(8|16|32|64)")


def names(flag: str, text: str | None) -> list[str] | dict[str, str] | None:
    """Parse `a,b` into a list, and `old=new,old=new` into a dictionary.

    Raises:
        CommandError: A name is empty, or only some have an old one.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    pairs = [part.partition("=") for part in parts]
    renamed = [bool(equals) for _, equals, _ in pairs]
    empty = any(not old or (equals and not new) for old, equals, new in pairs)
    if empty or (any(renamed) and not all(renamed)):
        raise CommandError(
            f"{flag} must be names with commas, or old=new with commas. "
            f"Received: {text!r}"
        )
    if all(renamed):
        return {old: new for old, _, new in pairs}
    return parts


def listed(flag: str, text: str | None) -> tuple[str, ...]:
    """Parse names with commas between them.

    Raises:
        CommandError: A name is empty.
    """
    parts = tuple(part.strip() for part in text.split(",")) if text is not None else ()
    if not all(parts):
        raise CommandError(f"{flag} must be names with commas. Received: {text!r}")
    return parts


def metadata(pairs: Sequence[str] | None) -> dict[str, str] | None:
    """Parse `KEY=TEXT`, several times.

    Raises:
        CommandError: There is no `=`, or nothing before it.
    """
    found = {}
    for pair in pairs or ():
        key, equals, text = pair.partition("=")
        if not key or not equals:
            raise CommandError(f"--metadata must be KEY=TEXT. Received: {pair!r}")
        found[key] = text
    return found or None


def check_batch(batch: int | None, signature: Sequence[str] | None) -> None:
    """Check `--batch` alone.

    Raises:
        CommandError: It is not positive, or stands beside `--input-signature`.
    """
    if batch is not None and batch < 1:
        raise CommandError(f"--batch must be an integer, 1 or above. Received: {batch}")
    if batch is not None and signature:
        raise CommandError(
            "--batch must be left out where --input-signature has the sizes. "
            f"Received: --batch {batch} with --input-signature {signature[0]}"
        )


Spec = tuple[str | None, tuple[int | None, ...], str | None]


def parsed(texts: Sequence[str] | None) -> list[Spec]:
    """Parse `[NAME=]SIZES[:DTYPE]`, once for each input.

    Raises:
        CommandError: One can't be parsed, or only some have names.
    """
    specs = [_parsed(text) for text in texts or ()]
    if len({name is None for name, _, _ in specs}) > 1:
        raise CommandError(
            "--input-signature must name all inputs or none. "
            f"Received: {', '.join(texts or ())}"
        )
    return specs


def _parsed(text: str) -> Spec:
    match = _SPEC.fullmatch(text.strip())
    sizes = (
        [part.strip().lower() for part in match["sizes"].split(",")] if match else []
    )
    dtype = match["dtype"] if match else None
    valid = all(part in _UNKNOWN or part.isdecimal() for part in sizes)
    if match is None or not valid or not _DTYPES.fullmatch(dtype or "bool"):
        raise CommandError(
            "--input-signature must be sizes with commas, None for unknown ones, with "
            "a name before `=` and a dtype behind `:` if need be, such as "
            f"ids=None,128:int32. Received: {text!r}"
        )
    shape = tuple(None if part in _UNKNOWN else int(part) for part in sizes)
    return match["name"], shape, dtype


def built(specs: Sequence[Spec], model: Any) -> Any:
    """Return parsed specs in the structure of a model's inputs, with their names.

    A model that has no signature yet gets the specs alone, in order or by name.

    Raises:
        CommandError: They are too few or too many, or have other names.
    """
    if not specs:
        return None
    own = _own_signature(model)
    if own is None:
        return _alone(specs)
    inputs = own.inputs
    order = [name for name, _, _ in specs]
    if None in order:
        order = [one.name for one in inputs]
    table = dict(zip(order, specs, strict=False))
    if len(specs) != len(inputs) or set(table) != {one.name for one in inputs}:
        raise CommandError(
            "--input-signature must stand once for each input: "
            f"{', '.join(one.name for one in inputs)}. Received: "
            f"{len(specs)} of them{_named(order) if specs[0][0] else ''}"
        )
    return _arguments(model, own, lambda one: (table[one.name][1], table[one.name][2]))


def _named(names: Sequence[str | None]) -> str:
    return f", {', '.join(map(str, names))}"


def _own_signature(model: Any) -> Any:
    """Return the signature that a Keras model has by itself, if it has one."""
    import keras

    from keras_acts.export.errors import SignatureError
    from keras_acts.export.trace import model_signature

    if not isinstance(model, keras.layers.Layer):
        return None
    try:
        return model_signature(model, None)
    except SignatureError:
        return None


def _arguments(
    model: Any, signature: Any, describe: Callable[[Any], tuple[Any, Any]]
) -> Any:
    """Return a signature with other shapes and dtypes, as an `input_signature`."""
    import keras

    from keras_acts.export.trace.calls.input_signature import parameters_of

    def tensor(one: Any) -> Any:
        shape, dtype = describe(one)
        return keras.KerasTensor(shape, dtype or one.dtype, name=one.name)

    arguments, keywords = signature.map(tensor)
    if keywords:
        return dict(zip(parameters_of(model), arguments, strict=False)) | keywords
    return arguments


def _alone(specs: Sequence[Spec]) -> Any:
    import keras

    inputs = [keras.InputSpec(shape=shape, dtype=dtype) for _, shape, dtype in specs]
    if specs[0][0] is not None:
        return {name: one for (name, _, _), one in zip(specs, inputs, strict=True)}
    return inputs[0] if len(inputs) == 1 else inputs


def with_batch(model: Any, batch: int) -> Any:
    """Return the signature of a Keras model with a known batch size.

    Raises:
        CommandError: The model has no signature of Keras's.
    """
    own = _own_signature(model)
    if own is None:
        raise CommandError(
            "--batch needs a Keras model that knows its inputs; give "
            f"--input-signature. Received: --batch {batch}"
        )
    return _arguments(model, own, lambda one: ((batch, *one.shape[1:]), None))
