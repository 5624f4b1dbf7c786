"""The twin of `benchmarks.generation`: a GPT-2 of `transformers`, by `optimum`.

    pip install transformers optimum-onnx torch onnx onnxruntime
    python benchmarks/generation_twin.py FOLDER

Their versions of NumPy and onnx need not be ours: this file imports nothing of ours.
"""

import sys

SIZES = {
    "vocab_size": 8000,
    "n_positions": 1024,
    "n_embd": 512,
    "n_layer": 6,
    "n_head": 8,
}
"""By the names of `GPT2Config`."""


def main(folder: str) -> None:
    """Export a random model with its cache."""
    from optimum.exporters.onnx import onnx_export_from_model
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(**SIZES)).eval()
    onnx_export_from_model(model, folder, task="text-generation-with-past")


if __name__ == "__main__":
    main(*sys.argv[1:])
