"""Reductions over axes: `ops.logsumexp` as ReduceLogSumExp."""

from keras_acts.export.convert.common.reductions import by_operator, register_reduction

register_reduction("math.Logsumexp", by_operator("ReduceLogSumExp"))
