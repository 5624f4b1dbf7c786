"""matplotlib's figures, without pyplot and without lasting changes of its settings."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

from keras_acts.plotting.style import DARK, LIGHT, Theme, settings


def require() -> None:
    """Import matplotlib.

    Raises:
        ImportError: It is not installed; the message names the extra.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "plot draws with matplotlib, which is not installed. Install it with "
            f'`pip install "keras-acts[plot]"`. Received: {error}',
            name=error.name,
        ) from error


def theme_of(dark: bool) -> Theme:
    """Return the colours for dark or light pages."""
    return DARK if dark else LIGHT


@contextlib.contextmanager
def styled(theme: Theme) -> Iterator[None]:
    """Let matplotlib make things in a theme; its settings are put back at the end."""
    import matplotlib

    # The backend is no matter of style: it stays, and so does what pyplot holds.
    kept = {"backend", "backend_fallback", "toolbar", "interactive"}
    plain: dict[str, Any] = {
        k: v for k, v in matplotlib.rcParamsDefault.items() if k not in kept
    }
    chosen: Any = {**plain, **dict(settings(theme))}
    with matplotlib.rc_context(chosen):
        yield


def new_figure(theme: Theme, size: tuple[float, float], transparent: bool) -> Any:
    """Return an empty figure that pyplot knows nothing of.

    Its `savefig` writes the same bytes each time, and notebooks show it.
    """
    face = "none" if transparent else theme.background
    return _figure_class()(figsize=size, facecolor=face, layout="constrained")


def _figure_class() -> Any:
    from matplotlib.figure import Figure

    class ActivationFigure(Figure):
        """A figure whose files are the same each time."""

        def savefig(self, fname: Any, **options: Any) -> None:
            """Write a file; SVGs without a date and with constant identifiers."""
            import matplotlib

            kind = options.get("format") or str(fname).rpartition(".")[2]
            dated = {"svg": "Date", "pdf": "CreationDate", "ps": "CreationDate"}
            if kind.lower() in dated and "metadata" not in options:
                options["metadata"] = {dated[kind.lower()]: None}
            options.setdefault("facecolor", self.get_facecolor())
            options.setdefault("dpi", 144)
            kept: Any = {"svg.hashsalt": "keras-acts", "svg.fonttype": "path"}
            with matplotlib.rc_context(kept):
                super().savefig(fname, **options)

        def _repr_png_(self) -> bytes:
            """Return the picture that notebooks show."""
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return ActivationFigure
