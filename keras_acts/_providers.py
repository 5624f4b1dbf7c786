"""Short names of onnxruntime's providers, outside of the export, which needs Keras."""

from __future__ import annotations

SHORT_NAMES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "rocm": "ROCMExecutionProvider",
}
"""Short names that are accepted for onnxruntime's own. A release may have dropped the
provider; then it does not run."""
