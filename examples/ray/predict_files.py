"""Answers of a verified ONNX file for folders of rows, by Ray Data.

    python examples/ray/predict_files.py model.onnx rows/ answers/
    python examples/ray/predict_files.py model.onnx rows.csv answers/ \
        --columns features=age,height,weight

Reads .parquet, .csv and .npy, and writes parquet: the columns that are no input, as an
id, and a column for each output. README.md beside tells more.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import ray
import ray.data

from keras_acts._onnx_files.batches import rows_are_independent
from keras_acts._onnx_files.ports import Port, Ports
from keras_acts.serving.elements import check_shape, converted, texts
from keras_acts.serving.loading import checked

CPUS = 0.5
"""Of a worker, for Ray's reckoning: files are read and written beside it."""


class Answers:
    """A worker: a session, and the columns of its inputs."""

    def __init__(self, model: str, columns: Mapping[str, list[str]]) -> None:
        self.session, self.ports = opened(model)
        self.columns = columns

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the other columns of some rows, and the answers."""
        used = {name for names in self.columns.values() for name in names}
        kept = [name for name in table.column_names if name not in used]
        parts = [self.answered(table.take(x), kept) for x in alike(table, used)]
        return pa.concat_tables(parts)

    def answered(self, table: pa.Table, kept: list[str]) -> pa.Table:
        """Return the same of rows that share a run."""
        feeds = {
            port.name: feed(port, [table[name] for name in self.columns[port.name]])
            for port in self.ports.inputs
        }
        names = [one.name for one in self.ports.outputs]
        answers = map(as_column, self.session.run(names, feeds))
        others = {name: table[name] for name in kept}
        return pa.table(others | dict(zip(names, answers, strict=True)))


def opened(model: str) -> tuple[onnxruntime.InferenceSession, Ports]:
    """Return a session of a file that was verified, and what it takes."""
    file = checked(Path(model), unverified=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # several workers share a machine
    session = onnxruntime.InferenceSession(file.source, options)
    if not rows_are_independent(session, file.ports):
        raise SystemExit(
            "The model must take any number of rows and answer each by itself. "
            f"Received: {model}"
        )
    return session, file.ports


def alike(table: pa.Table, names: set[str]) -> list[pa.Array]:
    """Return the numbers of rows whose lists have the same lengths."""
    lists = [name for name in names if pa.types.is_nested(table[name].type)]
    if not lists:
        return [pa.array(np.arange(len(table)))]
    lengths = [pc.list_value_length(table[name]).to_numpy() for name in lists]
    _, group = np.unique(np.stack(lengths), axis=1, return_inverse=True)
    return [pa.array(np.flatnonzero(group == i)) for i in range(group.max() + 1)]


def feed(port: Port, columns: list[pa.ChunkedArray]) -> np.ndarray:
    """Return an input of the model from its columns."""
    try:
        arrays = [converted(as_array(one), port) for one in columns]
        array = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)
        array = texts(array) if array.dtype.kind == "O" else array
    except ValueError as error:
        raise ValueError(f"The input {port.name!r}: {error}") from error
    check_shape(array.shape, port)
    return array


def as_array(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of numbers, or of lists of one length, as an array."""
    data, shape = column.combine_chunks(), [len(column)]
    while True:
        if data.null_count:
            raise ValueError(
                f"each row needs a value. Received: {data.null_count} null"
            )
        if not pa.types.is_nested(data.type):
            return data.to_numpy(zero_copy_only=False).reshape(shape)
        lengths = pc.unique(pc.list_value_length(data)).to_pylist()
        if len(lengths) != 1:
            raise ValueError(f"lists must have one length. Received: {lengths}")
        data, shape = data.flatten(), [*shape, *lengths]


def as_column(array: np.ndarray) -> pa.Array:
    """Return an array as a column, of lists where it has several axes."""
    column = pa.array(array.reshape(-1))
    for size in reversed(array.shape[1:]):
        offsets = np.arange(0, len(column) + 1, size, dtype=np.int32)
        column = pa.ListArray.from_arrays(pa.array(offsets), column)
    return column


def read(path: Path, only: str) -> ray.data.Dataset:
    """Read a file, or a folder of files of one kind.

    Args:
        path: The file or folder.
        only: The column that a .npy file is.
    """
    files = sorted(x for x in path.rglob("*.*") if x.is_file()) if path.is_dir() else []
    files = files or [path]
    kinds = {x.suffix for x in files}
    paths = [str(x.resolve()) for x in files]
    if kinds == {".parquet"}:
        return ray.data.read_parquet(paths)
    if kinds == {".csv"}:
        return ray.data.read_csv(paths)
    if kinds == {".npy"}:
        found = ray.data.from_items([{"path": x} for x in paths])
        load = {"fn_kwargs": {"name": only}, "batch_size": 1, "batch_format": "pyarrow"}
        return found.map_batches(rows_of, **load)
    raise SystemExit(
        "Files must be .parquet, .csv or .npy, and of one kind. "
        f"Received: {path} with {', '.join(sorted(kinds)) or 'none'}"
    )


def rows_of(paths: pa.Table, name: str) -> pa.Table:
    """Return the rows of a .npy file, which `path` and `row` tell apart."""
    path = paths["path"][0].as_py()
    array = np.load(path)
    number = pa.array(np.arange(len(array)))
    path_column = pa.array([path] * len(array))
    return pa.table({"path": path_column, "row": number, name: as_column(array)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="a verified .onnx file")
    parser.add_argument("rows", type=Path, help="a file, or a folder of files")
    parser.add_argument("answers", type=Path, help="a folder, which must not exist")
    parser.add_argument("--columns", nargs="*", default=[], metavar="INPUT=A,B,…")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1024, help="rows of a run")
    parser.add_argument("--address", help="of a Ray cluster; by default started here")
    options = parser.parse_args()
    if options.answers.exists():
        raise SystemExit(f"The answers need a new folder. Received: {options.answers}")
    if not options.rows.exists():
        raise SystemExit(f"There must be rows to read. Received: {options.rows}")
    model = str(Path(options.model).resolve())
    _, ports = opened(model)
    names = [one.name for one in ports.inputs]
    columns = {name: [name] for name in names}
    columns |= {k: v.split(",") for k, v in (x.split("=", 1) for x in options.columns)}
    if columns.keys() != set(names):
        raise SystemExit(f"--columns must name inputs: {names}. Received: {[*columns]}")
    ray.init(options.address, include_dashboard=False)
    rows = read(options.rows, columns[names[0]][0])
    check(rows.schema().names, columns, ports)
    answers = rows.map_batches(
        Answers,
        fn_constructor_args=(model, columns),
        batch_size=options.batch,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=options.workers),
        num_cpus=CPUS,
    )
    # Ray starts workers that die anew, and gives their rows to one that lives. What is
    # written twice has the same name, so that it stands there once.
    partial = options.answers.with_name(f"{options.answers.name}.partial")
    answers.write_parquet(str(partial.resolve()), mode="overwrite")
    partial.rename(options.answers)  # all of them, or no folder of this name
    count = sum(pq.read_metadata(x).num_rows for x in options.answers.glob("*.parquet"))
    print(f"{count} rows answered in {options.answers}")


def check(found: list[str], columns: Mapping[str, list[str]], ports: Ports) -> None:
    """Refuse rows that lack a column, or have one that would be an output's."""
    used = [name for names in columns.values() for name in names]
    if missing := [name for name in used if name not in found]:
        raise SystemExit(
            f"The rows must have the columns {used}; --columns names others. "
            f"Received: {found}, without {missing}"
        )
    outputs = {one.name for one in ports.outputs}
    if taken := outputs & (set(found) - set(used)):
        raise SystemExit(f"Columns must not be named as outputs. Received: {taken}")


if __name__ == "__main__":
    main()
