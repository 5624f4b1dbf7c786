"""The native engine: the traced model, by our own converters."""

from __future__ import annotations

from functools import partial

import onnx_ir as ir

from keras_acts.export.convert import convert as convert_graph
from keras_acts.export.convert import is_leaf
from keras_acts.export.engines.request import Request
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.options import check_opset
from keras_acts.export.passes import run_passes
from keras_acts.export.trace import model_signature, trace

NAME = "native"


def convert(request: Request) -> ir.Model:
    """Convert a Keras model of any backend.

    Raises:
        UnsupportedOperationError: Something in the model has no way into ONNX.
        SignatureError: The model's inputs are unknown, or names are given wrongly.
        OpsetError: The opset lacks an operator.
    """
    try:
        converted = _attempt(request, traces_weights=True)
    except UnsupportedOperationError:
        # A layer may ask for the values of what it made of its weights.
        converted = _attempt(request, traces_weights=False)
    run_passes(converted)
    return converted


def _attempt(request: Request, *, traces_weights: bool) -> ir.Model:
    signature = model_signature(request.model, request.input_signature)
    graph = trace(
        request.model,
        signature.renamed(request.input_names),
        is_leaf=partial(is_leaf, dtype=request.dtype, target=request.target),
        names=request.output_names,
        traces_weights=traces_weights,
    )
    return convert_graph(
        graph,
        opset=check_opset(request.opset),
        target=request.target,
        floats=request.dtype,
        channels_first=request.inputs_as_nchw,
    )
