"""Options that several commands share: their names, their help, and their parsing."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from keras_acts._export_options import OPSETS, ExportOptions, about
from keras_acts._files import regular_size
from keras_acts._providers import SHORT_NAMES
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
MaxUnpacked = Annotated[
    float | None,
    typer.Option(
        "--max-unpacked",
        metavar="GB",
        help="Gigabytes to which MODEL may unpack. [default: 20 times its size]",
    ),
]
MaxMemory = Annotated[
    float | None,
    typer.Option(
        "--max-memory",
        metavar="GB",
        help="Gigabytes of memory to take at most. [default: what the machine has]",
    ),
]
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


def check_conversion(conversion: Mapping[str, Any]) -> None:
    """Check the values of flags that have choices, before anything is imported.

    Raises:
        CommandError: A flag has none of its values.
    """
    opset = conversion.get("opset")
    if opset is not None and opset not in OPSETS:
        raise CommandError(
            f"--opset must be an integer from {OPSETS[0]} to {OPSETS[-1]}. "
            f"Received: {opset}"
        )
    for one in fields(ExportOptions):
        choices, value = about(one).choices, conversion.get(one.name)
        if choices is not None and value is not None and value not in choices:
            listed = ", ".join(repr(x) for x in choices if x is not None)
            raise CommandError(
                f"{_flag(one.name)} must be one of {listed}. Received: {value!r}"
            )


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
        CommandError: An option cannot be parsed, or a provider is unknown.
        ImportError: onnxruntime is not installed.
    """
    for flag, allowed in (("--rtol", rtol), ("--atol", atol)):
        if allowed is not None and not 0 <= allowed < math.inf:
            raise CommandError(
                f"{flag} must be a finite number, 0 or above. Received: {allowed}"
            )
    if seed < 0:
        raise CommandError(f"--seed must be an integer, 0 or above. Received: {seed}")
    return {
        "providers": _providers(providers or ["cpu"]),
        "batch_sizes": _batch_sizes(batch_sizes),
        "inputs": None if inputs is None else arrays(inputs),
        "rtol": rtol,
        "atol": atol,
        "seed": seed,
        "strict_edges": strict_edges,
    }


def _providers(names: list[str]) -> tuple[str, ...]:
    """Return onnxruntime's names of providers, which need not be there."""
    full = [SHORT_NAMES.get(name.lower(), name) for name in names]
    unknown = [name for name in full if name not in SHORT_NAMES.values()]
    if unknown:
        known = _all_providers()
        wrong = [name for name in unknown if name not in known]
        if wrong:
            raise CommandError(
                f"--provider must be {', '.join(SHORT_NAMES)}, or onnxruntime's name "
                f"of one: {', '.join(known)}. Received: {wrong[0]!r}"
            )
    return tuple(dict.fromkeys(full))


def _all_providers() -> list[str]:
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            "Parity is checked with onnxruntime, which is not installed. Install it "
            f'with `pip install "keras-acts[onnx]"`. Received: {error}'
        ) from error
    return list(onnxruntime.get_all_providers())


def _batch_sizes(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise CommandError(
            "--batch-sizes must be positive integers with commas between them. "
            f"Received: {text!r}"
        )
    return tuple(int(part) for part in parts)


def arrays(path: Path, name: str = "--inputs") -> Any:
    """Read the user's arrays: one from `.npy`, several by name from `.npz`.

    Args:
        path: The file.
        name: The argument that names it.

    Raises:
        CommandError: It is no such file, or holds other things than numbers.
        ValueError: It is no regular file.
        FileNotFoundError: It does not exist.
    """
    wanted = f"{name} must be a .npy or .npz file of numbers"
    if regular_size(path, name) == 0:
        raise CommandError(f"{wanted}. Received: {path}, which is empty")
    import numpy as np

    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            many = isinstance(loaded, np.lib.npyio.NpzFile)
            found = dict(loaded) if many else {"": loaded}
    except Exception as error:
        # NumPy takes any other file for a pickle, which it then refuses.
        reason = "" if "pickle" in str(error) else f" ({error})"
        raise CommandError(f"{wanted}. Received: {path}{reason}") from error
    for key, array in found.items():
        label = f" with {key!r}" if key else ""
        if not isinstance(array, np.ndarray):  # a zip archive of other files
            raise CommandError(f"{wanted}. Received: {path}{label}, no array")
        if array.dtype.kind not in "biufUST":
            raise CommandError(
                f"{name} must have real numbers. Received: {path}{label} of dtype "
                f"{array.dtype}"
            )
    if not found:
        raise CommandError(f"{wanted}. Received: {path}, which has no array")
    return found if many else loaded
