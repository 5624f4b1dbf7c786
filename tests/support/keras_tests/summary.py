"""The closing lines on Keras's own layer tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from support.keras_tests.collection import collect

EXPORTED = "test_keras_layer_tests.py::test_layer_of_keras_exports["
REFUSED = "test_keras_layer_tests.py::test_impossible_layer_of_keras_is_refused["


def summary(stats: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield the count of each outcome, and each exclusion with its reason.

    In a run of all of them the outcomes add up to what was collected.

    Args:
        stats: Those of pytest's terminal reporter.
    """
    found = collect()

    def count(test: str, *outcomes: str) -> int:
        reports = (one for outcome in outcomes for one in stats.get(outcome, ()))
        return sum(test in one.nodeid for one in reports)

    parts = {
        "exported alike": count(EXPORTED, "passed"),
        "computed otherwise by this backend": count(EXPORTED, "xfailed"),
        "refused as no file can say them": count(REFUSED, "passed"),
        "failed": count(EXPORTED, "failed") + count(REFUSED, "failed"),
        "without a model": len(found.configurations) - len(found.models),
    }
    yield (
        f"{len(found.sites)} calls of run_layer_test in Keras's tests; "
        f"{len(found.configurations)} configurations collected: "
        + ", ".join(f"{number} {what}" for what, number in parts.items())
    )
    for one in stats.get("xfailed", ()):
        if EXPORTED in one.nodeid:
            yield f"  otherwise here: {one.nodeid.split('[')[1][:-1]} {one.wasxfail}"
    excluded = found.excluded
    for reason in sorted(set(excluded.values())):
        names = [name for name, why in excluded.items() if why == reason]
        yield f"  {reason}: {', '.join(names)}"
