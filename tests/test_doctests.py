"""The examples in public docstrings run, with the same output on each backend."""

from __future__ import annotations

import doctest
import inspect

import keras
import numpy as np
import pytest

import keras_acts.export
from keras_acts import catalogue, functional, layers, plotting

pytestmark = pytest.mark.in_turn("what the examples print")

EXPORTS = {
    name: getattr(keras_acts.export, name)
    for name in keras_acts.export.__all__
    if inspect.isfunction(getattr(keras_acts.export, name))
}
ELSEWHERE = {
    "export_generator": "needs a language model; docs/generation.md has one",
    "load_keras2_model": "tests/export/test_keras2_files.py has files of Keras 2",
    "load_saved_model": "needs TensorFlow; tests/export/engines tests it",
    "saved_model_signatures": "needs TensorFlow; tests/cli/test_saved_models.py does",
    "register_converter": "the README's example of it runs",
}
"""Functions of `keras_acts.export` whose examples are not in their docstrings."""

PLOTS = {
    name: getattr(plotting, name)
    for name in plotting.__all__
    if inspect.isfunction(getattr(plotting, name))
}

IMPORTS = {
    **{"functional": functional, "keras": keras, "layers": layers, "np": np},
    "keras_acts": keras_acts,
    **EXPORTS,
}
"""What an example may use; the pages say so."""

FUNCTIONS = {
    name: function
    for name in functional.__all__
    if hasattr(function := getattr(functional, name), "formula")
}
PUBLIC = {
    **{f"export.{k}": f for k, f in EXPORTS.items() if k not in ELSEWHERE},
    **{f"plotting.{name}": function for name, function in PLOTS.items()},
    **{f"functional.{name}": function for name, function in FUNCTIONS.items()},
    "diagnose": keras_acts.diagnose,
    "DiagnosisCallback": keras_acts.DiagnosisCallback,
    **{f"layers.{row.name}": row.layer for row in catalogue.activations().values()},
}


def _examples(public):
    docstring = inspect.getdoc(public)
    return doctest.DocTestParser().get_doctest(
        docstring, dict(IMPORTS), public.__name__, None, 0
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_example_gives_what_it_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test = _examples(PUBLIC[name])
    assert len(test.examples) >= 2
    assert any(f"{PUBLIC[name].__name__}(" in one.source for one in test.examples)
    assert any(one.want for one in test.examples)
    report: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert results.attempted == len(test.examples)
    assert not results.failed, "".join(report)
