"""Damage exported files, and count what `verify` finds.

    python -m benchmarks.mutation [--names U-Net,MobileNetV2] [--each 30] [--seed 0]

Each damage is drawn by seed from `kinds.KINDS`. Its size is measured on normal inputs
that `verify` does not use: by how much it changes the file's answers, as a multiple of
float32's rounding, which is the larger error of Keras and of the right file against the
model in float64. What changes them by more than 10 times that has to be found, and in
the right layer; no right file may fail.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import keras
import numpy as np
import onnx
import typer

from benchmarks.environment import save
from benchmarks.mutation import networks, nodes, weights
from benchmarks.mutation.kinds import KINDS, before
from benchmarks.mutation.truth import Truth
from keras_acts.export import to_onnx, verify
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.float64_twin import Twin
from keras_acts.export.parity.session import open_session
from keras_acts.export.trace import model_signature

REGISTERING = (nodes, weights)
"""The modules that register kinds when they are imported."""

LEAST = 10.0
"""Damage that changes answers by more than this multiple of rounding must be found."""

_SAMPLES, _SEED = 8, 12345


@dataclass(frozen=True)
class Row:
    """One damaged file.

    Attributes:
        network: Which network.
        kind: What was damaged.
        change: By how much its answers change, in multiples of float32's rounding.
        status: What `verify` says.
        layer: The layer that it names as the first diverging.
        layers: Those that are right, as they make the damaged node.
        seconds: How long it took.
    """

    network: str
    kind: str
    change: float
    status: str
    layer: str | None
    layers: list[str]
    seconds: float


class Subject:
    """A network, its right file, and how its answers round."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.model = networks.built(name)
        self.proto = to_onnx(self.model)
        self.inputs = networks.inputs(self.model, _SAMPLES, _SEED)
        self.right = self.answers(self.proto)
        self.rounding = self._rounding()
        start = time.perf_counter()
        self.report = verify(self.model, self.proto)
        self.seconds = time.perf_counter() - start
        self.truth = Truth.of(self.model, self.proto, self.inputs)

    def answers(self, proto: onnx.ModelProto) -> list[np.ndarray]:
        """Run a file."""
        session = open_session(OnnxModel(proto), "CPUExecutionProvider")
        return list(session.run(self.inputs).values())

    def _rounding(self) -> list[float]:
        signature = model_signature(self.model)
        exact = list(Twin.of(self.model, signature).answers(self.inputs).values())
        mine = self.model(networks.structured(self.model, self.inputs))
        mine = [keras.ops.convert_to_numpy(x) for x in keras.tree.flatten(mine)]
        eps = np.finfo(np.float32).eps
        return [
            max(
                np.abs(a - e).max(),
                np.abs(b - e).max(),
                eps * np.abs(e).max(),
            )
            for a, b, e in zip(mine, self.right, exact, strict=True)
        ]

    def change(self, proto: onnx.ModelProto) -> float:
        """Return by how much a file's answers differ, in multiples of rounding."""
        changes = [0.0]
        pairs = zip(self.answers(proto), self.right, self.rounding, strict=True)
        for got, want, rounding in pairs:
            if got.shape != want.shape or not np.isfinite(got).all():
                return float("inf")
            changes.append(float(np.abs(got - want).max() / rounding))
        return max(changes)

    def damaged(self, each: int, seed: int) -> Iterator[Row]:
        """Damage the file in as many ways as it has, drawn by seed."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        for kind in rng.permutation(list(KINDS))[:each]:
            proto = onnx.ModelProto()
            proto.CopyFrom(self.proto)
            wrong = KINDS[kind](proto, rng)
            if wrong is None:
                continue
            try:
                change = self.change(proto)
            except Exception:  # onnxruntime refuses it: nobody could deploy it
                continue
            start = time.perf_counter()
            report = verify(self.model, proto)
            seconds = time.perf_counter() - start
            layer = report.divergence.layer if report.divergence else None
            between = _is_between(proto, wrong)
            layers = (self.truth.layers_around if between else self.truth.layers)(wrong)
            yield Row(
                self.name, str(kind), change, report.status, layer, layers, seconds
            )


def _is_between(proto: onnx.ModelProto, wrong: str) -> bool:
    """Whether what is wrong lies between two layers: a node put in, or a transpose."""
    kinds = {node.output[0]: node.op_type for node in proto.graph.node}
    return before(wrong) in kinds or kinds.get(wrong) == "Transpose"


def summary(rows: list[Row]) -> dict[str, Any]:
    """Count what was found of what had to be."""
    due = [row for row in rows if row.change > LEAST]
    found = [row for row in due if row.status == "failed"]
    named = [row for row in found if row.layers]
    right = [row for row in named if row.layer in row.layers]
    return {
        "damaged": len(rows),
        "due": len(due),
        "found": len(found),
        "localized": len(named),
        "right layer": len(right),
    }


def main(
    names: Annotated[str, typer.Option(help="Networks, by commas; all.")] = "",
    each: Annotated[int, typer.Option(help="Kinds of damage a network.")] = len(KINDS),
    seed: Annotated[int, typer.Option(help="Which damage is drawn.")] = 0,
    output: Annotated[str, typer.Option(help="Name of the result.")] = "mutation",
) -> None:
    """Damage exported files, and count what `verify` finds."""
    rows: list[Row] = []
    right = []
    for name in [x for x in names.split(",") if x] or networks.networks():
        subject = Subject(name)
        right.append(
            {
                "network": name,
                "status": subject.report.status,
                "seconds": round(subject.seconds, 2),
            }
        )
        print(right[-1], flush=True)
        for row in subject.damaged(each, seed):
            rows.append(row)
            if row.change > LEAST and (
                row.status != "failed" or (row.layers and row.layer not in row.layers)
            ):
                print("  ", row, flush=True)
        print("  ", summary([r for r in rows if r.network == name]), flush=True)
        save(
            output,
            [asdict(row) for row in rows],
            right=right,
            seed=seed,
            backend=keras.backend.backend(),
            summary=summary(rows),
        )
    print(summary(rows))


if __name__ == "__main__":
    typer.run(main)
