"""What earlier versions wrote loads, and answers as it did then."""

from __future__ import annotations

import inspect
import json
import re
import zipfile

import keras
import pytest

import keras_acts
from keras_acts import catalogue
from support import golden
from support.process import ROOT
from support.tolerances import assert_close_across_backends

pytestmark = pytest.mark.in_turn("what Keras and this package do")

RELEASES = golden.releases()
FILES = [
    pytest.param(release, name, id=f"{release.version}-{name}")
    for release in RELEASES
    for name in release.files()
]
CONFIGS = [
    pytest.param(release, name, id=f"{release.version}-{name}")
    for release in RELEASES
    for name in release.configs()
]
QUESTIONS = {release.version: release.questions() for release in RELEASES}

each_release = pytest.mark.parametrize("release", RELEASES, ids=lambda r: r.version)


def _compare(model, release, name):
    inputs, outputs = QUESTIONS[release.version][name]
    answers = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    for got, want in zip(keras.tree.flatten(answers), outputs, strict=True):
        assert_close_across_backends(keras.ops.convert_to_numpy(got), want)


def _skip_what_this_keras_cannot_read(configuration):
    known = inspect.signature(keras.initializers.GlorotUniform).parameters
    if "input_axes" in configuration and "input_axes" not in known:
        pytest.skip("a Keras before 3.15 does not read the initializers of 3.15")


@pytest.mark.parametrize(("release", "name"), FILES)
def test_file_answers_as_it_did(release, name):
    with zipfile.ZipFile(release.files()[name]) as archive:
        _skip_what_this_keras_cannot_read(archive.read("config.json").decode())
    _compare(keras.models.load_model(release.files()[name]), release, name)


@pytest.mark.parametrize(("release", "name"), CONFIGS)
def test_configuration_is_taken(release, name):
    config = release.configs()[name]
    _skip_what_this_keras_cannot_read(json.dumps(config))
    layer = keras.saving.deserialize_keras_object(config)
    again = type(layer).from_config(config["config"])
    row = catalogue.find(type(layer).__name__)
    now = json.loads(json.dumps(again.get_config()))
    # A later version may have added arguments.
    then = {k: v for k, v in config["config"].items() if k in row.defaults}
    assert then or not row.defaults
    assert {key: now[key] for key in then} == then
    if not row.learnable:
        _compare(layer, release, name)


@each_release
def test_each_layer_of_the_release_has_its_file(release):
    files = {name.split("-")[0] for name in release.files()}
    configs = {name.split("-")[0] for name in release.configs()}
    assert files - {"hosts"} == configs == set(release.layers())


@each_release
def test_no_layer_of_the_release_is_gone(release):
    assert set(release.layers()) <= set(catalogue.activations())


def test_each_version_that_is_out_has_left_its_files():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}", text, flags=re.MULTILINE)
    before = [one for one in versions if one != keras_acts.__version__]
    assert before
    assert set(before) <= {release.version for release in RELEASES}
