"""The smallest service of one's own: one verified file behind FastAPI.

    pip install fastapi uvicorn onnx onnxruntime keras-acts
    MODEL=digits.onnx uvicorn --app-dir examples/fastapi service:app

    curl localhost:8000/predict -H "Content-Type: application/json" \
         -d '{"inputs": {"image": [[[[0.1], [0.2]]]]}}'

It is for one's own routes and data. `keras-acts serve` has what a service needs
besides: protocols, batching, limits, new versions, metrics.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnxruntime
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from keras_acts.serving.elements import feeds_of_lists, lists_of
from keras_acts.serving.loading import checked

MODEL = Path(os.environ.get("MODEL", "digits.onnx"))

file = checked(MODEL, unverified=False)  # raises unless it is the verified file
session = onnxruntime.InferenceSession(file.source)
app = FastAPI(title=MODEL.stem)


class Request(BaseModel):
    inputs: dict[str, list[Any]]  # by name, as nested lists


@app.get("/")
def about() -> dict[str, Any]:
    """Say which file answers, and what it takes."""
    return {
        "digest": file.verdict.digest if file.verdict else None,
        "inputs": {one.name: one.shape for one in file.ports.inputs},
    }


@app.post("/predict")
def predict(request: Request) -> dict[str, Any]:
    """Return the outputs by name."""
    try:
        feeds = feeds_of_lists(request.inputs, file.ports)  # no fraction becomes an int
        answers = session.run(None, feeds)
    except Exception as error:  # onnxruntime's errors have no public base class
        raise HTTPException(400, str(error)) from error
    names = (one.name for one in file.ports.outputs)
    return dict(zip(names, map(lists_of, answers), strict=True))
