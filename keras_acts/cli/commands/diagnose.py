"""`keras-acts diagnose`: what a model's activations and gradients do on data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_acts.cli import options
from keras_acts.cli.codes import Code, CommandError
from keras_acts.cli.loading import SUFFIXES, check_model_path
from keras_acts.cli.terminal import answer, progress

if TYPE_CHECKING:
    from keras_acts.diagnosis import Diagnosis

_TARGETS = ("y", "sample_weight")
_PICTURES = (".png", ".svg")
_BOLD = re.compile(r"\x1b\[[0-9;]*m")
"""What Keras puts around the first line of an error."""

Loss = Annotated[
    str | None,
    typer.Option(
        "--loss",
        metavar="NAME",
        help="A loss of Keras, such as mse. [default: the one MODEL was saved with]",
    ),
]
Gradients = Annotated[
    bool | None,
    typer.Option(
        "--gradients/--no-gradients",
        help="Measure gradients or not. [default: where there are y and a loss]",
        show_default=False,
    ),
]


def run(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A .keras or .h5 file.")
    ],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Samples: .npy, or .npz with x or the names of the inputs, and y and "
            "sample_weight for gradients.",
        ),
    ],
    loss: Loss = None,
    gradients: Gradients = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", help="Samples a batch.")
    ] = 32,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help="Batches to look at, at most. [default: all]"),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page, .html, as well."),
    ] = None,
    heatmap: Annotated[
        Path | None,
        typer.Option(
            "--heatmap",
            metavar="FILE",
            help="Draw how often each unit gives 0, as .png or .svg.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if something is found.")
    ] = False,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    max_unpacked: options.MaxUnpacked = None,
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
) -> None:
    """Look for what keeps a model from training: dead units, saturation, gradients."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        _check_positive("--batch-size", batch_size)
        _check_positive("--steps", 1 if steps is None else steps)
        _check_path("--html", html, (".html",))
        _check_path("--heatmap", heatmap, _PICTURES)
        if model.is_dir():
            raise CommandError(
                f"MODEL must be a {' or '.join(SUFFIXES)} file, whose layers can be "
                f"looked at. Received: {model}, a folder"
            )
        check_model_path(model, max_unpacked)
        inputs, targets = _split(data, options.arrays(data, "DATA"))
        found = _found(
            _loaded(model, unsafe, modules or ()),
            (inputs, *targets),
            loss=loss,
            gradients=gradients,
            batch_size=batch_size,
            steps=steps,
        )
        saved = _saved(found, html, heatmap)
        content = {"model": str(model), "data": str(data), "report": found.to_dict()}
        code = Code.ALARM if strict and not found.healthy else Code.DONE
        return content, "\n".join([str(found), *saved]), code

    answer(work, as_json=as_json, memory=max_memory)


def _check_positive(flag: str, value: int) -> None:
    if value < 1:
        raise CommandError(f"{flag} must be a positive integer. Received: {value}")


def _check_path(flag: str, path: Path | None, suffixes: tuple[str, ...]) -> None:
    if path is not None and (path.suffix not in suffixes or not path.parent.is_dir()):
        raise CommandError(
            f"{flag} must be a {' or '.join(suffixes)} file in a folder that exists. "
            f"Received: {path}"
        )


def _split(path: Path, arrays: Any) -> tuple[Any, list[Any]]:
    """Return the inputs of a file, as one array or by name, and the targets."""
    if not isinstance(arrays, dict):
        return arrays, []
    inputs = {name: x for name, x in arrays.items() if name not in _TARGETS}
    if not inputs or ("x" in inputs and len(inputs) > 1):
        raise CommandError(
            "DATA must have the inputs as x, or each by its name, beside y and "
            f"sample_weight. Received: {path} with {', '.join(arrays) or 'nothing'}"
        )
    if "sample_weight" in arrays and "y" not in arrays:
        raise CommandError(
            f"DATA must have y where it has sample_weight. Received: {path} without y"
        )
    (first, *others) = inputs.values()
    targets = [arrays[name] for name in _TARGETS if name in arrays]
    return (inputs if others else first), targets


def _loaded(model: Path, unsafe: bool, modules: Iterable[str]) -> Any:
    from keras_acts.cli.loading import load

    return load(model, unsafe=unsafe, modules=modules, compiled=True)


def _found(model: Any, data: tuple[Any, ...], **settings: Any) -> Diagnosis:
    """Diagnose a model; what Keras says of data that don't fit is one line."""
    from keras_acts.diagnosis import diagnose

    try:
        with progress("Looking at the model"):
            return diagnose(model, data, **settings)
    except (MemoryError, ImportError):
        raise
    except Exception as error:
        text = _BOLD.sub("", str(error))
        if "Received:" in text and text.startswith("`"):
            raise CommandError(text) from error  # one of ours
        raise CommandError(
            "DATA must be what MODEL takes, and y what its loss takes. "
            f"Received: {type(error).__name__}: {text}"
        ) from error


def _saved(found: Diagnosis, html: Path | None, heatmap: Path | None) -> list[str]:
    """Write the files that are asked for, and return a line for each."""
    lines = []
    if html is not None:
        found.to_html(html)
        lines.append(f"wrote {html}")
    if heatmap is not None:
        found.heatmap(path=heatmap)
        lines.append(f"wrote {heatmap}")
    return lines
