"""A service of verified ONNX files, on the server of KServe's SDK; no Keras in it.

`keras-acts serve` runs it. KServe has the protocol, the endpoints over REST and gRPC,
and the codecs; here is what answers: a runtime on onnxruntime, and what it refuses.
"""

from keras_acts.serving.run import check, serve
from keras_acts.serving.settings import Settings

__all__ = ["Settings", "check", "serve"]
