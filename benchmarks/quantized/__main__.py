"""`python -m benchmarks.quantized`: train both networks, quantize them, say the cost.

Writes `benchmarks/results/quantized.json` and the table of `docs/quantization.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
import onnxruntime

from benchmarks.environment import RESULTS, versions
from benchmarks.markdown import table
from benchmarks.quantized import data, networks
from keras_acts.export import export_model, quantize
from keras_acts.export.quantization.measure.hardware import processor

PAGE = Path(__file__).parents[2] / "docs" / "quantization.md"
START, END = "<!-- table -->", "<!-- end of table -->"
MODES = ("int8", "int8-dynamic", "int4-weights", "float16")
BATCHES = (1, 8)
PAIRS = 200

_NETWORKS: Mapping[str, tuple[Callable[[], Any], Callable[[], data.Data], int]] = {
    "digits CNN": (networks.digits_cnn, data.digits, 8),
    "sources transformer": (networks.sources_transformer, data.sources, 3),
}


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder of trained networks")
    keep = parser.parse_args().keep
    rows = [row for name in _NETWORKS for row in measured(name, keep)]
    found = {
        "processor": processor(),
        "load": os.getloadavg()[0],
        "versions": versions(),
        "rows": rows,
    }
    (RESULTS / "quantized.json").write_text(json.dumps(found, indent=1) + "\n")
    text = "\n".join([START, "", *_page(found), "", END])
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    PAGE.write_text(before + text + rest.partition(END)[2], encoding="utf-8")
    print(text)


def measured(name: str, keep: Path | None) -> list[dict[str, Any]]:
    """Return a row for each mode."""
    on = _NETWORKS[name][1]()
    model, accuracy = _trained(name, on, keep)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "float.onnx")
        export_model(model, source)
        for mode in MODES:
            path = Path(folder, f"{mode}.onnx")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the table says what differs
                report = quantize(
                    source,
                    path,
                    calibration=on.train,
                    inputs=on.test,
                    max_samples=5000,
                    trials=8,
                    mode=mode,
                    model=model,
                    speed=False,
                )
            kept = {
                "network": name,
                "mode": mode,
                "accuracy": accuracy,
                "accuracy_after": _accuracy(path, on),
                "ratios": {n: _ratio(source, path, on.test[:n]) for n in BATCHES},
                **report.to_dict(),
            }
            rows.append(kept)
            print(report, flush=True)
    return rows


def _trained(name: str, on: data.Data, keep: Path | None) -> tuple[Any, float]:
    make, _, epochs = _NETWORKS[name]
    path = None if keep is None else keep / f"{name.split()[0]}.keras"
    if path is not None and path.exists():
        model = keras.models.load_model(path)
        _, accuracy = model.evaluate(on.test, on.test_classes, verbose=0)
        return model, float(accuracy)
    keras.utils.set_random_seed(0)
    model = make()
    accuracy = networks.trained(model, on, epochs)
    if path is not None:
        model.save(path)
    return model, accuracy


def _accuracy(path: Path, on: data.Data) -> float:
    session = onnxruntime.InferenceSession(path)
    (port,) = session.get_inputs()
    found = session.run(None, {port.name: on.test})[0]
    return float((found.argmax(-1) == on.test_classes).mean())


def _ratio(before: Path, after: Path, batch: Any) -> tuple[float, float, float]:
    """Return the quartiles of the ratio of times, one thread, in turn."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(x, settings) for x in (before, after)]
    feeds = {sessions[0].get_inputs()[0].name: batch}
    ratios = []
    for _ in range(PAIRS):
        one, other = (_seconds(session, feeds) for session in sessions)
        ratios.append(other / one)
    low, middle, high = (float(x) for x in np.quantile(ratios, (0.25, 0.5, 0.75)))
    return middle, low, high


def _seconds(session: Any, feeds: Mapping[str, Any]) -> float:
    start = time.perf_counter()
    session.run(None, feeds)
    return time.perf_counter() - start


def _page(found: Mapping[str, Any]) -> list[str]:
    heads = (
        "network",
        "mode",
        "size",
        "classes agree (95 % interval)",
        "accuracy",
        *(f"time, batch {n}" for n in BATCHES),
    )
    used = found["versions"]
    where = (
        f"`python -m benchmarks.quantized` on {found['processor']}, one thread, load "
        f"{found['load']:.0f}; onnxruntime {used['onnxruntime']}, keras "
        f"{used['keras']}. Size and time are shares of the float32 file's, time the "
        "median of runs in turn, with its quartiles."
    )
    return [where, "", *table(heads, map(_line, found["rows"]))]


def _line(row: Mapping[str, Any]) -> list[str]:
    (output,) = row["outputs"]
    low, high = (100 * x for x in output["interval"])
    return [
        row["network"],
        row["mode"],
        f"{row['size_ratio']:.2f}",
        f"{100 * output['agreement']:.2f} % of {output['classes']} "
        f"({low:.2f}–{high:.2f})",
        f"{100 * row['accuracy']:.1f} → {100 * row['accuracy_after']:.1f} %",
        *(f"{m:.2f} ({a:.2f}–{b:.2f})" for m, a, b in row["ratios"].values()),
    ]


if __name__ == "__main__":
    main()
