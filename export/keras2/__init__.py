"""Files that Keras 2 wrote: their layers rebuilt under Keras 3, with their weights.

`file` reads configuration and weights, `arguments` says what Keras 3 calls them,
`calls` maps TensorFlow's functions to `keras.ops`, `layers` and `graph` rebuild the
model, and `weights` fills it.
"""

from keras_acts.export.keras2.file import is_keras2_file
from keras_acts.export.keras2.load import load_keras2_model

__all__ = ["is_keras2_file", "load_keras2_model"]
