"""Proof that an ONNX model computes what the Keras model computes.

A verification goes through these modules in order: `pairing` (of inputs and outputs),
`inputs` (with their `sizes` and `edges`), `reference` and `session` with
`providers` (the outputs of both sides), `compare` (with `tolerances`), `verdict` (with
float64 as a witness), `inner` (the layers, where outputs differ or prove nothing) and
`report`. `verify` runs it.
"""

from typing import TYPE_CHECKING

from keras_acts._backend import goes_without_keras

# The command line imports the parts that it needs: some of them without Keras.
if TYPE_CHECKING or not goes_without_keras():
    from keras_acts.export.parity.report.report import (
        Divergence,
        Finding,
        OutputReport,
        ParityReport,
        ProviderReport,
    )
    from keras_acts.export.parity.verify import verify

__all__ = [
    "Divergence",
    "Finding",
    "OutputReport",
    "ParityReport",
    "ProviderReport",
    "verify",
]
