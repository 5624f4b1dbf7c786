"""The order of the passes."""

from __future__ import annotations

from collections.abc import Iterable

import onnx_ir as ir
from onnx_ir.passes import PassBase
from onnx_ir.passes.common import (
    LiftConstantsToInitializersPass,
    LiftSubgraphInitializersToMainGraphPass,
    NameFixPass,
    RemoveInitializersFromInputsPass,
    RemoveUnusedNodesPass,
)

from keras_acts.export.errors import ExportError
from keras_acts.export.passes.empty import LeaveOutEmptyPass
from keras_acts.export.passes.failures import graph_error
from keras_acts.export.passes.fold.appends import AppendPass
from keras_acts.export.passes.fold.batch_norms import FoldBatchNormsPass
from keras_acts.export.passes.fold.biases import FuseBiasesPass
from keras_acts.export.passes.fold.factors import FoldFactorsPass
from keras_acts.export.passes.fold.pads import FoldPadsPass
from keras_acts.export.passes.fold.scales import FoldScalesPass
from keras_acts.export.passes.fold.stacks import ReadStacksPass
from keras_acts.export.passes.fold.weights import FoldWeightsPass
from keras_acts.export.passes.identities import DropIdentitiesPass
from keras_acts.export.passes.keep_zeros import KeepZerosPass
from keras_acts.export.passes.layout.global_pools import UseGlobalPoolsPass
from keras_acts.export.passes.layout.regions import ChooseLayoutPass
from keras_acts.export.passes.layout.transposes import CancelTransposesPass
from keras_acts.export.passes.masks import MultiplyMasksPass
from keras_acts.export.passes.norm_sums import SumBeforeNormsPass
from keras_acts.export.passes.shapes.computed import NameComputedSizesPass
from keras_acts.export.passes.shapes.empty import KeepEmptyPass
from keras_acts.export.passes.shapes.inference import InferShapesPass
from keras_acts.export.passes.shapes.loop_sizes import KeepLoopSizesPass
from keras_acts.export.passes.shapes.subgraphs import LocalizeSizesPass
from keras_acts.export.passes.shapes.symbols import NameSizesPass
from keras_acts.export.passes.shared import ShareResultsPass
from keras_acts.export.passes.string_gathers import GatherStringsPass


def run_passes(
    model: ir.Model, *, target: str = "cpu", writer: str | None = None
) -> None:
    """Optimize a converted model in place, and infer the shape of every value.

    Args:
        model: The model.
        target: What it shall run fast on, as in `to_onnx`.
        writer: The package that wrote it, if not the exporter.

    Raises:
        GraphError: A pass failed, or the shapes are inconsistent.
    """
    inference = InferShapesPass(strict=writer is None)
    named = () if writer is None else (NameFixPass(),)
    on_cpu = (SumBeforeNormsPass(),) if target == "cpu" else ()
    passes = (
        *named,
        *_PREPARE,
        ReadStacksPass(),
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
        MultiplyMasksPass(),
        ShareResultsPass(),
        KeepZerosPass(),
        LocalizeSizesPass(),
        RemoveUnusedNodesPass(),
        inference,
        GatherStringsPass(),
        *on_cpu,
        UseGlobalPoolsPass(),
        NameSizesPass(),
        AppendPass(),
        KeepEmptyPass(),
        RemoveUnusedNodesPass(),
        KeepLoopSizesPass(inference, NameSizesPass()),
        NameComputedSizesPass(),
        RemoveUnusedNodesPass(),
    )
    run_in_order(model, passes, writer=writer)


_PREPARE: tuple[PassBase, ...] = (
    RemoveInitializersFromInputsPass(),
    LiftSubgraphInitializersToMainGraphPass(),
    LiftConstantsToInitializersPass(),
    LeaveOutEmptyPass(),
)
"""What makes another exporter's graph like ours: each constant is an initializer of the
main graph that no input replaces, and what is empty is left out."""


def run_in_order(
    model: ir.Model, passes: Iterable[PassBase], *, writer: str | None = None
) -> None:
    """Run passes, and say of one that fails who is to blame.

    Raises:
        GraphError: A pass failed.
    """
    for one in passes:
        try:
            one(model)
        except ExportError:
            raise
        except Exception as error:  # whatever it is, the model is not to blame
            step = type(one).__name__
            raise graph_error(model, step, error, writer=writer) from error
