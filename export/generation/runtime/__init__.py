"""Text generation from an exported folder, on onnxruntime and NumPy alone.

Nothing in this folder imports Keras, onnx, or the rest of the package: copied elsewhere
under any name it runs without them.
"""

from .config import CacheTensor, GenerationConfig
from .generator import Generator
from .sampling import Sampler

__all__ = ["CacheTensor", "GenerationConfig", "Generator", "Sampler"]
