"""What is said of the islands of a file: in its metadata, and in a warning."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_acts.export.engines.islands.convert import EXPORTERS
from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace import Island


def listed(islands: Sequence[Island]) -> str | None:
    """Return the layers and their exporter, as the metadata has them; None for none."""
    if not islands:
        return None
    exporter = EXPORTERS[keras.backend.backend()]
    # A layer that is called in several places is named by the first.
    paths = {IdentityKey(one.layer): "/".join(one.path) for one in reversed(islands)}
    # Code that is run several times, for several sizes, may make a new layer each time.
    named = ", ".join(dict.fromkeys(reversed(paths.values())))
    return f"{named} ({exporter.name} {exporter.version()})"
