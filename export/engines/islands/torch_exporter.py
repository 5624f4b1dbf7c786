"""torch's exporter: `torch.onnx.export` of a layer's call, with symbolic sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import onnx_ir as ir

from keras_acts.export.engines.islands.exported import Exported, require
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.silence import quiet
from keras_acts.export.trace import Island
from keras_acts.export.trace.islands.island_sizes import Sizes
from keras_acts.export.trace.untouched import torch_modes

NAME = "torch.onnx"

_OPSET = 18
"""The oldest opset that torch's exporter writes, and what it is written for."""

_CAPTURED = "layer"


def version() -> str:
    """Return the version of torch, without the kind of its build."""
    import torch

    return str(torch.__version__).partition("+")[0]


def export(island: Island, _opset: int, _target: str) -> Exported:
    """Convert an island with `torch.onnx.export`.

    Raises:
        EngineError: onnxscript is not installed.
        UnsupportedOperationError: The code works for the sizes that it was run on.
    """
    require(NAME, ("onnxscript",), "torch")
    import torch

    with (
        quiet("torch", "onnxscript", "onnx_ir"),
        torch_modes.restored(island.layer),
        torch.no_grad(),
    ):
        assert island.returns is not None
        sizes = island.returns.sizes
        program = _program(island, sizes)
        _check_sizes(island, sizes, program)
        made = torch.onnx.export(
            program, dynamo=True, opset_version=_OPSET, optimize=True, verbose=False
        )
    assert made is not None
    model: ir.Model = made.model
    return Exported(model, _weights(island, model))


def _module(island: Island) -> Any:
    """Return the island as a module of torch, which takes variables, then tensors."""
    import torch

    count = len(island.variables)

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            setattr(self, _CAPTURED, island.layer)

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            return tuple(island(tensors[count:], tensors[:count]))

    return Module()


def _values(island: Island) -> list[Any]:
    return [variable.value.detach() for variable in island.variables]


def _tensors(island: Island, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Return tensors of zeros, which are valid indices too."""
    return [
        keras.ops.zeros(shape, spec.dtype)
        for shape, spec in zip(shapes, island.specs, strict=True)
    ]


def _runs(island: Island, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether the layer can be called on tensors of these shapes."""
    try:
        island(_tensors(island, shapes))
    except Exception:  # of the model's own code, of any kind
        return False
    return True


def _program(island: Island, sizes: Sizes) -> Any:
    """Trace the layer's call with torch."""
    from torch.export import Dim, export

    dynamic = sizes.mapped(lambda _group: Dim.AUTO)
    axes = [
        {i: size for i, size in enumerate(shape) if not isinstance(size, int)}
        for shape in dynamic
    ]
    arguments = (*_values(island), *_tensors(island, sizes.example()))
    return export(
        _module(island),
        arguments,
        dynamic_shapes=((*({} for _ in island.variables), *axes),),
        strict=False,
    )


def _check_sizes(island: Island, sizes: Sizes, program: Any) -> None:
    """Refuse code that does something else on other sizes.

    Raises:
        UnsupportedOperationError: torch had to fix a size, or a condition on sizes
            decided what was recorded, and the layer can be called where it is false.
    """
    taken = [
        node.meta["val"]
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in program.graph_signature.user_inputs
    ][len(island.variables) :]
    for index, (tensor, spec) in enumerate(zip(taken, island.specs, strict=True)):
        for axis, size in enumerate(spec.shape):
            if size is None and isinstance(tensor.shape[axis], int):
                raise UnsupportedOperationError(
                    f"its code works for one size of axis {axis} of tensor {index} "
                    "alone: use other functions, or give the size. Received: size "
                    f"{tensor.shape[axis]}, where it is unknown"
                )
    conditions = list(getattr(program, "_guards_code", None) or [])
    for shapes in (one.example() for one in sizes.others()):
        broken = [one for one in conditions if not _holds(one, island, shapes)]
        if broken and _runs(island, shapes):
            raise UnsupportedOperationError(
                "its code does one thing or another depending on a size, which would "
                "be decided for good: use `keras.ops.cond`, or give the size. "
                f"Received: {_readable(broken[0])}"
            )


class _Shape:
    """A tensor's sizes, as torch's conditions read them."""

    def __init__(self, shape: Sequence[int]) -> None:
        self._shape = tuple(shape)

    def size(self) -> tuple[int, ...]:
        return self._shape

    def dim(self) -> int:
        return len(self._shape)


def _holds(condition: str, island: Island, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether a condition of torch's holds for the shapes of the tensors."""
    known = [_Shape(variable.shape) for variable in island.variables]
    tensors = [*known, *map(_Shape, shapes)]
    scope = {"L": {"tensors": tensors}, "math": math}
    try:
        return bool(eval(condition, scope))
    except Exception:  # it is about something else than sizes
        return True


def _readable(condition: str) -> str:
    return condition.replace("L['tensors']", "tensor ").replace(".size()", "'s sizes ")


def _weights(island: Island, model: ir.Model) -> dict[str, Any]:
    """Tell what the initializers are: variables of Keras, or weights of torch."""
    variables = {v.value.data_ptr(): v for v in island.variables if v.value.numel()}
    found: dict[str, Any] = {}
    for name, value in model.graph.initializers.items():
        tensor: Any = getattr(value.const_value, "raw", None)
        pointer = tensor.data_ptr() if hasattr(tensor, "data_ptr") else None
        variable = variables.get(pointer)
        if variable is not None and tuple(variable.shape) == tuple(tensor.shape):
            found[name] = variable
        elif name.startswith(f"{_CAPTURED}."):
            found[name] = tuple(name.split(".")[1:])
    return found
