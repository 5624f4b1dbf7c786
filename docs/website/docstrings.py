"""An extension of griffe, which reads the docstrings for the reference."""

from __future__ import annotations

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Takes the section `Example:` for code, as griffe takes `Examples:`."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section in a docstring that was read."""
        if obj.docstring is not None:
            text = obj.docstring.value
            obj.docstring.value = text.replace("\nExample:\n", "\nExamples:\n")
