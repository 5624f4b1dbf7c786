"""The closing lines on Keras's own layer tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from support.keras_tests.collection import collect

TEST = "test_keras_layer_tests.py::test_layer_of_keras_exports["


def summary(stats: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield what was collected, what passed, and each exclusion with its reason.

    Args:
        stats: Those of pytest's terminal reporter.
    """
    found = collect()
    count = {
        outcome: sum(TEST in report.nodeid for report in stats.get(outcome, ()))
        for outcome in ("passed", "failed")
    }
    excluded = found.excluded
    yield (
        f"{len(found.sites)} calls of run_layer_test in Keras's tests; "
        f"{len(found.configurations)} configurations collected: {count['passed']} "
        f"exported alike, {count['failed']} not; {len(excluded)} excluded:"
    )
    for reason in sorted(set(excluded.values())):
        names = [name for name, why in excluded.items() if why == reason]
        yield f"  {reason}: {', '.join(names)}"
