"""Which ONNX recurrent operator computes a Keras cell, and with what weights.

The operators take the weights of one direction, or of both, as three arrays whose rows
are those of the gates in ONNX's order. These arrays are assembled from Keras's
variables when the file is written.
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
    """One of the activation functions of the operators, with its parameters."""

    name: str
    alpha: float | None = None
    beta: float | None = None


# By function name, the same in `keras.activations` and `keras.ops`. Softplus is left
# out: inside these operators, onnxruntime's is infinite above 88.
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
    """Return the operators' version of an activation function, or None."""
    return next((known for one, known in _ACTIVATIONS if one is function), None)


@dataclass(frozen=True)
class Operator:
    """A recurrent operator, and the Keras cell that it computes.

    Attributes:
        op_type: The operator.
        layer: The layer with such cells; a plain `RNN` may have them too.
        cell: The class of the cells.
        gates: The indices, among Keras's gates, of ONNX's gates.
        activations: The cell's attributes with the functions, in the operator's order.
        states: The number of states.
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
        """Return the operator's activation functions, None for one that it lacks."""
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
            lengths: The number of steps of each sequence, or None for all.
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
        joined = partial(self._joined_weight, g, cells, dtype)
        features = cells[0].kernel.shape[0]
        return [
            joined("kernel", self.kernels, (count, rows, features)),
            joined("recurrent_kernel", self.kernels, (count, rows, units)),
            joined("bias", self.biases, (count, 2 * rows))
            if cells[0].use_bias
            else None,
        ]

    @staticmethod
    def _joined_weight(
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
        """Return the kernels of the directions in the operator's layout."""
        return np.stack([self._reorder_gates(kernel).T for kernel in kernels])

    def biases(self, *biases: Array) -> Array:
        """Return the biases likewise: those for the input, then those for the state."""
        return np.stack([self._bias(bias) for bias in biases])

    def _bias(self, bias: Array) -> Array:
        # Only a GRU may have a bias for its state.
        ordered = self._reorder_gates(bias).reshape(-1)
        rows = bias.shape[-1]
        return np.concatenate([ordered, np.zeros(2 * rows - ordered.size, bias.dtype)])

    def _reorder_gates(self, array: Array) -> Array:
        """Put the gates along the last axis in ONNX's order."""
        gates = np.split(array, len(self.gates), axis=-1)
        return np.concatenate([gates[index] for index in self.gates], axis=-1)


def _parameters(values: Any) -> list[float] | None:
    """Return the parameters of the functions that have one, None if none has."""
    return [value for value in values if value is not None] or None


# Keras's gates are i f c o in an LSTM, ONNX's i o f c; in a GRU both have z r h.
# onnxruntime's RNN takes 0.7 to 1.4 times as long as a Scan for a batch of 1, and 4
# times for 8 and 32; and its Tanh has an absolute error of 1e-7 for small results too.
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
    """Return the operator that computes a recurrent layer, or None."""
    cell = type(getattr(layer, "cell", None))
    operator = next((one for one in OPERATORS if one.cell is cell), None)
    if operator is None:
        return None
    loops = (operator.layer, keras.layers.RNN)
    return operator if any(_shares_loop(type(layer), loop) for loop in loops) else None


def _shares_loop(cls: Any, other: Any) -> bool:
    """Whether two layer classes run their cells over time by the same methods."""
    methods = ("call", "inner_loop", "get_initial_state")
    return all(getattr(cls, name, None) is getattr(other, name) for name in methods)
