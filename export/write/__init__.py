"""From the finished graph to a file: metadata, external data, atomic replacement."""

from keras_acts.export.write.files import needs_external_data, write_model
from keras_acts.export.write.proto import finished, to_proto
from keras_acts.export.write.stream import fill

__all__ = ["fill", "finished", "needs_external_data", "to_proto", "write_model"]
