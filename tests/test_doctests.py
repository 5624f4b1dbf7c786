"""The examples in public docstrings run, with the same output on each backend."""

from __future__ import annotations

import doctest
import inspect

import keras
import numpy as np
import pytest

from keras_acts import catalogue, functional, layers

IMPORTS = {"functional": functional, "keras": keras, "layers": layers, "np": np}
"""What an example may use; the pages say so."""

FUNCTIONS = {
    name: function
    for name in functional.__all__
    if hasattr(function := getattr(functional, name), "formula")
}
PUBLIC = {
    **{f"functional.{name}": function for name, function in FUNCTIONS.items()},
    **{f"layers.{row.name}": row.layer for row in catalogue.activations().values()},
}


def _examples(public):
    docstring = inspect.getdoc(public)
    return doctest.DocTestParser().get_doctest(
        docstring, dict(IMPORTS), public.__name__, None, 0
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_example_gives_what_it_says(name):
    test = _examples(PUBLIC[name])
    assert len(test.examples) >= 2
    assert any(f"{PUBLIC[name].__name__}(" in one.source for one in test.examples)
    assert any(one.want for one in test.examples)
    report: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert results.attempted == len(test.examples)
    assert not results.failed, "".join(report)
