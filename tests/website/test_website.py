"""The site in a headless Chromium: every kind of page, and what its readers do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_acts import catalogue, layers

PAGES = (
    *("", "play/", "compare/", "activations/relu/", "activations/prelu/"),
    *("activations/softmax/", "tutorials/first_model/", "lessons/maxout/"),
    *("export/", "names/", "performance/", "architecture/", "contributing/"),
    *("reference/export/", "reference/layers-relu/", "404.html"),
)
"""Every kind of page."""

SLIDERS = (
    ("ELU", {"alpha": 2.5}, -1.5, layers.ELU(alpha=2.5)),
    ("Softplus", {"beta": 3.0}, 0.25, layers.Softplus(beta=3.0)),
    ("Swish", {"beta": 2.0}, -0.5, layers.Swish(beta=2.0)),
    ("HardTanh", {"min_value": -2.0, "max_value": 0.5}, 2.0, layers.HardTanh(-2, 0.5)),
    ("GELU", {}, -0.75, layers.GELU()),
)
"""An activation, its parameters and x, and the layer that they make."""


@pytest.fixture(scope="module")
def found(address):
    """What the browser saw."""
    tasks = {
        "pages": PAGES,
        "sliders": [{"name": n, "x": x, "values": v} for n, v, x, _ in SLIDERS],
        "shots": os.environ.get("KERAS_ACTS_SITE_SHOTS"),
    }
    script = Path(__file__).with_name("browser.mjs")
    done = subprocess.run(
        ["node", script, address, json.dumps(tasks)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_is_asked_of_another_host(found):
    assert not found["elsewhere"]


def test_nothing_fails(found):
    assert not found["errors"]
    assert not found["missing"]
    assert not [page for page in found["pages"] if page["broken"]]


def test_every_page_has_a_heading_and_fits_a_phone(found):
    assert len(found["pages"]) == 4 * len(PAGES)
    assert not [page["path"] for page in found["pages"] if not page["heading"]]
    wide = [(p["path"], p["screen"]) for p in found["pages"] if p["wider"] > 0]
    assert not wide


def test_dark_pages_are_dark(found):
    for page in found["pages"]:
        lightness = np.mean(
            [int(n) for n in re.findall(r"\d+", page["background"])[:3]]
        )
        assert bool(lightness < 60) is page["screen"].endswith("dark"), page


def test_diagrams_are_drawn(found):
    drawn = {p["path"]: p["diagrams"] for p in found["pages"]}
    assert drawn["architecture/"] == 1


def test_what_is_drawn_is_what_the_layer_answers(found):
    assert len(found["sliders"]) == len(SLIDERS)
    for (name, _, x, layer), drawn in zip(SLIDERS, found["sliders"], strict=True):
        value, slope = _with_gradient(layer, x)
        assert drawn["f"] == pytest.approx(value, rel=1e-5, abs=1e-6), name
        # It is a central difference in float32.
        assert drawn["slope"] == pytest.approx(slope, rel=1e-3, abs=2e-4), name


def _with_gradient(layer, x):
    """Return a layer's answer and its gradient, by automatic differentiation."""
    import torch

    inputs = torch.tensor([[x]], dtype=torch.float32, requires_grad=True)
    answer = layer(inputs)
    (gradient,) = torch.autograd.grad(answer.sum(), inputs)
    return float(keras.ops.convert_to_numpy(answer.detach())[0, 0]), float(gradient)


def test_keys_move_a_slider(found):
    assert found["moved"]


def test_the_table_is_sorted_by_a_click(found):
    costs = [float(one) for one in found["costs"] if one != "–"]
    assert len(costs) > 40
    assert costs == sorted(costs)
    assert "–" not in found["costs"][: len(costs)]


def test_search_finds(found):
    assert any("/activations/squareplus/" in link for link in found["search"])


def test_a_page_that_is_missing_says_where_to_go(site):
    links = re.findall(
        r'class="md-button[^"]*" href="([^"]+)"', (site / "404.html").read_text("utf-8")
    )
    assert len(links) == 3
    for link in links:  # from the root, as it stands for an address of any depth
        assert link.startswith("/")
        assert (site / link.removeprefix("/")).is_file(), link


def test_every_activation_has_a_page_with_all_its_parts(site):
    for name in catalogue.activations():
        page = site / "activations" / name.lower() / "index.html"
        text = page.read_text(encoding="utf-8")
        for part in (
            "<math",
            "-light.svg",
            "-dark.svg",
            "id=edge-values",
            "id=gradient",
        ):
            assert part in text or part.replace("=", '="') in text, (name, part)
        for target in ("cpu", "cuda", "portable"):
            assert f"<td><code>{target}</code></td>" in text, name


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.names |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links += [given[key] for key in ("href", "src") if given.get(key)]


def _read(path):
    parser = _Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_links_lead_somewhere(site):
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    assert len(pages) > 100
    lost = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = urllib.parse.unquote(link).partition("#")
            if ":" in target or path.name == "404.html":
                continue
            there = (path.parent / target).resolve() if target else path
            there = there / "index.html" if there.is_dir() else there
            # Pictures have a theme behind the #, the curves an activation.
            named = anchor if there in pages and "play" not in there.parts else ""
            if not there.exists() or (named and named not in pages[there].names):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert not lost
