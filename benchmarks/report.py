"""Write `docs/performance.md` from the results.

python -m benchmarks.report
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import target_tables
from benchmarks.environment import BACKENDS, exists, load
from benchmarks.markdown import NOTHING, paragraph, ratio, table

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"

HEAD = """\
# How fast the files are

Written by `python -m benchmarks.report` from `benchmarks/results/`, which the commands
named below make. Every figure is our time divided by another's in the same run, taken
in alternating blocks and both orders: below 1 ours is faster. In brackets stand the
quartiles over the rounds.
"""


def main() -> None:
    """Write the page."""
    there = [name for name in PARTS if exists(name)]
    reached = target_tables.section({name: load(name)["rows"] for name in there})
    texts = [HEAD, reached, *(PARTS[name]() for name in there)]
    PAGE.write_text("\n".join(texts), encoding="utf-8")
    print(PAGE)


def section(title: str, name: str, text: str, table: Iterable[str]) -> str:
    """Return one section: where it was measured, what it says, its table."""
    result = load(name)
    versions = ", ".join(f"{k} {v}" for k, v in result["versions"].items())
    where = f"`python -m benchmarks.{name}` on {result['machine']}; {versions}."
    return "\n".join(
        [f"## {title}", "", paragraph(text), "", paragraph(where), "", *table, ""]
    )


def activations() -> str:
    """Return the section on exported activations."""
    result = load("activations")
    heads = ["activation", "elements", "threads", "against Relu", "plain operator"]
    heads += [f"Keras on {backend}" for backend in BACKENDS]

    def line(row: dict[str, Any]) -> list[str]:
        cells = [row["activation"], f"{row['elements']:,}", str(row["threads"])]
        cells += [ratio(row["against"][x], spread=False) for x in ("relu", "portable")]
        for backend in BACKENDS:
            failing = row["failing"].get(backend)
            numbers = row["against"].get(backend)
            cells.append(_failure(failing) if failing else ratio(numbers))
        return cells

    text = (
        "Each activation as a model of its own, float32. The floor is one Relu, which "
        "only reads and writes memory; the plain operator is our `portable` target. "
        "Keras exports its own layer or function where it has one, else ours. "
        "A file fails whose answers to normal numbers differ; tails are not compared: "
        "the LogSigmoid of Keras on torch is -inf at -100."
    )
    return section(
        "Activations", "activations", text, table(heads, map(line, result["rows"]))
    )


def _failure(reason: str) -> str:
    return f"*fails*: {reason.partition(':')[0]}"


def models() -> str:
    """Return the section on well-known models."""
    result = load("models")
    heads = ["model", "ms"]
    heads += [f"against Keras on {backend}" for backend in BACKENDS]
    heads += ["MB: ours", *BACKENDS, "transposes: ours", *BACKENDS]

    def line(row: dict[str, Any]) -> list[str]:
        cells = [row["model"], f"{row['milliseconds']:.1f}"]
        for backend in BACKENDS:
            failing = row["failing"].get(backend)
            numbers = row["against"].get(backend)
            cells.append(_failure(failing) if failing else ratio(numbers))
        for unit, key in ((1e6, "bytes"), (1, "transposes")):
            for name in ("keras-acts", *BACKENDS):
                file = row["files"].get(name)
                cells.append(f"{file[key] / unit:.0f}" if file else NOTHING)
        return cells

    settings = result["settings"]
    text = f"Batch {settings['batch']}, {settings['threads']} threads, random weights."
    return section("Models", "models", text, table(heads, map(line, result["rows"])))


def export_cost() -> str:
    """Return the section on the time and memory of an export."""
    result = load("export_cost")
    names = ("keras-acts", *BACKENDS)
    heads = ["model", *(f"{n}: s, MB" for n in names)]
    what = {"deep": "{} Dense layers", "wide": "{} MB of weights"}

    def line(row: dict[str, Any]) -> list[str]:
        cells = [what[row["group"]].format(row["size"])]
        for name in names:
            one = row["exports"][name]
            if "error" in one:
                cells.append(_failure(one["error"]))
            else:
                cells.append(f"{one['seconds']:.2f}, {one['megabytes']:.0f}")
        return cells

    text = (
        "Seconds, and the peak of memory above the process that holds the model; each "
        "export in a process of its own, medians."
    )
    return section(
        "Exports", "export_cost", text, table(heads, map(line, result["rows"]))
    )


def training() -> str:
    """Return the section on training steps."""
    result = load("training")
    rows = sorted(result["rows"], key=lambda r: r["activation"])
    columns = sorted({(r["backend"], r["mode"]) for r in rows})
    heads = ["activation", "against", *(f"{b}, {m}" for b, m in columns)]
    names = dict.fromkeys((r["activation"], r["rival"]) for r in rows)
    cells = {(r["activation"], r["backend"], r["mode"]): r["against"] for r in rows}

    def line(name: str, rival: str) -> list[str]:
        return [name, rival, *(ratio(cells.get((name, *c)), False) for c in columns)]

    text = (
        "Forward and backward of one layer on 1M elements, float32, against Keras's "
        "own layer, or the formula in `keras.ops` where there is none."
    )
    return section(
        "Training", "training", text, table(heads, [line(*one) for one in names])
    )


def twins() -> str:
    """Return the section on networks beside their twins in PyTorch."""
    text = (
        "Random weights, one thread in the processor's time. The twin is the network "
        "of transformers by torch.onnx; onnxruntime's optimizer for transformers "
        "makes operators of it that are not ONNX's own. The figures of BERT are from "
        "when its masks were added to the logits, which let through an infinite or NaN "
        "logit that Keras hides. They are chosen by Where again, and only what Keras "
        "does after the Softmax is a product: attention by itself, of 12 heads, 64 "
        "wide, with a mask of keys, takes 0.85 of the time of two Where at 512 tokens, "
        "not 0.62; 0.87 at 128, not 0.80; and 0.96 there at a batch of 8, not 0.91."
    )
    heads = ["network", "batch", "size", "threads", "ms"]
    heads += ["against torch.onnx", "against optimized", "MB: ours, twin"]
    return section(
        "Twins", "twins", text, table(heads, map(twin_cells, load("twins")["rows"]))
    )


def twin_cells(row: dict[str, Any]) -> list[str]:
    """Return one line of the table of twins."""
    cells = [row["network"], *(str(row[x]) for x in ("batch", "size", "threads"))]
    cells.append(f"{row['milliseconds']:.1f}")
    for name in ("torch.onnx", "optimized"):
        failing = row["failing"].get(name)
        numbers = row["against"].get(name)
        cells.append(_failure(failing) if failing else ratio(numbers))
    megabytes = [
        f"{row['files'][name]['bytes'] / 1e6:.0f}"
        for name in ("keras-acts", "torch.onnx")
    ]
    return [*cells, ", ".join(megabytes)]


PARTS = {
    "activations": activations,
    "models": models,
    "twins": twins,
    "export_cost": export_cost,
    "training": training,
}
"""The sections, by the name of the result that each needs."""


if __name__ == "__main__":
    main()
