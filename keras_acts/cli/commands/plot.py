"""`keras-acts plot`: activations and their derivatives, as a picture."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts._plot_arguments import (
    check_arguments,
    check_range,
    check_size,
    numbers,
    parsed,
    settable,
)
from keras_acts.cli import entries, options
from keras_acts.cli.codes import Code, CommandError
from keras_acts.cli.loading import import_keras
from keras_acts.cli.terminal import answer, progress

SUFFIXES = (".png", ".svg", ".pdf")

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME...",
        help="Layers, aliases or functions, with arguments where wanted: "
        "leaky_relu:negative_slope=0.2",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="A .png, .svg or .pdf file. [default: NAME.png]",
        show_default=False,
    ),
]
Pair = tuple[float, float]


def run(
    names: Names = None,
    output: Output = None,
    overview: Annotated[
        bool,
        typer.Option("--overview", help="Small pictures; without a NAME of all."),
    ] = False,
    derivative: Annotated[
        bool, typer.Option("--derivative/--no-derivative", help="Draw f′ beside f.")
    ] = True,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARAMETER=VALUE,…",
            help="Draw a curve for each of these values; may be repeated.",
            show_default=False,
        ),
    ] = None,
    range: Annotated[
        Pair | None,
        typer.Option(
            metavar="LOW HIGH",
            help="The ends of x. [default: where the functions bend]",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(help="A title. [default: the name of one]", show_default=False),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="For dark pages.")] = False,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Leave out the background.")
    ] = False,
    size: Annotated[
        Pair | None,
        typer.Option(metavar="WIDTH HEIGHT", help="In inches.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Draw activations and their derivatives."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        given = list(names or [])
        only = {"--vary": vary, "--range": range, "--title": title, "--size": size}
        _check(given, overview, {flag for flag, value in only.items() if value})
        varied = _varied(given, vary or [])
        common: dict[str, Any] = {
            "derivative": derivative,
            "dark": dark,
            "transparent": transparent,
        }
        look: dict[str, Any] = {
            "range": None if range is None else check_range(range, "--range"),
            "size": check_size(size, "--size"),
            "title": title,
            "vary": varied or None,
        }
        path = _path(output, given)
        _require_matplotlib()
        import_keras()
        with progress("Drawing"):
            import keras_acts.plotting as drawing

            if overview:
                figure = drawing.overview(given or None, **common)
            else:
                figure = drawing.plot(*given, **common, **look)
            figure.savefig(path)
        return {"file": str(path)}, f"Wrote {path}", Code.DONE

    answer(work, as_json=as_json)


def _check(names: list[str], overview: bool, flags: set[str]) -> None:
    """Check the names, their arguments, and that the flags belong together.

    Raises:
        CommandError: An activation or an argument is unknown, or there is nothing to
            draw.
    """
    if overview and flags:
        raise CommandError(
            f"--overview goes without {', '.join(sorted(flags))}. "
            f"Received: --overview {' '.join(sorted(flags))}"
        )
    if not names and not overview:
        raise CommandError(
            "Name an activation, such as `keras-acts plot mish`, or give --overview. "
            "Received: no NAME"
        )
    for text in names:
        name, arguments = parsed(text)
        row = entries.find(name)
        check_arguments(row["name"], arguments, settable(row["arguments"]))


def _varied(names: list[str], given: list[str]) -> dict[str, list[float]]:
    """Return the values of each parameter that is to be varied.

    Raises:
        CommandError: They can't be read, or no activation has such a parameter.
    """
    varied: dict[str, list[float]] = {}
    for text in given:
        key, equals, listed = (part.strip() for part in text.partition("="))
        values = numbers(listed)
        if not equals or not key or not values:
            raise CommandError(
                "--vary takes a parameter and numbers, such as alpha=0.5,1,2. "
                f"Received: {text!r}"
            )
        for name in names:
            row = entries.find(parsed(name)[0])
            check_arguments(row["name"], [key], settable(row["arguments"]))
        varied[key] = values
    return varied


def _path(output: Path | None, names: list[str]) -> Path:
    """Return the file to write.

    Raises:
        CommandError: Its suffix is none that can be written, or its folder is missing.
    """
    if output is None:
        stem = "-".join(entries.find(parsed(one)[0])["name"] for one in names[:4])
        return Path(f"{stem.lower() or 'overview'}.png")
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES:
        near = difflib.get_close_matches(suffix, SUFFIXES, n=1, cutoff=0.5)
        hint = f" Did you mean {output.with_suffix(near[0])}?" if near else ""
        raise CommandError(
            f"--output must end with {', '.join(SUFFIXES)}.{hint} "
            f"Received: {str(output)!r}"
        )
    if output.is_dir() or not output.parent.is_dir():
        raise CommandError(
            "--output must be a file in a folder that exists. "
            f"Received: {str(output)!r}"
        )
    return output


def _require_matplotlib() -> None:
    """Say at once that matplotlib is missing, before Keras is imported.

    Raises:
        ImportError: It is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            "plot draws with matplotlib, which is not installed. Install it with "
            '`pip install "keras-acts[plot]"`. Received: no module matplotlib'
        )
