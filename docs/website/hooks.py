"""What MkDocs calls while it builds: generated pages, and links that leave `docs/`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))
os.environ.setdefault("KERAS_BACKEND", "torch")  # the quickest at calls one by one

from website import activations, assets, reference  # noqa: E402
from website.pages import landing, lessons, outside  # noqa: E402


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the generated pages into the navigation, in the place of their folder."""
    others = _unlisted(str(config.nav))
    config.nav = [_with_pages(entry, others) for entry in config.nav or []]
    return config


def _unlisted(nav: str) -> list[str]:
    """Return the pages of `docs/` that the navigation doesn't name."""
    found = sorted((ROOT / "docs").glob("*.md"))
    return [path.name for path in found if f"'{path.name}'" not in nav]


def _with_pages(entry: Any, others: list[str]) -> Any:
    title, pages = next(iter(entry.items())) if isinstance(entry, dict) else ("", None)
    if pages == ["activations/*"]:
        families = [
            {name: [{row.name: activations.path(row)} for row in rows]}
            for name, rows in activations.families()
        ]
        return {title: families}
    if pages == ["reference/*"]:
        return {title: [{name: path} for name, path, _ in reference.PAGES]}
    if isinstance(pages, list) and "lessons/*" in pages:
        return {title: [one for one in pages if one != "lessons/*"] + lessons.nav()}
    if isinstance(pages, list) and "others/*" in pages:
        return {title: [one for one in pages if one != "others/*"] + others}
    return entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, pictures, files to run, and scripts of others."""
    for path, content in _generated():
        files.append(File.generated(config, path, content=content))
    return files


def _generated() -> Iterator[tuple[str, str | bytes]]:
    yield "index.md", landing.page()
    yield from landing.pictures()
    yield from outside.pages()
    yield from lessons.files()
    for _, path, content in reference.PAGES:
        yield path, content
    yield from activations.files()
    yield from assets.files()


def on_page_markdown(
    markdown: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Lead links to files outside of `docs/` to their pages here, if they have one."""
    return outside.mended(markdown, page.file.src_uri)


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Load the script for diagrams where there is one, and nowhere else."""
    if 'class="mermaid"' in output:
        script = re.search(r'<script src="([^"]*)assets/javascripts/bundle', output)
        before = f'<script src="{script[1] if script else ""}assets/{assets.MERMAID}">'
        return output.replace("</head>", f"{before}</script></head>", 1)
    return output
