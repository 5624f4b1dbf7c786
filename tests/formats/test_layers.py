"""Each activation in each format, run by a process that has neither Keras nor us."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from support import models
from support.formats.lacks import LACKS, lack_of
from support.formats.networks import side_by_side
from support.formats.reading import batches, excesses, own_answers
from support.formats.writers import FORMATS, HERE
from support.formats.writing import written
from support.process import ROOT
from support.rows import CASES

pytestmark = pytest.mark.files_differ("each backend writes formats of its own")

FIRST = {case.layer: case for case in reversed(CASES)}
"""A row of each layer."""
FAMILIES = sorted({case.row.family for case in CASES})
each_format = pytest.mark.parametrize("format", HERE, ids=repr)


def check(model, format, readers, folder, names):
    """Check each output on several batches, within the table of `verify`."""
    path = written(model, format, folder)
    inputs = batches(model)
    got = readers(format.runtime).answers(path, inputs)
    found = dict(zip(names, excesses(got, own_answers(model, inputs)), strict=True))
    assert not {name: excess for name, excess in found.items() if not excess <= 1}


@each_format
@pytest.mark.parametrize("family", FAMILIES)
def test_family(family, format, readers, tmp_path):
    """One file a family, of a layer beside another: most of the time is the file's."""
    cases = [
        case
        for case in FIRST.values()
        if case.row.family == family and not lack_of(format.name, case.layer)
    ]
    model = side_by_side(cases)
    check(model, format, readers, tmp_path, [case.layer for case in cases])


@pytest.mark.sweep
@each_format
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_alone(case, format, readers, tmp_path):
    if not lack_of(format.name, case.layer):
        check(models.one_layer(case), format, readers, tmp_path, [case.id])


@pytest.mark.skipif(not HERE, reason="this backend writes none of the formats")
def test_what_a_format_lacks(tmp_path):
    for format in HERE:
        for row in LACKS:
            if row.format == format.name:
                with pytest.raises(Exception, match=row.error):
                    written(models.one_layer(FIRST[row.layer]), format, tmp_path)


@pytest.mark.runs_once("it reads names")
def test_every_activation_is_checked_and_lacks_name_formats_and_layers():
    from keras_acts import catalogue

    assert FIRST.keys() == catalogue.activations().keys()
    assert {row.format for row in LACKS} <= {one.name for one in FORMATS}
    assert {row.layer for row in LACKS} <= FIRST.keys()


@pytest.mark.runs_once("it reads a page")
def test_the_page_has_the_formats_and_what_they_lack():
    page = (ROOT / "docs" / "deploy.md").read_text()
    section = page.partition("\n## Other formats\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines()]
    assert [row[0] for row in rows if len(row) == 6][1:] == [f.name for f in FORMATS]
    lacks = [[row.format, row.layer, row.reason] for row in LACKS]
    assert [row for row in rows if len(row) == 3][1:] == lacks


@pytest.mark.runs_once("it compares arrays")
def test_a_wrong_answer_is_beyond_the_table():
    want = {"usual": [np.array([1.0, 2.0], "f")]}
    assert excesses(want, want) == [0.0]
    wrong = {"usual": [want["usual"][0] * np.float32(1.0001)]}
    assert excesses(wrong, want)[0] > 1


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="it is TensorFlow's format"
)
def test_a_saved_model_keeps_the_gradients(tmp_path):
    """What loading warns of is the gradients' own: the first ones are there."""
    import tensorflow as tf

    from keras_acts import layers

    inputs = keras.Input((6,))
    y = layers.Swish(learnable=True)(layers.GELU()(layers.Mish()(inputs)))
    model = models.jiggle(keras.Model(inputs, y))
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "model")
    x = tf.constant(models.random(4, 6))
    gradients = []
    for function in (loaded.serve, model):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        gradients.append(tape.gradient(y, x).numpy())
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-6)
