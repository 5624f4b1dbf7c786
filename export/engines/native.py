"""The native engine: the traced model, by our own converters.

A model is traced once, whatever the target, the opset and the dtype; `converted` turns
one trace into as many files as are asked for.
"""

from __future__ import annotations

import onnx_ir as ir

from keras_acts.export.convert import convert as convert_graph
from keras_acts.export.convert import record_of
from keras_acts.export.engines.conversion import Conversion
from keras_acts.export.engines.islands import listed
from keras_acts.export.engines.request import Request
from keras_acts.export.errors import ExportError, UnsupportedOperationError
from keras_acts.export.identity import IdentityKey
from keras_acts.export.metadata import Metadata
from keras_acts.export.options import check_opset
from keras_acts.export.passes import run_passes
from keras_acts.export.passes.shapes.symbols import name_sizes
from keras_acts.export.trace import Graph, Islands, model_signature, trace

NAME = "native"


def convert(request: Request, *, islands: bool = False) -> Conversion:
    """Convert a Keras model of any backend.

    Args:
        request: The model and the options.
        islands: Whether layers that call the backend go by the backend's exporter.

    Raises:
        UnsupportedOperationError: Something in the model has no way into ONNX.
        SignatureError: The model's inputs are unknown, or names are given wrongly.
        OpsetError: The opset lacks an operator.
    """
    chosen: dict[IdentityKey, ExportError] = {}
    while True:
        graph = traced(request, chosen if islands else None)
        try:
            return Conversion(converted(graph, request), graph)
        except UnsupportedOperationError as error:
            layer = IdentityKey(error.layer)
            if not islands or error.layer is None or layer in chosen:
                raise
            chosen[layer] = error


def traced(request: Request, islands: Islands | None = None) -> Graph:
    """Trace the model of a request.

    Args:
        request: The model and the options.
        islands: The layers to leave to another exporter, beside those that can't be
            traced; None if none may be.
    """
    signature = model_signature(request.model, request.input_signature)
    return trace(
        request.model,
        signature.renamed(request.input_names),
        record_of=record_of,
        names=request.output_names,
        islands=islands,
    )


def converted(graph: Graph, request: Request) -> ir.Model:
    """Convert a trace by the options of a request."""
    model = convert_graph(
        graph,
        opset=check_opset(request.opset),
        target=request.target,
        floats=request.dtype,
        channels_first=request.inputs_as_nchw,
    )
    name_sizes(model, request.size_names)
    Metadata(islands=listed(graph.islands)).add_to(model)
    run_passes(model, target=request.target)
    return model
