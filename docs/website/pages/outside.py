"""Pages that stand elsewhere in the repository, and links to what has no page."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from website.pages import lessons

ROOT = Path(__file__).resolve().parents[3]

SHOWN = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "tests/README.md": "tests.md",
}
"""Files of the repository that the site shows, and as which pages."""

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page of each of these files."""
    for source, page in SHOWN.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        yield page, _mended(text, source, page)


def mended(markdown: str, page: str) -> str:
    """Return a page whose links lead to pages of the site, or are mere text.

    Args:
        markdown: The page.
        page: Where it stands below `docs/`.
    """
    if page in SHOWN.values():
        return markdown
    return _mended(markdown, f"docs/{page}", page)


def _mended(markdown: str, source: str, page: str) -> str:
    def link(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if ":" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / path).exists():  # a generated page
            return match[0]
        shown = (SHOWN.get(path) or lessons.shown(path)) or (
            path.removeprefix("docs/") if path.startswith("docs/") else None
        )
        if path == "README.md":
            shown = "index.md"
        if shown is None or path.endswith("/") or (ROOT / path).is_dir():
            return f"{text} (`{path}`)" if f"`{path}`" != text else text
        found = posixpath.relpath(shown, posixpath.dirname(page) or ".")
        return f"[{text}]({found}{anchor})"

    # Links of several lines, and none inside of code.
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    parts[::2] = [_LINK.sub(link, part) for part in parts[::2]]
    return "".join(parts)
