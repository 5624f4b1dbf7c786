"""Entmax, whose alpha tells how sparse it is."""

from typing import Any

import numpy as np
from keras import initializers, ops

from keras_acts import _checks, functional
from keras_acts._learnable import LearnableActivationLayer
from keras_acts.layers._arguments import elements, normalized, plain
from keras_acts.layers._base import register


@register
class Entmax(LearnableActivationLayer):
    """Entmax: `max((alpha - 1) * x - τ, 0)**(1 / (alpha - 1))`, alpha fixed or learned.

    τ makes the sum 1. Alpha 1 is softmax, 1.5 Entmax15, 2 Sparsemax; the larger, the
    sparser. Where alpha is learned it is `1 + sigmoid(logit)`, between 1 and 2.

    Args:
        alpha: A number, 1 or above; or an array of numbers from 1 to 2 that broadcasts
            against the input and has size 1 along the axis. Where it is learned, its
            initial value, above 1 and below 2. Default 1.5.
        axis: The axis over which the result sums to 1. Default -1.
        learnable: Whether alpha is learned. Default False.
        logit_initializer: Initializer of the logit of a learned alpha. None (default)
            makes alpha what the argument says.
        logit_regularizer: Regularizer of the logit.
        logit_constraint: Constraint of the logit.
        sharing: Which elements share one alpha: `"all"` (default), or `"channel"` where
            the axis is another one.
        **kwargs: `shared_axes`, `data_format` and `channels` of
            `LearnableActivationLayer`: with the scores `(batch, heads, queries, keys)`
            of an attention, `shared_axes=(-2, -1)` gives each head an alpha.

    Call arguments:
        inputs: Tensor of rank 1 or above.
        mask: As that of `Softmax`.

    Input shape:
        Any of rank 1 or above that has the axis.

    Output shape:
        The input's.

    Edge values:
        `[0, 0]` → `[1/2, 1/2]`; `[-inf, 0]` → `[0, 1]`; `[inf, 0]` → `[nan, nan]`;
        `[nan, 0]` → `[nan, nan]`; `[-inf, -inf]` → `[nan, nan]`. What the mask drops is
        0, also where it drops all.

    Gradient:
        0 outside of the support. Continuous for an alpha below 2; at 2 an element at
        the border is outside.

    Example:
        >>> y = layers.Entmax(alpha=1.25)(np.array([[0.0, 1.0, 1.5]]))
        >>> print(keras.ops.convert_to_numpy(y).round(3))
        [[0.066 0.329 0.605]]

    Reference:
        Peters, Niculae, Martins, 2019, "Sparse Sequence-to-Sequence Models",
        arXiv:1905.05702; learned: Correia, Niculae, Martins, 2019, "Adaptively Sparse
        Transformers", arXiv:1909.00015.
    """

    function = functional.entmax

    def __init__(
        self,
        alpha: Any = 1.5,
        axis: int = -1,
        learnable: bool = False,
        logit_initializer: Any = None,
        logit_regularizer: Any = None,
        logit_constraint: Any = None,
        sharing: str = "all",
        **kwargs: Any,
    ) -> None:
        super().__init__(sharing=sharing, **kwargs)
        _checks.boolean("learnable", learnable)
        self.configure(axis=axis)
        self.learnable = learnable
        self.alpha = _validated(alpha)
        settings = {
            "logit_initializer": logit_initializer,
            "logit_regularizer": logit_regularizer,
            "logit_constraint": logit_constraint,
        }
        self._has_own_initializer = logit_initializer is not None
        if learnable:
            if logit_initializer is None:
                settings["logit_initializer"] = _initializer(self.alpha)
            self.declare_weight("logit", *settings.values())
            return
        for name, given in {**settings, "channels": self.channels}.items():
            if given is not None:
                raise ValueError(
                    f"`{name}` needs `learnable=True`. Received: {name}={given!r}, "
                    f"learnable={learnable!r}"
                )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Apply the activation; the mask tells which elements to keep."""
        x = self.to_compute_dtype(inputs)
        alpha = self.alpha
        if self.learnable:
            logit = self.aligned(self.logit, len(x.shape))
            alpha = 1 + ops.sigmoid(logit)
        return functional.entmax(x, alpha, self.axis, mask)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs to build the layer again."""
        config = super().get_config()
        if not self._has_own_initializer:
            config["logit_initializer"] = None
        for name in ("logit_regularizer", "logit_constraint"):
            config.setdefault(name, None)
        return {
            **config,
            **plain({"alpha": self.alpha}),
            "learnable": self.learnable,
        }


def _validated(alpha: Any) -> Any:
    """Return a number, or an array of numbers that are valid each."""
    if isinstance(alpha, list | tuple):
        alpha = np.asarray(alpha, dtype="float64")
    alpha = normalized(alpha)
    if not isinstance(alpha, np.ndarray):
        functional.entmax.check(alpha=alpha)
        return alpha
    for one in elements(alpha):
        _checks.between(1, 2)("alpha", one)
    return alpha


def _initializer(alpha: Any) -> Any:
    """Return an initializer that makes `1 + sigmoid(logit)` a learned alpha.

    Raises:
        ValueError: It is not above 1 and below 2.
    """
    value = np.asarray(alpha, "float64")
    if not ((value > 1) & (value < 2)).all():
        raise ValueError(
            "`alpha` must be above 1 and below 2 where it is learned. "
            f"Received: alpha={alpha!r}, learnable=True"
        )
    return initializers.Constant(normalized(np.log(value - 1) - np.log(2 - value)))
