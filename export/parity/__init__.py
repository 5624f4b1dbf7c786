"""Proof that an ONNX model answers as the Keras model does.

Data passes through in this order: `pairing` of inputs and outputs, `inputs` (with
`edges` and `index_limits`), `reference` and `session` with `providers` (both sides'
answers), `compare` with `tolerances`, `localize`, `report` with `table`. `verify` is
the flow.
"""

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
