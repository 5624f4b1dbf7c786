"""Reductions over axes."""

from keras_acts.export.convert.common.reductions import one_operator, reduces

reduces("math.Logsumexp", one_operator("ReduceLogSumExp"))
