"""Options that several commands share: their names, their help, and their parsing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import numpy as np
import typer

from keras_acts._export_options import ExportOptions, about
from keras_acts.cli.codes import CommandError

Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")
]
ModelFile = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A .keras or .h5 file, or a SavedModel folder."
    ),
]
Unsafe = Annotated[
    bool,
    typer.Option(
        "--unsafe", help="Load code that the file holds, such as Lambda layers."
    ),
]
Imports = Annotated[
    list[str] | None,
    typer.Option(
        "--import",
        metavar="MODULE",
        help="Import a module that registers custom layers. Repeatable.",
    ),
]
Signature = Annotated[
    str | None,
    typer.Option(
        "--signature",
        metavar="NAME",
        help="Which signature of a SavedModel. [default: serving_default]",
    ),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="An onnxruntime provider to compare on, such as cpu or cuda. Repeatable. "
        "[default: cpu]",
    ),
]
BatchSizes = Annotated[
    str,
    typer.Option(
        "--batch-sizes", metavar="N,N", help="Batch sizes to compare on, with commas."
    ),
]
Inputs = Annotated[
    Path | None,
    typer.Option(
        "--inputs",
        metavar="FILE",
        help="Arrays to compare on besides: .npy, or .npz by input name.",
    ),
]
Rtol = Annotated[
    float | None,
    typer.Option("--rtol", help="Allowed relative error. [default: the dtype's]"),
]
Atol = Annotated[
    float | None,
    typer.Option("--atol", help="Allowed absolute error. [default: the dtype's]"),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the random inputs.")]
StrictEdges = Annotated[
    bool,
    typer.Option("--strict-edges", help="Let infinities, NaN and subnormals decide."),
]


Command = TypeVar("Command", bound=Callable[..., None])


def with_export_options(command: Command) -> Command:
    """Give a command a flag for each option of an export, as its `**conversion`.

    They stand behind the arguments that it needs, and before its other flags.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    needed = [p for p in own if p.default is p.empty]
    flags = [p for p in own if p.default is not p.empty]
    types = get_type_hints(ExportOptions)
    options = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=one.default,
            annotation=Annotated[
                types[one.name],
                typer.Option(_flag(one.name), help=about(one).help),
            ],
        )
        for one in fields(ExportOptions)
        if about(one).has_flag
    ]
    given = [*needed, *options, *flags]
    command.__signature__ = signature.replace(parameters=given)  # type: ignore[attr-defined]
    return command


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def parity_settings(
    *,
    providers: list[str] | None,
    batch_sizes: str,
    inputs: Path | None,
    rtol: float | None,
    atol: float | None,
    seed: int,
    strict_edges: bool,
) -> dict[str, Any]:
    """Return the arguments of `verify` that the options of a comparison give.

    Invalid options are refused here, before any model is loaded.

    Raises:
        CommandError: An option cannot be parsed.
        ValueError: A provider is unknown, or a tolerance is invalid.
        ImportError: onnxruntime is not installed.
    """
    from keras_acts.export.parity.providers import known_providers
    from keras_acts.export.parity.tolerances import tolerance

    tolerance("float32", rtol, atol)
    return {
        "providers": tuple(known_providers(providers or ["cpu"])),
        "batch_sizes": _batch_sizes(batch_sizes),
        "inputs": None if inputs is None else _arrays(inputs),
        "rtol": rtol,
        "atol": atol,
        "seed": seed,
        "strict_edges": strict_edges,
    }


def _batch_sizes(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise CommandError(
            "--batch-sizes must be positive integers with commas between them. "
            f"Received: {text!r}"
        )
    return tuple(int(part) for part in parts)


def _arrays(path: Path) -> Any:
    try:
        loaded = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise CommandError(
            f"--inputs must be a file that exists. Received: {path}"
        ) from None
    except (ValueError, OSError) as error:
        raise CommandError(
            "--inputs must be a .npy or .npz file of numbers. "
            f"Received: {path} ({error})"
        ) from error
    return dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
