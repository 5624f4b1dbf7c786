"""The results of `pytest --thirdparty`, counted, and written where asked for."""

import dataclasses
import json
from importlib import metadata
from pathlib import Path

from support.thirdparty.page import Result

CALLED = ("passed", "failed")


def pytest_terminal_summary(terminalreporter, config):
    if not config.option.thirdparty:  # this folder is one of the suite, left empty
        return
    found = [r for kind in CALLED for r in terminalreporter.stats.get(kind, ())]
    reports = [r for r in found if dict(r.user_properties).get("architecture")]
    results = sorted(map(_result, reports), key=lambda r: (r.library, r.name))
    states = [result.state for result in results]
    counts = ", ".join(f"{states.count(s)} {s}" for s in ("pass", "refused", "fail"))
    terminalreporter.write_line(f"{len(results)} architectures: {counts}")
    if config.option.thirdparty_results:
        lines = [json.dumps(dataclasses.asdict(result)) for result in results]
        Path(config.option.thirdparty_results).write_text("\n".join(lines) + "\n")


def _result(report):
    import keras  # not before `tests/conftest.py` has chosen the backend

    architecture = dict(report.user_properties)["architecture"]
    refused = architecture.refused_here
    return Result(
        architecture.library,
        metadata.version(architecture.library),
        architecture.name,
        keras.backend.backend(),
        "fail" if report.failed else "refused" if refused else "pass",
        architecture.missing if refused and report.passed else "",
    )
