"""The file of recorded answers: inputs, a model's answers, and those in float64.

Nothing here imports Keras, so that it serves where only onnxruntime is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.session import first_line
from keras_acts.export.parity.tolerances import PRECISIONS, Array

FORMAT = 2
CONTENTS = "keras_acts_recording"
"""The array that says as JSON what the others are."""


def key(run: int, side: str, name: str) -> str:
    """Return the name of an array in the file."""
    return f"{run}/{side}/{name}"


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        case: Its inputs, and what it decides.
        answers: The model's outputs by name.
        exact: Those of its copy in float64; empty where there is none.
    """

    case: Case
    answers: dict[str, Array]
    exact: dict[str, Array]


@dataclass(frozen=True)
class Recording:
    """Recorded inputs and answers.

    Attributes:
        precision: The coarsest float dtype in which the model computes.
        standalone: Whether it is a single activation.
        dtypes: The dtypes that each output may have.
        drawn: The outputs that draw random numbers, whose answers are left out.
        runs: The runs, in order.
        no_float64: Why the answers in float64 are missing, else empty.
    """

    precision: str
    standalone: bool
    dtypes: Mapping[str, Sequence[str]]
    drawn: Sequence[str]
    runs: Sequence[Run]
    no_float64: str

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Recording:
        """Read what `verify --record` wrote.

        Raises:
            ValueError: The file is none, or of another version.
        """
        try:
            return cls._read(path)
        except Exception as error:
            raise ValueError(
                "Recorded answers must be a .npz file from this version's `keras-acts "
                f"verify --record`. Received: {os.fspath(path)} "
                f"({type(error).__name__}: {first_line(error)})"
            ) from error

    @classmethod
    def _read(cls, path: str | os.PathLike[str]) -> Recording:
        with (
            Path(path).open("rb") as stream,
            np.load(stream, allow_pickle=False) as file,
        ):
            contents = json.loads(str(file[CONTENTS]))
            arrays = {name: file[name] for name in file.files}
        if contents["format"] != FORMAT:
            raise LookupError(f"format {contents['format']}, not {FORMAT}")
        runs = []
        for index, told in enumerate(contents["runs"]):
            sides = [_side(arrays, index, s) for s in ("input", "output", "exact")]
            runs.append(Run(Case(inputs=sides[0], **told), *sides[1:]))
        if contents["precision"] not in PRECISIONS or not runs:
            raise LookupError("no runs")
        return cls(
            contents["precision"],
            bool(contents["standalone"]),
            {str(name): list(dtypes) for name, dtypes in contents["dtypes"].items()},
            [str(name) for name in contents["drawn"]],
            runs,
            str(contents["no_float64"]),
        )


def _side(arrays: Mapping[str, Array], index: int, side: str) -> dict[str, Array]:
    prefix = key(index, side, "")
    return {
        k.removeprefix(prefix): x for k, x in arrays.items() if k.startswith(prefix)
    }
