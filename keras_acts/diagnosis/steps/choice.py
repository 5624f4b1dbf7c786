"""Which step the active backend of Keras takes."""

from __future__ import annotations

import importlib
from typing import Any

import keras

from keras_acts.diagnosis.steps.base import Step
from keras_acts.diagnosis.steps.objective import Objective

_STEPS = {"torch": "TorchStep", "jax": "JaxStep", "tensorflow": "TensorFlowStep"}


def step_of(model: Any, objective: Objective | None) -> Step:
    """Return the step of Keras's backend; NumPy and OpenVINO take the plain one."""
    backend = keras.backend.backend()
    if backend not in _STEPS:
        return Step(model, objective)
    module = importlib.import_module(f"keras_acts.diagnosis.steps.{backend}_step")
    step: Step = getattr(module, _STEPS[backend])(model, objective)
    return step
