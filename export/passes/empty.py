"""Leave out inputs that are given as empty tensors.

Rule 1, for a Resize with empty scales or an empty region of interest, as exporters
write that began when these had to be there: the input is left out. ONNX's checker and
its shape inference take empty scales beside sizes for two wishes at once.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import kind

_REGION, _SCALES = 1, 2


class LeaveOutEmptyPass(InPlacePass):
    """Leave out empty scales and regions of Resize (rule 1)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply rule 1 to each Resize."""
        modified = False
        for node in model.graph.all_nodes():
            if kind(node) != "Resize":
                continue
            for position in (_REGION, _SCALES):
                if len(node.inputs) > position and _is_empty(node.inputs[position]):
                    node.replace_input_with(position, None)
                    modified = True
        return PassResult(model, modified)


def _is_empty(x: ir.Value | None) -> bool:
    known = None if x is None else x.const_value
    return known is not None and known.size == 0
