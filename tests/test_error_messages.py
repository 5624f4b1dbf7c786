"""Errors say what was received: read from the source of each that is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from keras_acts.export import errors
from support.process import ROOT

FILES = sorted((ROOT / "keras_acts").rglob("*.py")) + sorted(
    (ROOT / "export").rglob("*.py")
)
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in FILES
    if (ROOT / "keras_acts" / "export") not in path.parents
}
"""The source of each module of the package."""

CHECKED = {"CommandError", "TypeError", "ValueError"} | {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.ExportError)
}
"""The errors that a user meets."""

EXEMPT = {
    "export/engines/islands/convert.py:convert_island": "joins two errors with one",
    "export/trace/signature.py:_check_fits": "is put into an error that ends with it",
    "export/api.py:_refusal": "ends with the report",
    "export/generation/api.py:_refusal": "ends with the report, or with both tokens",
    "export/passes/failures.py:graph_error": "ends with it, by a name",
    "export/quantization/samples.py:_runs": "is that of the inputs, which ends with it",
    "keras_acts/cli/commands/diagnose.py:_found": "one of ours, which has it",
}
"""The messages without it, by file and function, and why."""


def raised(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call that makes a checked error, after the function around it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in CHECKED
            ):
                yield function.name, node


def says(node: ast.AST) -> bool:
    """Whether a text in the source says what was received."""
    return any(
        isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and "Received: " in part.value
        for part in ast.walk(node)
    )


def written_by(message: ast.expr) -> str | None:
    """The name of the function that writes a message."""
    function = message.func if isinstance(message, ast.Call) else None
    if not isinstance(function, ast.Attribute | ast.Name):
        return None
    return function.attr if isinstance(function, ast.Attribute) else function.id


def written(path: str, name: str) -> ast.AST:
    """The function of a name: that of this file, else of another."""
    trees = [TREES[path], *TREES.values()]
    found = (
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return next(found)


def test_each_error_says_what_was_received() -> None:
    silent, count = set(), 0
    for path, tree in TREES.items():
        for function, call in raised(tree):
            count += 1
            message = call.args[0]
            writer = written_by(message)
            source = message if writer is None else written(path, writer)
            if not says(source):
                silent.add(f"{path}:{writer or function}")
    assert count > 100
    assert silent == set(EXEMPT)
