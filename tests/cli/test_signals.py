"""Ctrl-C, SIGTERM and closed pipes: one line, the usual exit code, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.process import ROOT

pytestmark = [
    pytest.mark.runs_once("processes that import no backend"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix"),
]

# A command that has begun to write, and takes long.
PROGRAM = """
import sys, time
sys.argv = ["keras-acts"]
from keras_acts.cli.signals import stopping_in_one_line
from keras_acts.cli.terminal import answer
import contextlib, pathlib, shutil

@contextlib.contextmanager
def scratch():
    folder = pathlib.Path("scratch")
    folder.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(folder)

def work():
    with scratch():
        print("ready", file=sys.__stdout__, flush=True)
        time.sleep(60)

with stopping_in_one_line():
    answer(work, as_json=False)
"""


def started(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (signal.SIGINT, 130, "keras-acts: interrupted\n"),
        (signal.SIGTERM, 143, "keras-acts: terminated\n"),
    ],
)
def test_a_signal_ends_it_in_one_line(number, code, line, tmp_path):
    process = started("-c", PROGRAM, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert (tmp_path / "scratch").exists()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, "", line)
    assert not list(tmp_path.iterdir())


# A library that catches everything, and one that computes for long.
STUBBORN = {
    "catches everything": "time.sleep(60)",
    "computes": "import hashlib; hashlib.pbkdf2_hmac('md5', b'a', b'b', 2**31 - 1)",
}


@pytest.mark.parametrize("what", STUBBORN)
def test_a_library_that_goes_on_is_left(what, tmp_path):
    program = PROGRAM.replace(
        "        time.sleep(60)\n",
        f"        while True:\n            try:\n                {STUBBORN[what]}\n"
        "            except BaseException:\n                pass\n",
    )
    assert "except BaseException" in program
    process = started("-c", program, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (143, "", "keras-acts: terminated\n")


def test_nobody_reads_the_output(tmp_path):
    process = started("-m", "keras_acts", "list", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 141


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("command", [["list"], ["show", "Snake"], ["list", "--json"]])
def test_any_encoding_of_stdout(encoding, command, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "keras_acts", *command],
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    text = done.stdout.decode(encoding)
    assert "?" not in text.replace("where?", "")
    assert max(map(len, text.splitlines())) <= (80 if command == ["list"] else 10**6)
