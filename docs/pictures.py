"""Make the pictures of the README.

    python docs/pictures.py
    python docs/pictures.py FOLDER

Writes them to `docs/images/`, or to another folder. Their curves are computed, so the
last digits of a file may depend on the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

from keras_acts import plotting

IMAGES = Path(__file__).resolve().parent / "images"

SHOWN = (
    *("ReLU", "LeakyReLU", "PReLU", "ReLU6", "SquaredReLU", "SReLU"),
    *("ELU", "SELU", "Mish", "Softplus", "GELU", "Swish"),
    *("HardSwish", "Sigmoid", "Tanh", "HardTanh", "Softsign", "SoftShrink"),
    *("Snake", "Laplace", "SERLU", "SwiGLU", "Maxout", "Sparsemax"),
)
"""The activations of the second picture: some of each kind."""


def main() -> int:
    """Write the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    compared = plotting.plot("relu", "elu", "gelu", "mish", range=(-4, 3))
    compared.savefig(folder / "compared.svg")
    plotting.overview(SHOWN, columns=6).savefig(folder / "overview.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
