"""A diagnosis as a table, as JSON, as a page and as pictures."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import keras
import numpy as np
import pytest
from keras import layers as keras_layers

from keras_acts import diagnose
from keras_acts.diagnosis.report.table import _folded

pytestmark = pytest.mark.runs_once("reports are made of numbers, whose they are")

TRAINS = keras.backend.backend() in ("torch", "jax", "tensorflow")
X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
LONG = "a_layer_whose_name_is_longer_than_the_table_has_room_for_it"


class Averaging(keras.layers.Layer):
    """Holds an activation that it doesn't call."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.unused = keras_layers.ReLU(name="unused")

    def call(self, x):
        return keras.ops.mean(x, axis=1)


@pytest.fixture(scope="module")
def sick():
    """A network with dead units, a long name, markup in a name, and an LSTM."""
    model = keras.Sequential(
        [
            keras.Input((4, 6)),
            Averaging(name="averaging"),
            keras_layers.Activation("elu", name="first"),
            keras_layers.Dense(5, "relu", bias_initializer="zeros", name=LONG),
            keras_layers.Dense(300, "relu", name="wide"),
            keras_layers.Dense(3, "softmax", name="<b>out"),
        ]
    )
    model.get_layer(LONG).set_weights([np.zeros((6, 5)), np.full(5, -1.0)])
    loss = {"loss": "sparse_categorical_crossentropy"} if TRAINS else {}
    x = np.stack([X] * 4, axis=1)
    return diagnose(model, x, np.zeros(40, int) if TRAINS else None, **loss)


def test_the_table_fits_80_columns_and_names_all(sick):
    text = str(sick)
    assert max(map(len, text.splitlines())) <= 80
    assert "dead units" in text.splitlines()[0]
    assert "LeakyReLU" in text
    assert "Lu et al. (2020)" in text
    assert "100%" in text
    assert LONG[:20] in text
    assert "Not watched" in text


def test_names_are_broken_between_words():
    found = _folded(
        "bidirectional/forward_lstm/lstm_cell.recurrent_activation (call 1)", 21
    )
    assert found == [
        "bidirectional/",
        "forward_lstm/",
        "lstm_cell.recurrent_",
        "activation (call 1)",
    ]
    assert _folded("x" * 30, 21) == ["x" * 21, "x" * 9]


@pytest.mark.skipif(not TRAINS, reason="this backend has no gradients")
def test_what_is_not_finite_is_named_once():
    model = keras.Sequential(
        [keras.Input((6,)), keras_layers.Dense(3, "relu"), keras_layers.Dense(2)]
    )
    found = diagnose(model, X * np.nan, np.zeros((40, 2)), loss="mse", batch_size=40)
    (finding,) = [one for one in found.findings if one.kind == "not finite"]
    assert finding.where == (model.layers[0].name, model.layers[1].name)
    assert "40 samples in 1 batch," in str(found)


def test_json_holds_what_the_report_does(sick, tmp_path):
    path = tmp_path / "found.json"
    text = sick.to_json(path)
    assert path.read_text(encoding="utf-8") == f"{text}\n"
    content = json.loads(text)
    assert content == json.loads(json.dumps(sick.to_dict()))
    assert content["healthy"] is False
    assert content["activations"][1]["dead"] == 1.0
    assert content["activations"][1]["by_unit"]["dead"] == [True] * 5
    assert content["findings"][0]["where"][0] == LONG


def test_json_has_no_nan():
    x = X.copy()
    x[0] = np.inf
    model = keras.Sequential([keras.Input((6,)), keras_layers.ReLU()])
    text = diagnose(model, x).to_json()
    json.loads(text, parse_constant=pytest.fail)
    assert '"inf"' in text or '"nan"' in text


class Page(HTMLParser):
    """Reads a page: each tag closed in its order, and what it would load."""

    VOID = ("meta", "rect", "br")

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        assert tag not in ("script", "link", "iframe", "b")

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_asks_nothing_of_others(sick, tmp_path):
    text = sick.to_html(tmp_path / "found.html")
    assert (tmp_path / "found.html").read_text(encoding="utf-8") == text
    page = Page()
    page.feed(text)
    assert (page.open, page.loads) == ([], [])
    assert "http" not in text
    assert "url(" not in text
    shown = "".join(page.text)
    assert "<b>out" in shown
    assert "Not watched" in shown
    assert text.count("<svg") == len(sick.activations)


def test_a_healthy_network_says_so():
    model = keras.Sequential([keras.Input((6,)), keras_layers.ReLU()])
    found = diagnose(model, X)
    assert found.healthy
    assert str(found).startswith("Diagnosis: healthy")
    assert '<h1 class="good">Healthy' in found.to_html()


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_heat_map_has_a_row_for_each_activation(sick, tmp_path, suffix):
    path = tmp_path / f"units.{suffix}"
    figure = sick.heatmap(path=path)
    axes = figure.axes[0]
    assert len(axes.get_yticklabels()) == len(sick.activations)
    (image,) = axes.get_images()
    row = image.get_array()[1]
    assert row.shape == (256,)
    assert (row == 1.0).all()
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("value", ["dead", "mean", "deviation"])
def test_other_heat_maps(sick, value):
    assert sick.heatmap(value).axes[0].get_images()


def test_heat_maps_that_can_not_be(sick):
    with pytest.raises(ValueError, match="must be one of"):
        sick.heatmap("nothing")
    with pytest.raises(ValueError, match="No activation has such a value"):
        sick.heatmap("saturated_high")


def test_an_activation_is_found_by_its_name(sick):
    assert sick["wide"].units == 300
    with pytest.raises(KeyError, match="is none of"):
        sick["narrow"]
