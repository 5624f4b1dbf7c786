"""Files with bytes changed at random, and a process that runs the commands on them.

As a script it reads lines of arguments as JSON, runs each, and prints the exit code,
the seconds, and what went to stderr.
"""

from __future__ import annotations

import io
import json
import random
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path


def mutated(content: bytes, seed: int) -> bytes:
    """Return bytes with a few changes: flipped, removed, repeated, inserted, cut."""
    rng = random.Random(seed)
    data = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data))
        length = rng.choice([1, 2, 8, 64])
        kind = rng.choice(["flip", "random", "remove", "repeat", "insert", "varint"])
        if kind == "flip":
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "random":
            data[at : at + length] = rng.randbytes(length)
        elif kind == "remove":
            del data[at : at + length]
        elif kind == "repeat":
            data[at:at] = data[at : at + length]
        elif kind == "insert":
            data[at:at] = rng.randbytes(length)
        else:  # a length or a size near the largest
            data[at : at + 5] = b"\xff\xff\xff\xff\x07"
        if len(data) < 2:
            return bytes(data)
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.1 else data)


def mutated_member(content: bytes, seed: int) -> bytes:
    """Return a `.keras` file with one member changed, its checksum right."""
    rng = random.Random(seed)
    source = zipfile.ZipFile(io.BytesIO(content))
    chosen = rng.choice(source.namelist())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, mutated(data, seed) if name == chosen else data)
    return target.getvalue()


def write(folder: Path, content: bytes, suffix: str, seeds: range) -> Iterator[Path]:
    """Write a mutated file for each seed."""
    for seed in seeds:
        inside = suffix == ".keras" and seed % 2
        path = folder / f"{seed}{suffix}"
        path.write_bytes((mutated_member if inside else mutated)(content, seed))
        yield path


def main() -> None:
    """Run each line of arguments."""
    from keras_acts.cli.app import app

    for line in sys.stdin:
        said, began = io.StringIO(), time.monotonic()
        code: object = None
        try:
            with redirect_stderr(said), redirect_stdout(io.StringIO()):
                app(json.loads(line), prog_name="keras-acts")
        except SystemExit as left:
            code = left.code
        except BaseException as error:
            code = f"{type(error).__name__}: {error}"
        taken = time.monotonic() - began
        print(json.dumps([line, code, taken, said.getvalue()]), flush=True)


if __name__ == "__main__":
    main()
