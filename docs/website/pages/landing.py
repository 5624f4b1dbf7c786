"""The first page: what the README begins with, and where to go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from website.curves import darkened

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "docs" / "website" / "templates" / "index.tmpl"


def pictures() -> Iterator[tuple[str, str]]:
    """Yield the README's pictures for dark pages."""
    for name in ("compared", "overview"):
        picture = (ROOT / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8")
        yield f"images/{name}-dark.svg", darkened(picture)


def page() -> str:
    """Return the page: a template with the example of the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.partition("\n## Example\n")[2].partition("\n## ")[0]
    codes = re.findall(r"```python\n.*?```", example, flags=re.DOTALL)
    if len(codes) != 2:
        raise ValueError(
            "The README's section Example must have two blocks of Python, the model "
            f"and the service. Received: {len(codes)}"
        )
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.replace("{{ model }}", codes[0]).replace("{{ service }}", codes[1])
