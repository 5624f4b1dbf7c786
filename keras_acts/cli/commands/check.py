"""`keras-acts check`: advice on a saved model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from keras_acts.cli import options
from keras_acts.cli.codes import Code, CommandError
from keras_acts.cli.terminal import answer, progress

Loss = Annotated[
    str | None,
    typer.Option(
        "--loss",
        metavar="NAME",
        help="The loss it is trained with, such as mse. [default: the one it was "
        "compiled with]",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 where there are warnings.")
]


def run(
    model: options.ModelFile,
    loss: Loss = None,
    strict: Strict = False,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    max_unpacked: options.MaxUnpacked = None,
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
) -> None:
    """Look for activations, initializers and losses that don't fit each other."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        from keras_acts.cli.loading import check_model_path, load

        check_model_path(model, max_unpacked)
        if model.is_dir():
            raise CommandError(
                "MODEL must be a .keras or .h5 file: a SavedModel has no layers to "
                f"look at. Received: {model}"
            )
        loaded = load(model, unsafe=unsafe, modules=modules or ())
        from keras_acts.advice.checking import check
        from keras_acts.cli.compiled import saved_loss

        given = saved_loss(model) if loss is None else loss

        with progress(f"Checking {model}"):
            found = check(loaded, loss=given)
        failed = strict and found.warnings
        code = Code.PARITY_FAILED if failed else Code.DONE
        return {"file": str(model), **found.to_dict()}, str(found), code

    answer(work, as_json=as_json, memory=max_memory)
