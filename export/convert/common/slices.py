"""The ends of ONNX's Slice: beyond any size, so that they reach to the last element."""

import numpy as np

END = int(np.iinfo(np.int64).max)
"""Where a slice ends that goes forwards to the last element."""

START = int(np.iinfo(np.int64).min)
"""Where a slice ends that goes backwards to the first element."""
