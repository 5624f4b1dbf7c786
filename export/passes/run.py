"""The order of the passes."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import Sequential
from onnx_ir.passes.common import (
    RemoveUnusedNodesPass,
    ShapeInferencePass,
)

from keras_acts.export.passes.fold.batch_norms import FoldBatchNormsPass
from keras_acts.export.passes.fold.biases import FuseBiasesPass
from keras_acts.export.passes.fold.factors import FoldFactorsPass
from keras_acts.export.passes.fold.pads import FoldPadsPass
from keras_acts.export.passes.fold.scales import FoldScalesPass
from keras_acts.export.passes.fold.weights import FoldWeightsPass
from keras_acts.export.passes.identities import DropIdentitiesPass
from keras_acts.export.passes.keep_zeros import KeepZerosPass
from keras_acts.export.passes.layout.global_pools import UseGlobalPoolsPass
from keras_acts.export.passes.layout.regions import ChooseLayoutPass
from keras_acts.export.passes.layout.transposes import CancelTransposesPass
from keras_acts.export.passes.shapes.loop_sizes import KeepLoopSizesPass
from keras_acts.export.passes.shapes.subgraphs import LocalizeSizesPass
from keras_acts.export.passes.shapes.symbols import NameSizesPass


def run_passes(model: ir.Model) -> None:
    """Optimize a converted model in place, and infer the shape of every value."""
    inference = ShapeInferencePass(check_type=True, strict_mode=True, data_prop=True)
    passes = Sequential(
        FoldWeightsPass(),
        FuseBiasesPass(),
        CancelTransposesPass(),
        FoldBatchNormsPass(),
        FoldFactorsPass(),
        FoldPadsPass(),
        FoldScalesPass(),
        ChooseLayoutPass(),
        CancelTransposesPass(),
        DropIdentitiesPass(),
        KeepZerosPass(),
        LocalizeSizesPass(),
        RemoveUnusedNodesPass(),
        inference,
        UseGlobalPoolsPass(),
        NameSizesPass(),
        KeepLoopSizesPass(inference, NameSizesPass()),
    )
    passes(model)
