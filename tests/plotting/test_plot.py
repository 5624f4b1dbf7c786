"""`plot` and `overview`: what stands in the figures, and what they leave alone."""

from __future__ import annotations

import keras
import matplotlib
import numpy as np
import pytest

import keras_acts
from keras_acts import catalogue, layers
from keras_acts.plotting import overview
from keras_acts.plotting.style import LIGHT as LIGHT_THEME
from support.process import ROOT, python

pytestmark = pytest.mark.runs_once("the curves are tested on each backend beside")


def lines(ax) -> dict[str, np.ndarray]:
    """Return the drawn curves by label, without marks and zero lines."""
    drawn = {line.get_label(): line for line in ax.get_lines()}
    return {k: v.get_xydata() for k, v in drawn.items() if not k.startswith("_")}


@pytest.mark.parametrize("name", catalogue.activations())
def test_each_row_of_the_catalogue_is_drawn(name):
    figure = keras_acts.plot(name)
    assert len(figure.axes) >= 2
    values, slopes, *_ = figure.axes
    assert slopes.get_title("left")
    drawn = lines(values)
    assert drawn
    low, high = values.get_ylim()
    heights = []
    for points in drawn.values():
        inside = points[np.isfinite(points).all(axis=1)]
        assert len(inside) > 500
        assert (
            low <= inside[:, 1].min() <= inside[:, 1].max() <= high or name == "CReLU"
        )
        heights.append(np.ptp(inside[:, 1]))
    assert max(heights) > 0.2 * (high - low)


def test_one_function_has_its_name_formula_and_both_curves():
    figure = keras_acts.plot("mish")
    values, slopes = figure.axes
    assert [text.get_text() for text in figure.texts] == [
        "Mish",
        "x · tanh(softplus(x))",
    ]
    x, y = lines(values)["Mish"].T
    np.testing.assert_allclose(y, x * np.tanh(np.log1p(np.exp(x))), atol=1e-12)
    assert (values.get_title("left"), slopes.get_title("left")) == ("f(x)", "f′(x)")
    assert len(keras_acts.plot("mish", derivative=False).axes) == 1


def test_several_functions_share_a_figure_and_a_legend():
    figure = keras_acts.plot("relu", "elu:alpha=0.5", "gelu", title="Three")
    assert list(lines(figure.axes[0])) == ["ReLU", "ELU(alpha=0.5)", "GELU"]
    legend = figure.axes[1].get_legend()
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["ReLU", "ELU(alpha=0.5)", "GELU"]
    colors = {line.get_color() for line in legend.get_lines()}
    assert len(colors) == 3
    assert figure.texts[0].get_text() == "Three"


def test_each_learned_parameter_has_a_row():
    figure = keras_acts.plot("pelu")
    assert len(figure.axes) == 4
    labels = [list(lines(ax))[-1] for ax in figure.axes[::2]]
    assert labels == ["alpha = 1 (initial)", "beta = 1 (initial)"]


def test_many_channels_have_a_histogram_of_what_they_learned():
    layer = layers.PReLU()
    layer.build((None, 40))
    slopes = np.linspace(-0.1, 0.5, 40)
    layer.alpha.assign(slopes)
    figure = keras_acts.plot(layer)
    histogram = next(ax for ax in figure.axes if ax.get_title("left")[:5] == "alpha")
    assert sum(bar.get_height() for bar in histogram.patches) == 40
    assert histogram.get_title("left") == "alpha, mean 0.2"
    few = layers.PReLU()
    few.build((None, 3))
    assert len(keras_acts.plot(few).axes) == 2


def trained(count: int, layer=layers.PReLU):
    made = layer()
    made.build((None, count))
    made.set_weights([np.linspace(-0.1, 0.5, count).astype("float32")])
    return made


def legend_of(figure) -> list[str]:
    found = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    return [text.get_text() for one in found for text in one.get_texts()]


@pytest.mark.parametrize("count", [2, 8])
def test_few_channels_are_listed(count):
    figure = keras_acts.plot(trained(count))
    assert legend_of(figure) == [f"channel {i}" for i in range(count)]
    assert [ax.get_ylabel() for ax in figure.axes] == ["", ""]


@pytest.mark.parametrize("count", [9, 200])
def test_many_channels_have_a_scale_of_colours_and_no_list(count):
    figure = keras_acts.plot(trained(count))
    assert legend_of(figure) == []
    assert "alpha" in [ax.get_ylabel() for ax in figure.axes]


def test_many_values_of_a_parameter_have_a_scale_of_colours():
    figure = keras_acts.plot("elu", vary={"alpha": np.arange(1, 13)})
    assert legend_of(figure) == []
    assert figure.axes[-1].get_ylabel() == "alpha"


def test_many_channels_beside_others_have_one_colour_and_one_entry():
    figure = keras_acts.plot("relu", trained(20), trained(12))
    assert legend_of(figure) == [
        "ReLU",
        "PReLU: 20 curves, alpha −0.1 … 0.5",
        "PReLU: 12 curves, alpha −0.1 … 0.5",
    ]
    colors = [line.get_color() for line in figure.axes[0].get_lines()]
    assert all(colors.count(color) >= 12 for color in set(LIGHT_THEME.lines[1:3]))
    assert "alpha" not in [ax.get_ylabel() for ax in figure.axes]


def test_many_channels_in_axes_of_the_user_have_their_ends_listed():
    from matplotlib.figure import Figure

    figure = Figure()
    keras_acts.plot(trained(30), ax=figure.subplots())
    assert legend_of(figure) == [
        "channel 0, alpha = −0.1",
        "channel 29, alpha = 0.5",
    ]


def test_one_number_for_all_has_no_histogram_but_is_said():
    layer = layers.DyT()
    layer.build((None, 12))
    alpha, gamma, beta = layer.get_weights()
    layer.set_weights([alpha, gamma + np.arange(12) / 9, beta + np.arange(12) / 5])
    figure = keras_acts.plot(layer)
    titles = [ax.get_title("left") for ax in figure.axes]
    assert [one.split(",")[0] for one in titles if "mean" in one] == ["gamma", "beta"]
    assert "alpha = 0.5" in figure.texts[1].get_text()


@pytest.mark.parametrize("layer", [layers.Maxout(20), layers.APReLU(), layers.DYReLU()])
def test_it_is_said_that_not_all_outputs_are_drawn(layer):
    layer(np.zeros((1, 20), "float32"))
    assert "8 of 20 " in keras_acts.plot(layer).texts[1].get_text()


def test_kinks_and_limits_are_marked():
    marked, plain = keras_acts.plot("relu6"), keras_acts.plot("relu6", marks=False)
    for ax, dots in ((marked.axes[0], 2), (marked.axes[1], 4), (plain.axes[1], 0)):
        assert sum(line.get_marker() == "o" for line in ax.get_lines()) == dots
    assert [text.get_text() for text in marked.axes[0].texts] == ["6"]


def test_a_function_that_outgrows_the_others_is_cut():
    figure = keras_acts.plot("relu6", "exponential")
    assert figure.axes[0].get_ylim()[1] < 20


def test_axes_of_the_user():
    from matplotlib.figure import Figure

    figure = Figure()
    one = figure.subplots()
    assert keras_acts.plot("selu", ax=one) is figure
    styles = {line.get_linestyle() for line in one.get_lines()}
    assert {"-", "--"} <= styles
    two = Figure().subplots(1, 2)
    keras_acts.plot("selu", "elu", axes=two)
    assert all(ax.lines for ax in two)
    with pytest.raises(ValueError, match="two of them"):
        keras_acts.plot("selu", axes=[one])
    with pytest.raises(ValueError, match="Give `ax` or `axes`"):
        keras_acts.plot("selu", ax=one, axes=two)
    with pytest.raises(ValueError, match="width and a height"):
        keras_acts.plot("selu", size=(0, 3))


@pytest.mark.parametrize(
    "wrong", [{"derivative": "no"}, {"dark": 1}, {"marks": None}, {"title": 3}]
)
def test_what_is_wrong_with_an_argument_is_said(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"`{name}` must be .* Received: {value!r}"):
        keras_acts.plot("relu", **wrong)


@pytest.mark.parametrize("dark", [False, True])
def test_pages_are_light_or_dark_or_see_through(dark):
    figure = keras_acts.plot("mish", dark=dark)
    red, *_ = figure.get_facecolor()
    assert (red < 0.2) is dark
    assert keras_acts.plot("mish", transparent=True).get_facecolor()[3] == 0


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_files_have_the_same_bytes_each_time(tmp_path, suffix):
    files = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for file in files:
        keras_acts.plot("relu", "mish").savefig(file)
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert len(first) < 100_000


def test_notebooks_show_the_figure():
    assert keras_acts.plot("relu")._repr_png_().startswith(b"\x89PNG")


def test_settings_of_the_user_stay_and_do_not_matter(tmp_path):
    keras_acts.plot("relu").savefig(tmp_path / "plain.svg")
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"axes.facecolor": "red", "lines.linewidth": 9}):
        mine = dict(matplotlib.rcParams)
        keras_acts.plot("relu").savefig(tmp_path / "other.svg")
        assert dict(matplotlib.rcParams) == mine
    assert dict(matplotlib.rcParams) == before
    plain, other = (tmp_path / f"{name}.svg" for name in ("plain", "other"))
    assert plain.read_bytes() == other.read_bytes()


LIGHT = """
import sys, keras
of_keras = "matplotlib" in sys.modules  # Keras imports it where it is installed
import keras_acts
assert "keras_acts.plotting" not in sys.modules
keras_acts.plotting.curves("relu")
assert of_keras or "matplotlib" not in sys.modules
keras_acts.plot("relu", "prelu", keras.activations.gelu).savefig(sys.argv[1])
assert of_keras or "matplotlib.pyplot" not in sys.modules
assert keras.backend.backend() == "tensorflow" or "tensorflow" not in sys.modules
sys.modules.update({"matplotlib": None, "matplotlib.figure": None})
try:
    keras_acts.plot("relu")
except ImportError as error:
    print(error)
"""


@pytest.mark.slow
def test_it_is_light_and_names_what_is_missing(tmp_path):
    done = python("-c", LIGHT, str(tmp_path / "x.png"), backend=keras.backend.backend())
    assert done.returncode == 0, done.stderr
    assert 'pip install "keras-acts[plot]"' in done.stdout
    assert "Received: " in done.stdout


@pytest.mark.slow
def test_the_overview_shows_every_activation():
    figure = overview()
    titles = [ax.get_title() for ax in figure.axes if ax.axison]
    assert titles == list(catalogue.activations())
    family = overview(family="shrink", derivative=False, dark=True)
    assert [ax.get_title() for ax in family.axes] == [
        row.name for row in catalogue.activations().values() if row.family == "shrink"
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "reluu"}, "`family` must be one of"),
        ({"names": "relu"}, "must be a list"),
        ({"names": []}, "must be a list"),
        ({"names": ["relu"], "family": "relu"}, "`names` or `family`"),
        ({"columns": 0}, "`columns` must be"),
        ({"names": ["mihs"]}, "Did you mean Mish"),
    ],
)
def test_what_is_wrong_with_an_overview_is_said(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        overview(**options)
    assert "Received: " in str(caught.value)


@pytest.mark.slow
def test_the_pictures_of_the_readme_are_made_by_their_command(tmp_path):
    command = [str(ROOT / "docs" / "pictures.py"), str(tmp_path)]
    done = python(*command, backend=keras.backend.backend())
    assert done.returncode == 0, done.stderr
    committed = ROOT / "docs" / "images"
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {path.name for path in committed.glob("*.svg")}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert made
    for name in made:
        assert f"docs/images/{name}" in readme
        assert (committed / name).stat().st_size < 150_000


SAME = [
    (("relu", "relu"), ("relu",)),
    (("relu", "ReLU", catalogue.find("relu")), ("relu",)),
    (("elu:alpha=2", "elu", "elu:alpha=2"), ("elu:alpha=2", "elu")),
    (("prelu", "prelu"), ("prelu",)),
    ((keras.ops.tanh, keras.ops.tanh, "mish"), (keras.ops.tanh, "mish")),
]


@pytest.mark.parametrize(("asked", "drawn"), SAME)
def test_what_is_asked_for_twice_is_drawn_once(asked, drawn):
    found, expected = (keras_acts.plot(*given) for given in (asked, drawn))
    assert len(found.axes) == len(expected.axes)
    for one, other in zip(found.axes, expected.axes, strict=True):
        assert list(lines(one)) == list(lines(other))
