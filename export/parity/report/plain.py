"""Records as what JSON has: dictionaries, lists, strings and finite numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any


def plain(x: Any) -> Any:
    """Return a record, or a structure of them, as JSON has it; NaN as a string."""
    if dataclasses.is_dataclass(x):
        return {f.name: plain(getattr(x, f.name)) for f in dataclasses.fields(x)}
    if isinstance(x, Mapping):
        return {str(key): plain(value) for key, value in x.items()}
    if isinstance(x, list | tuple):
        return [plain(one) for one in x]
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    return x
