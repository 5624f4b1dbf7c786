"""A report as JSON with a schema, as JUnit XML, as one page, as 80 columns of text."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import jsonschema
import onnxruntime
import pytest

from keras_acts.export.parity import ParityReport, verify
from keras_acts.export.parity.report.report import LayerError
from support.handmade import activation, classifier, classifier_onnx, elementwise
from support.process import ROOT

pytestmark = pytest.mark.runs_once("reports are the same on every backend")

CPU = "CPUExecutionProvider"
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))


def refused() -> ParityReport:
    broken = elementwise("act = Relu(x)")
    broken.graph.node[0].op_type = "Relux"
    return verify(activation("relu"), broken)


def classified(**mistake: object) -> ParityReport:
    model = classifier()
    return verify(model, classifier_onnx(model, **mistake), batch_sizes=(1,))


@pytest.fixture(scope="module")
def reports() -> dict[str, ParityReport]:
    """A report of each status, and odd ones."""
    passed = classified()
    layers = (LayerError("dense", "Dense", 0.5), LayerError("<odd>", "A", None))
    found = {
        "passed": passed,
        "failed": classified(off={"kernel2": 0.1}),
        "infinite": classified(off={"kernel2": float("inf")}),
        "refused": refused(),
        "not run": dataclasses.replace(passed, status="not run", outputs=()),
        "layers": dataclasses.replace(passed, layers=layers),
    }
    if CPU in onnxruntime.get_available_providers():
        found["absent"] = verify(
            activation("relu"), elementwise("act = Relu(x)"), providers=["rocm"]
        )
    return found


NAMES = ("passed", "failed", "infinite", "refused", "not run", "layers", "absent")


@pytest.mark.parametrize("name", NAMES)
def test_json_keeps_to_the_schema(name, reports):
    found = json.loads(reports[name].to_json(), parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.pop("status"),
        lambda x: x.update(status="fine"),
        lambda x: x["outputs"][0].update(passed="yes"),
        lambda x: x["outputs"][0]["summary"].pop("worst"),
        lambda x: x.update(more=1),
    ],
)
def test_the_schema_refuses_other_reports(change, reports):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    changed = reports["passed"].to_dict()
    change(changed)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(changed)


# Tests, failures, errors and skipped ones.
SUITES = {
    "passed": (1, 0, 0, 0),
    "failed": (1, 1, 0, 0),
    "infinite": (1, 1, 0, 0),
    "refused": (2, 0, 1, 1),
    "not run": (0, 0, 0, 0),
    "absent": (1, 0, 0, 1),
}


@pytest.mark.parametrize("name", SUITES)
def test_junit(name, reports, tmp_path):
    reports[name].save(tmp_path / "report.xml")
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert suite.tag == "testsuite"
    counted = [suite.get(x) for x in ("tests", "failures", "errors", "skipped")]
    assert counted == [str(n) for n in SUITES[name]]
    assert len(suite.findall("testcase")) == SUITES[name][0]
    if name == "failed":
        (failure,) = suite.findall("testcase/failure")
        assert "elements differ" in failure.get("message", "")
        assert suite.find("testcase").get("name") == "probabilities"


def test_junit_of_a_verdict_that_nothing_else_shows(reports, tmp_path):
    """A status that is neither a pass nor a missing provider never looks green."""
    odd = dataclasses.replace(reports["passed"], status="failed")
    odd.save(tmp_path / "report.xml")
    assert ElementTree.parse(tmp_path / "report.xml").getroot().get("failures") == "1"


class Page(HTMLParser):
    """Checks that tags close in order, and collects what a page refers to."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.bars = 0

    def handle_starttag(self, tag, attrs):
        self.references += [
            v or "" for k, v in attrs if k in ("src", "href", "xlink:href")
        ]
        self.bars += tag == "rect"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.bars += tag == "rect"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", NAMES)
def test_html_is_one_page(name, reports, tmp_path):
    report = reports[name]
    report.save(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.references == []
    assert "<script" not in text
    assert "http" not in text
    assert f"Parity: {report.status}" in text
    compared = [one for one in report.layers if one.excess is not None]
    assert page.bars == len(report.outputs) + len(compared)
    assert "&lt;odd&gt;" in text or name != "layers"


@pytest.mark.parametrize("name", NAMES)
def test_the_table_fits_80_columns(name, reports):
    table = [x for x in str(reports[name]).splitlines() if x[:1] == " "]
    assert all(len(line) <= 80 for line in table)


def test_wide_numbers_and_names_fit_80_columns(reports):
    (output,) = reports["failed"].outputs
    summary = dataclasses.replace(
        output.summary, compared=123_456_789, mismatches=12_345_678, max_ulps=1e300
    )
    wide = dataclasses.replace(
        output,
        name="block_1/" * 12,
        provider="OpenVINOExecutionProvider",
        summary=summary,
    )
    text = str(dataclasses.replace(reports["failed"], outputs=(wide, output)))
    table = [x for x in text.splitlines() if x[:1] == " " or "block" in x[:8]]
    assert all(len(x) <= 80 for x in table if not x.startswith("worst")), text
    assert "1e8" in text
    assert "OpenVINO" in text
    assert "FAILED" in text


def test_the_same_problem_is_told_once(reports):
    (output,) = reports["failed"].outputs
    problems = tuple(f"run {i}: onnxruntime refuses it" for i in range(24))
    many = dataclasses.replace(output, problems=problems)
    text = str(dataclasses.replace(reports["failed"], outputs=(many,)))
    assert text.count("onnxruntime refuses it") == 1
    assert "(and 23 more)" in text


def test_onnxruntime_prints_nothing_of_its_own(capfd):
    """What it has to say is in the report, once, and not in colours on stderr."""
    proto = elementwise("s = Constant<value_ints = [3, 7]>() act = Reshape(x, s)")
    report = verify(activation("relu"), proto)
    assert report.status == "failed"
    assert 1 <= str(report).count("cannot be reshaped") <= 3  # one a batch size
    assert capfd.readouterr() == ("", "")


def test_another_suffix_is_refused(reports, tmp_path):
    with pytest.raises(ValueError, match=r"`path` must end with .*Received: path="):
        reports["passed"].save(tmp_path / "report.pdf")
