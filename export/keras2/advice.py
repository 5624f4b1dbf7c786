"""What to do with a file of Keras 2 that Keras 3 can't hold."""

from __future__ import annotations

ANOTHER_WAY = (
    "Load the model with Keras 2 (tf_keras), export it there by "
    "`model.export(folder)`, and convert the SavedModel."
)
