"""Files that a release leaves behind, which every later version has to load.

`PYTHONPATH=.:tests python -m support.golden` writes `tests/golden/<version>/` for the
version of the checkout: the configuration of each row of the activations, a `.keras`
file for each layer and for each row with weights, and what every model answered on the
inputs that are stored beside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

import keras_acts
from keras_acts import catalogue
from support import models
from support.case import Case
from support.models import Arrays
from support.rows import CASES, one_of_each_kind

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

HOSTED = ("PReLU", "Swish-learnable=True", "ELU")
"""Rows that are kept inside of other layers, as their `activation=`, as well."""


@dataclass(frozen=True)
class Release:
    """The files of one version.

    Attributes:
        folder: Where they are; its name is the version.
    """

    folder: Path

    @property
    def version(self) -> str:
        """The version that wrote them."""
        return self.folder.name

    @property
    def _manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def _answers(self) -> Path:
        return self.folder / "answers.npz"

    def layers(self) -> list[str]:
        """Return the catalogue of that version."""
        return list(json.loads(self._manifest.read_text())["layers"])

    def configs(self) -> dict[str, dict[str, Any]]:
        """Return the configuration of each layer by the name of its file."""
        return dict(json.loads(self._manifest.read_text())["configs"])

    def questions(self) -> dict[str, tuple[Arrays, Arrays]]:
        """Return the inputs and the outputs of each model by the name of its file."""
        arrays = models.read_outputs(self._answers)
        stems = [key.removesuffix(":x") for key in arrays if key.endswith(":x")]
        return {one: (arrays[f"{one}:x"], arrays[f"{one}:y"]) for one in stems}

    def files(self) -> dict[str, Path]:
        """Return the `.keras` files by their names without the suffix."""
        return {path.stem: path for path in sorted(self.folder.glob("*.keras"))}

    def write(self, cases: Sequence[Case]) -> None:
        """Write the files of the version that runs."""
        self.folder.mkdir(parents=True)
        with_file = [*one_of_each_kind(cases), *(c for c in cases if c.weights)]
        questions: dict[str, Arrays] = {}
        for case in cases:
            model = models.one_layer(case)
            self._keep(stem(case), model, questions, save=case in with_file)
        for case in cases:
            if case.id in HOSTED:
                model = models.hosts(case)
                self._keep(f"hosts-{stem(case)}", model, questions, save=True)
        models.write_outputs(self._answers, questions)
        manifest = {
            "keras": keras.__version__,
            "layers": list(catalogue.activations()),
            "configs": {
                stem(case): keras.saving.serialize_keras_object(case.make())
                for case in cases
            },
        }
        self._manifest.write_text(json.dumps(manifest, indent=1) + "\n")

    def _keep(
        self, name: str, model: Any, questions: dict[str, Arrays], *, save: bool
    ) -> None:
        if save:
            model.save(self.folder / f"{name}.keras")
        questions[f"{name}:x"] = models.inputs_of(model)
        questions[f"{name}:y"] = models.sample_outputs(model)


def stem(case: Case) -> str:
    """Return a name that every file system takes, such as `ELU-alpha=0.5`."""
    return "".join(c for c in case.id if c.isalnum() or c in "-=.,_")


def releases() -> list[Release]:
    """Return every version that left files."""
    return [Release(folder) for folder in sorted(GOLDEN.iterdir()) if folder.is_dir()]


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    Release(GOLDEN / keras_acts.__version__).write(CASES)
