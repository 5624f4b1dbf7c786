"""Draws and checks models by number, and prints those that go wrong.

PYTHONPATH=.:tests python -m fuzzing --backend torch --seed 0 --count 100
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """Run; return 1 if a model went wrong."""
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--seed", type=int, default=0, help="the first model's number")
    parser.add_argument("--count", type=int, default=100, help="how many models")
    parser.add_argument("--minutes", type=float, help="stop after so many")
    parser.add_argument("--log", type=Path, help="append a line of JSON a model")
    parser.add_argument("--show", action="store_true", help="print each model")
    given = parser.parse_args()
    os.environ["KERAS_BACKEND"] = given.backend
    from support import backends

    os.environ.update(backends.environment(given.backend))
    # JAX compiles every operation of every model, and runs it a few times.
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

    from fuzzing import runs

    faults = runs.run(
        range(given.seed, given.seed + given.count),
        log=given.log,
        minutes=given.minutes,
        show=given.show,
    )
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
