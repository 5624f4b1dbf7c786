"""The examples in public docstrings run, with the same output on each backend."""

from __future__ import annotations

import doctest
import inspect

import keras
import numpy as np
import pytest

import keras_acts.export
from keras_acts import functional, layers, packaging, plotting

pytestmark = pytest.mark.in_turn("what the examples print")


def _functions(module):
    """Return the public functions and layers of a module by name."""
    named = {name: getattr(module, name) for name in module.__all__}
    return {
        name: one
        for name, one in named.items()
        if inspect.isfunction(one)
        or (inspect.isclass(one) and issubclass(one, keras.Layer))
    }


EXPORTS = _functions(keras_acts.export)
ELSEWHERE = {
    "export.export_generator": "needs a language model; docs/generation.md has one",
    "export.load_keras2_model": "needs a file; test_keras2_files.py has some",
    "export.load_saved_model": "needs TensorFlow; tests/export/engines tests it",
    "export.saved_model_signatures": "needs TensorFlow; tests/cli tests it",
    "export.register_converter": "the README's example of it runs",
    "register_names": "changes Keras for the process; tests/activations tests it",
    "packaging.package": "needs a file; tests/serving/test_packages.py tests it",
}
"""Public functions whose examples are not in their docstrings, or are not run."""

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
NAMED = {
    **{f"export.{name}": function for name, function in EXPORTS.items()},
    **{f"functional.{name}": function for name, function in FUNCTIONS.items()},
    **{
        f"{module.__name__.removeprefix('keras_acts.')}.{name}": public
        for module in (layers, packaging, plotting)
        for name, public in _functions(module).items()
    },
    **{name: getattr(keras_acts, name) for name in keras_acts.__all__},
}
PUBLIC = {
    name: public
    for name, public in NAMED.items()
    if callable(public) and name not in ELSEWHERE
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
