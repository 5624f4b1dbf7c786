"""What is said of the islands of a file: in its metadata, and in a warning."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_acts.export.engines.islands.convert import EXPORTERS
from keras_acts.export.trace import Island


def listed(islands: Sequence[Island]) -> str | None:
    """Return the layers and their exporter, as the metadata has them; None for none."""
    if not islands:
        return None
    exporter = EXPORTERS[keras.backend.backend()]
    paths = dict.fromkeys("/".join(one.path) for one in islands)
    return f"{', '.join(paths)} ({exporter.name} {exporter.version()})"
