"""Output where stdout has few characters: ASCII, or a code page of Windows."""

from __future__ import annotations

import codecs
import sys
import unicodedata

_HANDLER = "keras_acts.spelled_out"

_SPELLED = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps"},
    **{"θ": "theta", "λ": "lambda", "μ": "mu", "π": "pi", "σ": "sigma"},
    **{"τ": "tau", "φ": "phi", "Φ": "Phi", "ω": "omega"},
    **{"·": "*", "×": "x", "−": "-", "–": "-", "—": "-", "±": "+-", "√": "sqrt"},
    **{"²": "^2", "³": "^3", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->"},
    **{"∞": "inf", "′": "'", "…": "...", "∈": "in", "Σ": "sum", "½": "1/2"},
    **{"─": "-", "│": "|", "’": "'", "‘": "'", "“": '"', "”": '"'},
}


def print_what_can_be() -> None:
    """Let stdout and stderr spell out the characters that their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_HANDLER)


def _spelled_out(error: UnicodeError) -> tuple[str, int]:
    """Return other characters for those that can't be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(map(spelled_out, missing)), error.end


def printable(text: str) -> str:
    """Return a text as stdout will show it, which tells how wide it is."""
    encoding = sys.stdout.encoding or "ascii"
    return text.encode(encoding, _HANDLER).decode(encoding)


def spelled_out(character: str) -> str:
    """Return a character in ASCII: its name or its letter without accents, else `?`."""
    if character in _SPELLED:
        return _SPELLED[character]
    letters = unicodedata.normalize("NFKD", character)
    return letters.encode("ascii", "ignore").decode() or "?"


codecs.register_error(_HANDLER, _spelled_out)
