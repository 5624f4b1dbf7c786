"""Why a network does not train: what its activations and gradients do on data."""

from keras_acts.diagnosis.api import diagnose
from keras_acts.diagnosis.callback import DiagnosisCallback
from keras_acts.diagnosis.report.history import DiagnosisHistory, Snapshot
from keras_acts.diagnosis.report.results import (
    ActivationStatistics,
    Diagnosis,
    Finding,
    LayerGradients,
    Units,
)

__all__ = [
    "ActivationStatistics",
    "Diagnosis",
    "DiagnosisCallback",
    "DiagnosisHistory",
    "Finding",
    "LayerGradients",
    "Snapshot",
    "Units",
    "diagnose",
]
