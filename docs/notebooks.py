"""Make the notebooks of the lessons, with their outputs.

    python docs/notebooks.py
    python docs/notebooks.py maxout which_loss

Each script of `examples/lessons/`, or those that are named, is run cell by cell and
written to `examples/lessons/notebooks/`. The scripts are what is edited; a test
compares both. Keras's backend is torch unless `KERAS_BACKEND` names another.
"""

from __future__ import annotations

import base64
import io
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

LESSONS = Path(__file__).resolve().parents[1] / "examples" / "lessons"
NOTEBOOKS = LESSONS / "notebooks"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
DEFAULTS = {"KERAS_BACKEND": "torch"}
PICTURES = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
SECONDS = 600
"""The longest that a cell may take."""


def read(script: Path) -> nbformat.NotebookNode:
    """Return a script as a notebook that has not been run."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same each time
        cell.metadata = nbformat.NotebookNode()
    return notebook


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run a notebook in a kernel of its own, in an empty folder, and return it.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook, timeout=SECONDS, record_timing=False, resources=resources
        )
        client.execute(env={**DEFAULTS, **os.environ, **PICTURES})
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            _tidy(output)
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def _tidy(output: nbformat.NotebookNode) -> None:
    """Leave out where objects are in memory, and shades of colours in pictures."""
    if "text" in output:
        output.text = re.sub(r" at 0x[0-9a-f]+", "", output.text)
    data = output.get("data", {})
    if "image/png" in data:
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
        file = io.BytesIO()
        picture.convert("RGB").quantize(64).save(file, "png", optimize=True)
        data["image/png"] = base64.b64encode(file.getvalue()).decode()


def main(names: Sequence[str]) -> int:
    """Write the notebooks of these lessons, or of all."""
    scripts = [LESSONS / f"{name}.py" for name in names] or sorted(LESSONS.glob("*.py"))
    NOTEBOOKS.mkdir(exist_ok=True)
    for script in scripts:
        notebook = run(read(script))
        nbformat.write(notebook, NOTEBOOKS / f"{script.stem}.ipynb")
        print(script.stem, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
