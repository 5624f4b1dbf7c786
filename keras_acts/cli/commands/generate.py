"""`keras-acts generate`: tokens by a folder that `export_generator` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts._providers import SHORT_NAMES
from keras_acts.cli import options
from keras_acts.cli.terminal import show


def run(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `export_generator` wrote.")
    ],
    ids: Annotated[
        list[str],
        typer.Option(help="A prompt: its tokens, as 1,2,3; once for each prompt."),
    ],
    max_length: Annotated[
        int | None, typer.Option(help="The most tokens, with those of the prompt.")
    ] = None,
    stop: Annotated[
        str | None,
        typer.Option(help="Tokens that end a sequence, or none; else the folder's."),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="What logits are divided by; 0: the likeliest.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(help="Draw among so many of the likeliest tokens.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw among tokens of this probability.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the random numbers.")] = None,
    provider: Annotated[str, typer.Option(help="Of onnxruntime.")] = "cpu",
    as_json: options.Json = False,
) -> None:
    """Continue prompts of tokens: the likeliest ones, or drawn, without Keras."""

    def work() -> tuple[Any, str]:
        prompts = [_tokens(text, "--ids") for text in ids]
        stops: Any = "auto" if stop is None else _stops(stop)
        # After the mistakes that need no runtime to be seen.
        from keras_acts.export.generation import Generator

        rows = Generator(
            folder, providers=[SHORT_NAMES.get(provider, provider)]
        ).generate(
            prompts,
            max_length=max_length,
            stop_token_ids=stops,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
        )
        found = [row.tolist() for row in rows]
        return found, "\n".join(",".join(map(str, row)) for row in found)

    show(work, as_json=as_json)


def _stops(given: str) -> list[int] | None:
    return None if given == "none" else _tokens(given, "--stop")


def _tokens(given: str, flag: str) -> list[int]:
    try:
        return [int(part) for part in given.split(",")]
    except ValueError:
        raise ValueError(
            f"{flag} must be numbers between commas, such as 1,2,3. "
            f"Received: {flag} {given}"
        ) from None
