"""Islands: layers that call the backend, converted by the backend's own exporter.

`convert` is the converter of `trace.Island`: it asks the exporter of Keras's backend,
one module each, and `inline` puts what that wrote into the graph under construction.
"""

from keras_acts.export.engines.islands.convert import convert_island
from keras_acts.export.engines.islands.names import listed

__all__ = ["convert_island", "listed"]
