"""All changes that tracing makes to Keras while it runs.

Keras has no public way to see the operations inside a layer. So while a thread traces,
some of Keras's functions check whether their arguments are traced:

1. `Operation.symbolic_call` records the operation;
2. `Layer.symbolic_call` runs the layer's `call`, so that the operations inside it are
   recorded instead, with Keras's own handling of masks, dtypes and `training`; Keras's
   `Node` of the call, which accepts tensors only, is skipped;
3. `convert_to_tensor`, `cast` and `Mish.static_call` accept traced tensors: the
   functions `keras.activations.mish`, `hard_silu` and `sparsemax`, and older layers,
   call them on symbolic tensors;
4. `ops.shape` returns traced integers for unknown sizes;
5. calls that `keras.ops` makes of the backend (see `keras_ops`) are recorded if no
   tensor is symbolic, but a size is, a function uses outer traced tensors, or a weight
   is reshaped before its use and so stays a weight; `custom_gradient` drops the
   gradient, and `vectorize` becomes a map;
6. operators of a variable defer to those of a traced operand, and its slices may end at
   traced sizes (see `variables`);
7. `backend.rnn`, the loop over time of recurrent layers, is recorded as one node; the
   backend's fused LSTM and GRU are disabled in favor of it, and dropout masks, which
   only training uses, are not drawn in inference; `backend.vectorized_map`, which
   `TimeDistributed` calls, is recorded as a map;
8. `unpack_int4` of quantized layers is recorded as one operation;
9. the backend of a `DataLayer` is `keras.ops` (see `data_layers`);
10. windows of a traced length, which Keras refuses, are computed in `keras.ops`;
11. random draws are recorded (see `draws`);
12. `training=True` of one layer in a Functional model holds (see `training`);
13. Keras's NumPy backend, which has no symbols, gets numbers for them (see `symbols`);
    comparisons of TensorFlow's tensors defer to a traced operand, as its sums do.

The patches are installed only while some thread traces, and have no effect in other
threads. `tests/export/trace/test_hooks.py` fails clearly if a new Keras differs, and
`supported` lists the releases that were tried.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
import numpy as np

from keras_acts.export.trace.handlers.control_flow import CALLS
from keras_acts.export.trace.keras_patches import (
    data_layers,
    draws,
    keras_ops,
    reads,
    supported,
    symbols,
    training,
    variables,
    wrappers,
)
from keras_acts.export.trace.keras_patches.installer import Installer, Patch
from keras_acts.export.trace.keras_patches.windows import WINDOWS
from keras_acts.export.trace.protocol import ACTIVE, Recorder

_BACKEND = "keras.src.backend"
_CORE = "keras.src.ops.core"

_OF_BACKEND = {
    "numpy": (Patch("keras.src.backend.numpy.core", "np", symbols.initialized),),
    "tensorflow": tuple(
        Patch("tensorflow:Tensor", f"__{name}__", wrappers.deferring)
        for name in ("eq", "ge", "gt", "le", "lt", "ne")
    ),
}
"""What is replaced on one backend alone: its module can't be imported on the others."""

FUSED_RNNS = ("bidirectional_gru", "bidirectional_lstm", "gru", "lstm")

PATCHES: tuple[Patch, ...] = (
    Patch(
        "keras.src.ops.operation:Operation", "symbolic_call", wrappers.operation_call
    ),
    Patch("keras.src.layers.layer:Layer", "symbolic_call", wrappers.layer_call),
    Patch("keras.src.layers.layer", "Node", wrappers.node),
    Patch(_BACKEND, "convert_to_tensor", wrappers.convert_to_tensor),
    Patch(_BACKEND, "cast", wrappers.cast),
    Patch(
        "keras.src.activations.activations:Mish",
        "static_call",
        wrappers.mish_static_call,
    ),
    # Three names of one function.
    *(
        Patch(module, "shape", wrappers.shape)
        for module in ("keras.ops", "keras.src.ops", _CORE)
    ),
    *(
        Patch(f"keras.src.ops.{name}", "backend", keras_ops.recorded)
        for name in keras_ops.FUNCTIONS
    ),
    Patch(f"{_BACKEND}:Variable", "__bases__", variables.with_operators),
    Patch(_BACKEND, "rnn", wrappers.where_traced(wrappers.rnn)),
    *(
        Patch(_BACKEND, name, wrappers.where_traced(wrappers.fused_rnn))
        for name in FUSED_RNNS
    ),
    Patch(_BACKEND, "vectorized_map", wrappers.control_flow(CALLS["vectorized_map"])),
    Patch(
        "keras.src.layers.rnn.dropout_rnn_cell:DropoutRNNCell",
        "_create_dropout_mask",
        wrappers.dropout_mask,
    ),
    Patch("keras.src.quantizers", "unpack_int4", wrappers.unpack_int4),
    Patch(
        "keras.src.utils.backend_utils:DynamicBackend",
        "__getattr__",
        data_layers.dynamic_backend,
    ),
    Patch(
        "keras.src.utils.tf_utils",
        "tf_encode_categorical_inputs",
        data_layers.fast_counting,
    ),
    *(Patch("keras.ops", name, wrappers.window) for name in WINDOWS),
    # Two names of one module.
    *(
        Patch(module, "random", draws.recorded)
        for module in (_BACKEND, "keras.src.ops")
    ),
    *_OF_BACKEND.get(keras.backend.backend(), ()),
)

INSTALLER = Installer(PATCHES)


@contextlib.contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Send the symbolic calls of this thread to `recorder`, without side effects.

    Variables keep their values, whatever the model assigns, and Keras's counters for
    automatic names are restored.

    Raises:
        UnsupportedKerasError: This Keras lacks something that tracing needs.
    """
    supported.warn_if_untried()
    # NumPy's backend says of each infinity that it computes where it has no symbols.
    with INSTALLER.installed(), training.kept(), np.errstate(all="ignore"):
        token = ACTIVE.set(recorder)
        try:
            with keras.StatelessScope(), reads.name_counters_restored():
                yield
        finally:
            ACTIVE.reset(token)
