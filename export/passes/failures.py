"""Who is to blame for a graph that a pass, the checker or shape inference refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

import onnx_ir as ir

from keras_acts.export.builder.graph_builder import AUTHOR
from keras_acts.export.errors import GraphError


def graph_error(
    model: ir.Model, step: str, error: Exception, *, writer: str | None = None
) -> GraphError:
    """Return what to raise for a step that failed on a converted model.

    Args:
        model: The model.
        step: What failed: a pass, or ONNX's checker.
        error: What it raised. Where it names a node of a registered converter, that is
            to blame, else the exporter.
        writer: Another package that wrote the graph, and may be to blame as well.
    """
    said = " ".join(str(error).split())
    received = f"Received: {type(error).__name__}: {said}"
    authors = list(dict.fromkeys(_authors(model, said)))
    if authors:
        return GraphError(
            f"{'; '.join(authors)}: the operators that it appended are not valid "
            f"({step} refuses them). {received}"
        )
    others = list(dict.fromkeys(_authors(model)))
    doubt = f" Try without what was registered ({'; '.join(others)})." if others else ""
    defect = "of keras-acts" if writer is None else f"of {writer} or of keras-acts"
    return GraphError(
        f"{step} failed on the converted graph.{doubt} This is a defect {defect}, "
        f"not of the model; please report it with the model's layers. {received}"
    )


def _authors(model: ir.Model, said: str | None = None) -> Iterator[str]:
    """Return the registered converters of nodes, of those that a message names."""
    for node in model.graph.all_nodes():
        author = node.meta.get(AUTHOR)
        if author is None:
            continue
        name = rf"(?<![\w/]){re.escape(node.name or '')}(?![\w/])"
        if said is None or (node.name and re.search(name, said)):
            yield author
