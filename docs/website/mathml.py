"""Expressions of Python as MathML."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from html import escape

_GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "theta": "θ", "tau": "τ"},
    **{"mu": "μ", "sigma": "σ"},
}
_CALLED = {"sigmoid": "σ", "erf": "erf"}
_SIGNS = {
    **{ast.Add: "+", ast.Sub: "−", ast.Gt: ">", ast.GtE: "≥"},
    **{ast.Lt: "<", ast.LtE: "≤", ast.Eq: "="},
}
_TIMES = "<mo>⁢</mo>"
_DOT = "<mo>·</mo>"
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)

_Typeset = tuple[str, int]
"""MathML, and how strongly it binds."""


def tree(code: str) -> ast.Expression:
    """Return an expression, in which `|x|` is `abs(x)`.

    Raises:
        SyntaxError: It is no expression of Python.
    """
    return ast.parse(re.sub(r"\|([^|]+)\|", r"abs(\1)", code), mode="eval")


def expression(code: str) -> str:
    """Return an expression as MathML; as text where it is no Python."""
    try:
        return _of(tree(code.replace(" · ", " @ ")).body)[0]
    except (SyntaxError, KeyError):
        return f"<mtext>{escape(code)}</mtext>"


def inline(code: str) -> str:
    """Return an expression inside of a line."""
    return f"<math>{expression(code)}</math>"


def block(rows: Sequence[tuple[str, str | None]]) -> str:
    """Return f(x) = value, or a brace with a row for each condition."""
    if len(rows) == 1:
        right = rows[0][0]
    else:
        cells = "".join(
            f"<mtr><mtd>{value}</mtd><mtd>{_condition(condition)}</mtd></mtr>"
            for value, condition in rows
        )
        # The style sheet draws the brace: not every reader has a font with tall ones.
        right = f'<mtable class="cases">{cells}</mtable>'
    left = "<mi>f</mi><mo>(</mo><mi>x</mi><mo>)</mo><mo>=</mo>"
    return f'<math display="block">{left}{right}</math>'


def _condition(condition: str | None) -> str:
    if condition is None:
        return "<mtext>otherwise</mtext>"
    return f"<mtext>where&nbsp;</mtext>{condition}"


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _fenced(markup: str, left: str = "(", right: str = ")") -> str:
    return _row(f"<mo>{left}</mo>", markup, f"<mo>{right}</mo>")


def _within(node: ast.expr, least: int) -> str:
    """Return an operand, in brackets where it binds more weakly than its place."""
    markup, strength = _of(node)
    return markup if strength >= least else _fenced(markup)


def _of(node: ast.expr) -> _Typeset:
    return _WRITERS[type(node)](node)


def _name(node: ast.Name) -> _Typeset:
    return name(node.id), _ATOM


def name(text: str) -> str:
    """Return a variable: a letter, a letter with an index, or a word."""
    head, _, index = text.partition("_")
    head = _GREEK.get(head, head)
    if not index and re.fullmatch(r"[a-z]\d", head):
        head, index = head
    if len(head) > 1:
        return f'<mi mathvariant="normal">{text}</mi>'
    if not index:
        return f"<mi>{head}</mi>"
    word = f'<mi mathvariant="normal">{index}</mi>'
    return f"<msub><mi>{head}</mi>{word}</msub>"


def _constant(node: ast.Constant) -> _Typeset:
    return f"<mn>{node.value}</mn>", _ATOM


def _unary(node: ast.UnaryOp) -> _Typeset:
    return _row("<mo>−</mo>", _within(node.operand, _PRODUCT)), _UNARY


def _binary(node: ast.BinOp) -> _Typeset:
    if isinstance(node.op, ast.Div):
        return f"<mfrac>{_of(node.left)[0]}{_of(node.right)[0]}</mfrac>", _PRODUCT
    if isinstance(node.op, ast.Pow):
        return _power(node)
    if isinstance(node.op, ast.MatMult):
        return _row(_within(node.left, _ATOM), _DOT, _within(node.right, _ATOM)), _SUM
    if isinstance(node.op, ast.Mult):
        left, right = _within(node.left, _PRODUCT), _within(node.right, _PRODUCT)
        return _row(left, _between(node), right), _PRODUCT
    sign = f"<mo>{_SIGNS[type(node.op)]}</mo>"
    subtracts = isinstance(node.op, ast.Sub)
    right = _within(node.right, _PRODUCT if subtracts else _SUM)
    return _row(_within(node.left, _SUM), sign, right), _SUM


def _between(node: ast.BinOp) -> str:
    """Return what stands between factors: a dot beside words and fractions."""
    sides = [node.left, node.right]
    while isinstance(sides[0], ast.BinOp) and isinstance(sides[0].op, ast.Mult):
        sides[0] = sides[0].right
    quotient = any(
        isinstance(s, ast.BinOp) and isinstance(s.op, ast.Div) for s in sides
    )
    words = any("normal" in name(s.id) for s in sides if isinstance(s, ast.Name))
    return _DOT if quotient or words or isinstance(sides[1], ast.Constant) else _TIMES


def _power(node: ast.BinOp) -> _Typeset:
    exponent = _of(node.right)[0]
    base = node.left
    if isinstance(base, ast.Call) and isinstance(base.func, ast.Name):
        if base.func.id in ("sin", "cos", "tanh"):
            head = f"<msup>{_function(base.func.id)}{exponent}</msup>"
            return _row(head, _arguments(base)), _POWER
        return f"<msup>{_fenced(_of(base)[0])}{exponent}</msup>", _POWER
    return f"<msup>{_within(base, _ATOM)}{exponent}</msup>", _POWER


def _call(node: ast.Call) -> _Typeset:
    assert isinstance(node.func, ast.Name)
    called = node.func.id
    if called in _SPECIAL:
        return _SPECIAL[called](_of(node.args[0])[0]), _ATOM
    return _row(_function(called), _arguments(node)), _ATOM


def _function(called: str) -> str:
    shown = _CALLED.get(called, called)
    return f'<mi mathvariant="normal">{shown}</mi><mo>⁡</mo>'


def _arguments(node: ast.Call) -> str:
    return _fenced("<mo>,</mo>".join(_of(one)[0] for one in node.args))


def _list(node: ast.List) -> _Typeset:
    return _fenced("<mo>,</mo>".join(_of(one)[0] for one in node.elts), "[", "]"), _ATOM


def _index(node: ast.Subscript) -> _Typeset:
    return f"<msub>{_of(node.value)[0]}{_of(node.slice)[0]}</msub>", _ATOM


def _comparison(node: ast.Compare) -> _Typeset:
    parts = [_of(node.left)[0]]
    for op, right in zip(node.ops, node.comparators, strict=True):
        parts += [f"<mo>{escape(_SIGNS[type(op)])}</mo>", _of(right)[0]]
    return _row(*parts), _SUM


_SPECIAL = {
    "exp": lambda x: f"<msup><mi>e</mi>{x}</msup>",
    "sqrt": lambda x: f"<msqrt>{x}</msqrt>",
    "abs": lambda x: _fenced(x, "|", "|"),
}

_WRITERS = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Call: _call,
    ast.List: _list,
    ast.Subscript: _index,
    ast.Compare: _comparison,
}
