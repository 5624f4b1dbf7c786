"""The inputs and outputs of an ONNX file: names, types and sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class ElementType:
    """What the elements of a tensor are called in each vocabulary.

    Attributes:
        onnx: By ONNX.
        dtype: By NumPy; None where it has no such dtype.
        protocol: By the Open Inference Protocol, version 2, in which KServe and Triton
            are spoken to; None where it has none.
        triton: By Triton's configuration.
        itemsize: Bytes of an element; 0 where they differ.
    """

    onnx: str
    dtype: str | None
    protocol: str | None
    triton: str
    itemsize: int


_TYPES = (
    ElementType("FLOAT", "float32", "FP32", "TYPE_FP32", 4),
    ElementType("DOUBLE", "float64", "FP64", "TYPE_FP64", 8),
    ElementType("FLOAT16", "float16", "FP16", "TYPE_FP16", 2),
    ElementType("BFLOAT16", None, None, "TYPE_BF16", 2),
    ElementType("BOOL", "bool", "BOOL", "TYPE_BOOL", 1),
    ElementType("STRING", "object", "BYTES", "TYPE_STRING", 0),
    *(
        ElementType(
            f"{sign}INT{bits}",
            f"{sign}INT{bits}".lower(),
            f"{sign}INT{bits}",
            f"TYPE_{sign}INT{bits}",
            bits // 8,
        )
        for sign in ("", "U")
        for bits in (8, 16, 32, 64)
    ),
)
_BY_NAME = {one.onnx: one for one in _TYPES}


@dataclass(frozen=True)
class Port:
    """An input or output.

    Attributes:
        name: Its name.
        kind: What its elements are.
        sizes: A number for each fixed size, a name for each that the file leaves open,
            None for one without a name.
    """

    name: str
    kind: ElementType
    sizes: tuple[int | str | None, ...]

    @property
    def shape(self) -> list[int]:
        """Return the sizes with -1 for each open one."""
        return [n if isinstance(n, int) else -1 for n in self.sizes]

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether a shape has as many sizes, and those that are fixed."""
        return len(shape) == len(self.sizes) and all(
            n == size or not isinstance(size, int)
            for n, size in zip(shape, self.sizes, strict=True)
        )


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs of a file."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    @property
    def have_batches(self) -> bool:
        """Whether the first size of every input and output is open, and the same one.

        Sizes without names count as the same where no port names another.
        """
        ports = (*self.inputs, *self.outputs)
        if not self.inputs or not all(one.sizes for one in ports):
            return False
        first = [one.sizes[0] for one in ports]
        return not any(isinstance(n, int) for n in first) and len(set(first)) == 1


def ports_of(proto: onnx.ModelProto) -> Ports:
    """Return the inputs and outputs of a file.

    Raises:
        ValueError: One is no tensor, has a type that no server takes, or no known rank.
    """
    weights = {one.name for one in proto.graph.initializer}
    given = (one for one in proto.graph.input if one.name not in weights)
    return Ports(_read("input", given), _read("output", proto.graph.output))


def _read(what: str, values: Iterable[onnx.ValueInfoProto]) -> tuple[Port, ...]:
    return tuple(_port(f"The {what} {one.name!r}", one) for one in values)


def _port(what: str, value: onnx.ValueInfoProto) -> Port:
    import onnx

    if value.type.WhichOneof("value") != "tensor_type":
        kind = value.type.WhichOneof("value")
        raise ValueError(f"{what} must be a tensor. Received: {kind}")
    tensor = value.type.tensor_type
    names = {number: name for name, number in onnx.TensorProto.DataType.items()}
    name = names.get(tensor.elem_type, str(tensor.elem_type))
    if name not in _BY_NAME:
        raise ValueError(
            f"{what} must have a type that servers take: {', '.join(_BY_NAME)}. "
            f"Received: {name}"
        )
    if not tensor.HasField("shape"):
        raise ValueError(
            f"{what} must have a known number of dimensions. Received: no shape"
        )
    sizes = tuple(map(_size, tensor.shape.dim))
    return Port(value.name, _BY_NAME[name], sizes)


def _size(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    if dim.HasField("dim_value") and dim.dim_value >= 0:
        return int(dim.dim_value)
    return dim.dim_param or None
