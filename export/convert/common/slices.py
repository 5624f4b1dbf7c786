"""The ends of ONNX's Slice: beyond any size, so that they reach to the last element."""

import numpy as np

END = int(np.iinfo(np.int64).max)
"""The end of a slice that goes forward to the last element."""

START = int(np.iinfo(np.int64).min)
"""The end of a slice that goes backward to the first element."""
