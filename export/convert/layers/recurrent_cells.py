"""Which of ONNX's recurrent operators computes a cell of Keras, and from what.

The operators take all weights of one direction, or of both, as three arrays whose rows
are those of the gates in ONNX's order. They are stored so, made of Keras's variables
when the file is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import onnx_ir as ir

from keras_acts.export.builder import GraphBuilder

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Activation:
    """One of the functions that the operators know, with its parameters."""

    name: str
    alpha: float | None = None
    beta: float | None = None


# By the function's name, which `keras.activations` and `keras.ops` share. Softplus is
# left out: inside these operators onnxruntime's is infinite above 88.
_FUNCTIONS: dict[str, Activation] = {
    "elu": Activation("Elu", 1.0),
    "hard_sigmoid": Activation("HardSigmoid", 1 / 6, 0.5),
    "leaky_relu": Activation("LeakyRelu", 0.2),
    "linear": Activation("Affine", 1.0, 0.0),
    "relu": Activation("Relu"),
    "sigmoid": Activation("Sigmoid"),
    "softsign": Activation("Softsign"),
    "tanh": Activation("Tanh"),
}
_ACTIVATIONS = [
    (getattr(module, name), activation)
    for module in (keras.activations, keras.ops)
    for name, activation in _FUNCTIONS.items()
    if hasattr(module, name)
]


def activation_of(function: Any) -> Activation | None:
    """Return what an activation is in the operators, None if they have no such one."""
    return next((known for one, known in _ACTIVATIONS if one is function), None)


@dataclass(frozen=True)
class Operator:
    """A recurrent operator as a cell of Keras.

    Attributes:
        op_type: The operator.
        layer: The layer made of such cells; so may be a plain `RNN`.
        cell: The class of the cells.
        gates: Places, among Keras's gates, of ONNX's gates.
        activations: Attributes of the cell, as the operator takes its functions.
        states: How many states it has.
        slow_on: Targets on which a Scan of the cell is faster.
    """

    op_type: str
    layer: type[keras.layers.RNN]
    cell: type[keras.layers.Layer]
    gates: tuple[int, ...]
    activations: tuple[str, ...]
    states: int = 1
    slow_on: tuple[str, ...] = ()

    def functions(self, cell: Any) -> list[Activation | None]:
        """Return the operator's functions, None for one that it doesn't know."""
        return [activation_of(getattr(cell, name)) for name in self.activations]

    def append(
        self,
        g: GraphBuilder,
        layers: Sequence[Any],
        x: ir.Value,
        lengths: ir.Value | None,
        states: Sequence[ir.Value | None],
    ) -> tuple[ir.Value, list[ir.Value]]:
        """Append the operator for one direction, or for both.

        Args:
            g: The graph builder.
            layers: The layer of each direction.
            x: The sequences, (time, batch, features).
            lengths: How many steps of each sequence to take, or None for all.
            states: The initial states, (directions, batch, units), or None for zeros.

        Returns:
            The outputs, (time, directions, batch, units), and the last states, each
            (directions, batch, units).
        """
        cells = [layer.cell for layer in layers]
        dtype, units = layers[0].compute_dtype, cells[0].units
        known = [one for cell in cells for one in self.functions(cell) if one]
        direction = "reverse" if layers[0].go_backwards else "forward"
        attributes: dict[str, Any] = {
            "hidden_size": units,
            "direction": direction if len(cells) == 1 else "bidirectional",
            "activations": [one.name for one in known],
            "activation_alpha": _parameters(one.alpha for one in known),
            "activation_beta": _parameters(one.beta for one in known),
        }
        if self.op_type == "GRU":
            attributes["linear_before_reset"] = int(cells[0].reset_after)
        y, *last = getattr(g, self.op_type)(
            x,
            *self._weights(g, cells, dtype),
            lengths,
            *states,
            outputs=1 + self.states,
            **attributes,
        )
        time, batch, _ = g.static_shape(x)
        g.with_shape(y, (time, len(cells), batch, units))
        for state in last:
            g.with_shape(state, (len(cells), batch, units))
        return y, last

    def _weights(
        self, g: GraphBuilder, cells: Sequence[Any], dtype: str
    ) -> list[ir.Value | None]:
        count, units = len(cells), cells[0].units
        rows = len(self.gates) * units
        joined = partial(self._joined, g, cells, dtype)
        features = cells[0].kernel.shape[0]
        return [
            joined("kernel", self.kernels, (count, rows, features)),
            joined("recurrent_kernel", self.kernels, (count, rows, units)),
            joined("bias", self.biases, (count, 2 * rows))
            if cells[0].use_bias
            else None,
        ]

    @staticmethod
    def _joined(
        g: GraphBuilder,
        cells: Sequence[Any],
        dtype: str,
        name: str,
        join: Callable[..., Array],
        shape: Sequence[int],
    ) -> ir.Value:
        variables = [getattr(cell, name) for cell in cells]
        one = g.weight_name(variables[0])
        both = "/".join((*g.scope[1:], name))
        name = one if len(cells) == 1 else both
        return g.joined_weight(name, variables, join, shape, dtype)

    def kernels(self, *kernels: Array) -> Array:
        """Return the kernels of the directions as the operator reads them."""
        return np.stack([self._ordered(kernel).T for kernel in kernels])

    def biases(self, *biases: Array) -> Array:
        """Return the biases likewise: those of the input, then those of the state."""
        return np.stack([self._bias(bias) for bias in biases])

    def _bias(self, bias: Array) -> Array:
        # A GRU may have a bias for its state, which no other cell has.
        ordered = self._ordered(bias).reshape(-1)
        rows = bias.shape[-1]
        return np.concatenate([ordered, np.zeros(2 * rows - ordered.size, bias.dtype)])

    def _ordered(self, array: Array) -> Array:
        """Put the gates along the last axis in ONNX's order."""
        gates = np.split(array, len(self.gates), axis=-1)
        return np.concatenate([gates[place] for place in self.gates], axis=-1)


def _parameters(values: Any) -> list[float] | None:
    """Return the parameters of those functions that have one."""
    return [value for value in values if value is not None] or None


# Keras's gates are i f c o in an LSTM, ONNX's i o f c; in a GRU both have z r h.
# onnxruntime's RNN takes 0.7 to 1.4 times as long as a Scan for a batch of 1, and 4
# times for 8 and 32; and its Tanh is exact to 1e-7 alone, however small the result.
OPERATORS = (
    Operator(
        "LSTM",
        keras.layers.LSTM,
        keras.layers.LSTMCell,
        (0, 3, 1, 2),
        ("recurrent_activation", "activation", "activation"),
        states=2,
    ),
    Operator(
        "GRU",
        keras.layers.GRU,
        keras.layers.GRUCell,
        (0, 1, 2),
        ("recurrent_activation", "activation"),
    ),
    Operator(
        "RNN",
        keras.layers.SimpleRNN,
        keras.layers.SimpleRNNCell,
        (0,),
        ("activation",),
        slow_on=("cpu",),
    ),
)


def operator_of(layer: Any) -> Operator | None:
    """Return the operator of a recurrent layer, None if it computes something else."""
    cell = type(getattr(layer, "cell", None))
    operator = next((one for one in OPERATORS if one.cell is cell), None)
    if operator is None:
        return None
    loops = (operator.layer, keras.layers.RNN)
    return operator if any(_loops_like(type(layer), loop) for loop in loops) else None


def _loops_like(cls: Any, other: Any) -> bool:
    """Whether a layer of one class runs its cell over time as one of another does."""
    methods = ("call", "inner_loop", "get_initial_state")
    return all(getattr(cls, name, None) is getattr(other, name) for name in methods)
