"""Answers for files of rows: Keras's, each row once, also where a worker is killed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from support.services import until

SCRIPT = "predict_files.py"
WORKER = "ray::MapWorker(MapBatches(Answers))"
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture
def rows(tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    return folder


@pytest.fixture
def predict(cluster, models, tmp_path, rows):
    """Run the script on the rows; return the table that it wrote."""

    def run(model, *options):
        line = (models / f"{model}.onnx", rows, tmp_path / "answers", *options)
        code, printed = cluster.run(SCRIPT, *line, log=tmp_path / "log")
        assert code == 0, printed
        table = pq.read_table(tmp_path / "answers")
        assert f"{len(table)} rows answered" in printed
        return table

    return run


def _check(table, column, expected):
    found = np.array(table[column].to_pylist())
    np.testing.assert_allclose(found, expected, **TOLERANCE)


def test_parquet_keeps_the_other_columns(predict, rows, answers):
    """Lists of several lengths too, which can't share a run."""
    case = answers["reader"]
    for first in (0, 12):
        part = slice(first, first + 12)
        ids = [list(x) for x in case["ids"][part]]
        ids[3], ids[7] = ids[3] * 2, ids[7] * 2  # the mean stays as it is
        names = [f"row {i}" for i in range(24)[part]]
        columns = {"name": names, "ids": ids, "scale": case["scale"][part].tolist()}
        pq.write_table(pa.table(columns), rows / f"{first}.parquet")
    table = predict("reader", "--batch", 8)
    assert table.column_names == ["name", "product", "mean"]
    table = table.take(pa.array([_number(x) for x in table["name"].to_pylist()]).sort())
    order = [_number(x) for x in table["name"].to_pylist()]
    assert sorted(order) == [*range(24)]
    _check(table, "product", case["product"][order])
    _check(table, "mean", case["mean"][order])


def _number(name):
    return int(name.removeprefix("row "))


def test_columns_of_csv_are_joined(predict, rows, answers):
    case = answers["scorer"]
    columns = {f"f{i}": x for i, x in enumerate(case["features"].T)}
    pc.write_csv(pa.table({"id": np.arange(24) + 100, **columns}), rows / "one.csv")
    table = predict("scorer", "--columns", f"features={','.join(columns)}")
    assert table.column_names == ["id", "score"]
    order = np.array(table["id"]) - 100
    assert sorted(order) == [*range(24)]
    _check(table, "score", case["score"][order])


def test_a_killed_worker_loses_no_row_and_doubles_none(
    cluster, models, answers, rows, tmp_path
):
    case = answers["scorer"]
    files, copies = 30, 150
    for i in range(files):
        np.save(rows / f"{i}.npy", np.tile(case["features"], (copies, 1)))
    line = (models / "scorer.onnx", rows, tmp_path / "answers", "--batch", 16)
    log = tmp_path / "log"
    process = cluster.start(SCRIPT, *line, log=log)
    try:
        until(lambda: cluster.workers(f"{WORKER}.submit") or process.poll(), 90)
        victim = cluster.workers(f"{WORKER}.submit")[0]
        os.kill(victim, signal.SIGSTOP)  # it holds rows, and keeps them
        partial = tmp_path / "answers.partial"
        until(lambda: [*partial.glob("*.parquet")] or process.poll() is not None, 90)
        assert process.poll() is None, log.read_text()
        assert len([*partial.glob("*.parquet")]) < files
        os.kill(victim, signal.SIGKILL)
        assert process.wait(200) == 0, log.read_text()
    finally:
        process.kill()
    assert not partial.exists()
    table = pq.read_table(tmp_path / "answers")
    found = sorted(
        (x["path"], x["row"]) for x in table.select(["path", "row"]).to_pylist()
    )
    expected = sorted((str(p), r) for p in rows.iterdir() for r in range(24 * copies))
    assert found == expected
    _check(table, "score", case["score"][np.array(table["row"]) % 24])


WRONG = {
    "a column is missing": ({"id": [1]}, (), "must have the columns ['features']"),
    "too short": ({"features": [[0.0] * 7]}, (), "must have the shape [-1, 8]"),
    "a hole": ({"features": [[0.0] * 8, None]}, (), "each row needs a value"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_rows_are_refused(case, cluster, models, rows, tmp_path):
    columns, options, message = WRONG[case]
    pq.write_table(pa.table(columns), rows / "a.parquet")
    line = (models / "scorer.onnx", rows, tmp_path / "answers", *options)
    code, printed = cluster.run(SCRIPT, *line, log=tmp_path / "log")
    assert code != 0
    assert message in printed
    assert not (tmp_path / "answers").exists()
