"""The passes, in their order."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import Sequential
from onnx_ir.passes.common import (
    RemoveUnusedNodesPass,
    ShapeInferencePass,
)

from keras_acts.export.passes.biases import FuseBiasesPass
from keras_acts.export.passes.fold_batch_norms import FoldBatchNormsPass
from keras_acts.export.passes.fold_factors import FoldFactorsPass
from keras_acts.export.passes.fold_pads import FoldPadsPass
from keras_acts.export.passes.fold_scales import FoldScalesPass
from keras_acts.export.passes.global_means import UseGlobalPoolsPass
from keras_acts.export.passes.identities import DropIdentitiesPass
from keras_acts.export.passes.keep_zeros import KeepZerosPass
from keras_acts.export.passes.layout import ChooseLayoutPass
from keras_acts.export.passes.loop_sizes import KeepLoopSizesPass
from keras_acts.export.passes.subgraphs import LocalizeSizesPass
from keras_acts.export.passes.symbols import NameSizesPass
from keras_acts.export.passes.transposes import CancelTransposesPass
from keras_acts.export.passes.weights import FoldWeightsPass


def run_passes(model: ir.Model) -> None:
    """Clean a converted model in place: no needless nodes, every size inferred."""
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
