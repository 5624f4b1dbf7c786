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
from keras_acts.export.metadata import Metadata
from keras_acts.export.options import check_opset
from keras_acts.export.passes import run_passes
from keras_acts.export.trace import Graph, model_signature, trace

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
    graph = traced(request, islands=islands)
    return Conversion(converted(graph, request), graph)


def traced(request: Request, *, islands: bool = False) -> Graph:
    """Trace the model of a request."""
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
    Metadata(islands=listed(graph.islands)).add_to(model)
    run_passes(model)
    return model
