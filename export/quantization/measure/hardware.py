"""What the processor is, and whether it multiplies 8-bit integers in one step."""

from __future__ import annotations

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_DOT_PRODUCTS = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")


def processor() -> str:
    """Return the processor in words, with its instructions for integers."""
    try:
        text = _CPUINFO.read_text(encoding="utf-8")
    except OSError:
        return f"{platform.processor() or platform.machine()}, instructions unknown"
    lines = [line.partition(":") for line in text.splitlines() if ":" in line]
    fields = {name.strip(): value.strip() for name, _, value in lines}
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    found = [name for name in _DOT_PRODUCTS if name in flags]
    name = fields.get("model name", platform.machine())
    return f"{name}, {', '.join(found) if found else 'without VNNI'}"
