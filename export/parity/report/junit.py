"""A report as JUnit XML: a test case for each output and provider."""

from __future__ import annotations

from xml.etree import ElementTree

from keras_acts.export.parity.report.report import OutputReport, ParityReport

_SUITE = "keras-acts verify"


def to_junit(report: ParityReport) -> str:
    """Return a report as JUnit XML, as build servers read it.

    An output that disagrees is a failure, a provider that did not run is skipped, and
    what made a comparison impossible is an error. A verdict that isn't a pass and has
    none of these is a failure of its own.
    """
    suite = ElementTree.Element("testsuite", name=_SUITE)
    for one in report.outputs:
        case = _case(suite, one.provider, one.name)
        if not one.passed:
            _add(case, "failure", _difference(one))
    for provider in report.providers:
        if not provider.ran:
            case = _case(suite, provider.name, "not run")
            _add(case, "skipped", provider.reason or "")
    for problem in report.problems:
        _add(_case(suite, "verify", "comparison"), "error", problem)
    if report.status not in ("passed", "not run") and not _reds(suite):
        _add(_case(suite, "verify", "verdict"), "failure", report.status)
    suite.set("tests", str(len(suite)))
    for kind in ("failure", "error", "skipped"):
        name = kind if kind == "skipped" else f"{kind}s"
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
    ElementTree.SubElement(suite, "system-out").text = _printable(str(report))
    ElementTree.indent(suite)
    text = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _case(suite: ElementTree.Element, provider: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_printable(provider), name=_printable(name)
    )


def _add(case: ElementTree.Element, kind: str, message: str) -> None:
    ElementTree.SubElement(case, kind, message=_printable(message))


def _reds(suite: ElementTree.Element) -> bool:
    return any(suite.findall(f"testcase/{kind}") for kind in ("failure", "error"))


def _difference(one: OutputReport) -> str:
    found = one.summary
    parts = [*one.problems]
    if found.mismatches:
        parts.append(f"{found.mismatches} of {found.compared} elements differ")
    if found.worst is not None:
        worst = found.worst
        parts.append(
            f"worst in {worst.case} at {list(worst.index)}: "
            f"expected {worst.expected:.9g}, got {worst.got:.9g}"
        )
    return "; ".join(parts)


def _printable(text: str) -> str:
    """Return a text without the control characters that XML can't have."""
    return "".join(c if c in "\t\n\r" or c >= " " else "�" for c in text)
