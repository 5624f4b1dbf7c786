"""Where Keras's layer tests call `run_layer_test`, read from their sources."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import keras

LAYERS = Path(keras.__file__).parent / "src" / "layers"
PACKAGE = "keras.src.layers"


@dataclass(frozen=True, order=True)
class Site:
    """One call of `run_layer_test` in Keras's sources.

    Attributes:
        module: The test module, below `keras.src.layers`.
        method: The class and method that hold the call.
        number: Which of the method's calls it is, from 0.
        lines: The first and last line of the call.
        loops: Whether it stands in a loop.
        raises: Whether Keras expects an error of it.
    """

    module: str
    method: str
    number: int
    lines: tuple[int, int] = field(compare=False)
    loops: bool = field(compare=False)
    raises: bool = field(compare=False)

    def __str__(self) -> str:
        return f"{self.test}:{self.number}"

    @property
    def test(self) -> str:
        """The test that holds the call: its module's own name, class and method."""
        return f"{self.module.rsplit('.', 1)[-1]}:{self.method}"


class _Calls(ast.NodeVisitor):
    """Finds the calls of one module, and the methods that hold them."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.sites: list[Site] = []
        self._within: list[str] = []
        self._loops = 0
        self._raises = 0

    def visit_For(self, node: ast.For) -> None:
        self._loops += 1
        self.generic_visit(node)
        self._loops -= 1

    def visit_With(self, node: ast.With) -> None:
        raises = any("assertRaises" in ast.unparse(item) for item in node.items)
        self._raises += raises
        self.generic_visit(node)
        self._raises -= raises

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node)

    def _enter(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        self._within.append(node.name)
        self.generic_visit(node)
        self._within.pop()

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "run_layer_test":
            method = ".".join(self._within[:2])
            number = sum(site.method == method for site in self.sites)
            lines = (node.lineno, node.end_lineno or node.lineno)
            marks = (bool(self._loops), bool(self._raises))
            self.sites.append(Site(self.module, method, number, lines, *marks))
        self.generic_visit(node)


@cache
def call_sites() -> tuple[Site, ...]:
    """Return every call of `run_layer_test` in the tests of Keras's layers."""
    sites: list[Site] = []
    for path in sorted(LAYERS.rglob("*_test.py")):
        parts = path.relative_to(LAYERS).with_suffix("").parts
        calls = _Calls(".".join((PACKAGE, *parts)))
        calls.visit(ast.parse(path.read_text(encoding="utf-8")))
        sites += calls.sites
    return tuple(sites)
