"""What tracing changes in Keras while it runs, all of it in this one place.

Keras has no public way to see the operations inside a layer, so while a thread traces,
some of Keras's functions ask whether the tensors before them are that trace's:

1. `Operation.symbolic_call` records the operation;
2. `Layer.symbolic_call` runs the layer's `call`, so that the operations inside it are
   recorded in its place, with Keras's own handling of masks, dtypes and `training`;
   Keras's own `Node` of the call, which wants tensors only, is left out;
3. `convert_to_tensor` and `Mish.static_call` let traced tensors through: the functions
   `keras.activations.mish`, `hard_silu` and `sparsemax` call them on symbolic tensors,
   and older layers call `cast`;
4. `ops.shape` gives traced integers for unknown sizes;
5. what `keras.ops` calls of the backend (see `keras_ops`) is recorded where no tensor
   is symbolic, but a size is, a function uses traced tensors that are no arguments of
   it, or a weight is reshaped before it is used, which so stays a weight;
   `custom_gradient` leaves the gradient out, and `vectorize` makes maps;
6. operators of a variable leave the work to those of a traced tensor beside it, and its
   slices may end at traced sizes (see `variables`);
7. `backend.rnn`, the loop over time of recurrent layers, is recorded as one node; a
   backend's own LSTM and GRU step aside for it, and masks of dropout, which inference
   has no use for, are not drawn; `TimeDistributed` calls `backend.vectorized_map`;
8. `unpack_int4` of quantized layers is recorded as one operation;
9. the backend of a `DataLayer` is `keras.ops` (see `data_layers`);
10. windows of a traced length, which Keras refuses, are computed in `keras.ops`.

The patches are in place only while some thread traces, and do nothing in threads that
do not. `tests/export/trace/test_hooks.py` fails clearly where a new Keras differs, and
`supported` says which releases were tried.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from keras_acts.export.trace.handlers.control_flow import CALLS
from keras_acts.export.trace.keras_patches import (
    data_layers,
    keras_ops,
    private,
    supported,
    variables,
    wrappers,
)
from keras_acts.export.trace.keras_patches.installer import Installer, Patch
from keras_acts.export.trace.keras_patches.windows import WINDOWS
from keras_acts.export.trace.protocol import PRESENT, Recorder

_BACKEND = "keras.src.backend"
_CORE = "keras.src.ops.core"

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
    # Names of the packages that stand for one function.
    *(
        Patch(module, "shape", wrappers.shape)
        for module in ("keras.ops", "keras.src.ops", _CORE)
    ),
    Patch(_CORE, "backend", keras_ops.recorded),
    Patch("keras.src.ops.numpy", "backend", keras_ops.recorded),
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
        data_layers.counted_fast,
    ),
    *(Patch("keras.ops", name, wrappers.window) for name in WINDOWS),
)

INSTALLER = Installer(PATCHES)


@contextlib.contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Send symbolic calls of this thread to `recorder`, and leave no trace after it.

    Variables keep their values whatever the model assigns meanwhile, and Keras's
    counters for automatic names are put back.

    Raises:
        UnsupportedKerasError: This Keras lacks something that tracing needs.
    """
    supported.warn_if_untried()
    with INSTALLER.installed():
        token = PRESENT.set(recorder)
        try:
            with keras.StatelessScope(), private.names_kept():
                yield
        finally:
            PRESENT.reset(token)
