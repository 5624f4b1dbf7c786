"""Replace generated names of unknown sizes by the names of the sizes that they equal.

ONNX's shape inference generates a name for each size that it can't derive. Rules, for a
node whose output has such a size:

1. Resize: a size scaled by 1 stays, and one read from a tensor is that tensor's size;
2. Reshape: after removing the sizes that both shapes share, the single unknown size
   left in the output equals the one left in the input, or is a multiple of it, which a
   later Reshape may divide again;
3. Conv and pooling: a size preserved by the padding stays;
4. TopK: the sizes of other axes stay, and a `k` read from a tensor is its size;
5. Where and operators of elements: a size that all operands share stays;
6. any: a size that `note_size` says to be that of another value, is;
7. MatMul: a size of the batch that both operands share stays.

Without them the batch size would lose its name, and with it the proof that it is the
same throughout the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

import onnx_ir as ir
from onnx_ir.passes import InPlacePass, PassResult

from keras_acts.export.passes.nodes import kind

_GENERATED_PREFIX = "unk__"

Size = int | ir.SymbolicDim
Pairs = Iterator[tuple[Size, Size]]
Multiples = dict[Size, tuple[Size, Fraction]]


_SIZES = "sizes"
"""Note on a value: for some of its axes, the value and the axis of the same size."""


def note_size(value: ir.Value, axis: int, source: ir.Value, source_axis: int) -> None:
    """Note that a size of a value is that of another one (rule 6)."""
    value.meta.setdefault(_SIZES, {})[axis] = (source, source_axis)


def name_sizes(model: ir.Model, names: Mapping[str, Sequence[str | None]]) -> None:
    """Name unknown sizes of inputs, before any pass has read their names.

    Args:
        model: The model.
        names: By the name of an input, a name for each axis, None for one to leave.
    """
    for value in model.graph.inputs:
        given = names.get(value.name or "", ())
        if value.shape is not None and given:
            pairs = zip(value.shape, given, strict=True)
            value.shape = ir.Shape(
                [size if name is None else name for size, name in pairs]
            )


class NameSizesPass(InPlacePass):
    """Rename generated sizes, after shape inference (rules 1 to 7)."""

    def call(self, model: ir.Model) -> PassResult:
        """Apply the rules once to each node, in graph order."""
        names = SizeNames()
        for node in model.graph:
            names.visit(node)
        return PassResult(model, names.found)


class SizeNames:
    """The generated names that are known to be those of other sizes."""

    def __init__(self) -> None:
        self._names: dict[Size, Size] = {}
        self._multiples: Multiples = {}

    @property
    def found(self) -> bool:
        """Whether any was found."""
        return bool(self._names)

    def visit(self, node: ir.Node) -> None:
        """Rename the sizes of a node's outputs, after those of the nodes before it."""
        _rename(node, self._names)
        for generated, size in _pairs(node, self._multiples):
            self.equal(generated, size)
        _rename(node, self._names)

    def equal(self, generated: Size, size: Size) -> None:
        """Note that a size of a generated name is that of another name."""
        if is_generated(generated) and _is_named(size):
            self._names[generated] = size


def _pairs(node: ir.Node, multiples: Multiples) -> Pairs:
    """Return generated sizes of a node's outputs, each with the size it equals."""
    if kind(node) == "Reshape":
        yield from _reshape(node, multiples)
    elif (rule := _RULES.get(kind(node))) is not None:
        yield from rule(node)
    yield from _noted(node)


def _noted(node: ir.Node) -> Pairs:
    """Rule 6: pair the sizes that were noted, as far as both are known."""
    for value in node.outputs:
        after = _sizes(value)
        for axis, (source, source_axis) in value.meta.get(_SIZES, {}).items():
            before = _sizes(source)
            if axis < len(after) and source_axis < len(before):
                size = before[source_axis]
                if isinstance(size, int) or size.value is not None:
                    yield after[axis], size


def _rename(node: ir.Node, names: dict[Size, Size]) -> None:
    for value in node.outputs:
        if value.shape is not None:
            value.shape = ir.Shape([names.get(size, size) for size in value.shape])


def is_generated(size: Size) -> bool:
    """Whether a size has a name that shape inference generated."""
    return isinstance(size, ir.SymbolicDim) and str(size.value).startswith(
        _GENERATED_PREFIX
    )


def is_unnamed(size: Size) -> bool:
    """Whether a size is unknown and has no name, or one that inference generated."""
    return is_generated(size) or (
        isinstance(size, ir.SymbolicDim) and size.value is None
    )


def _is_named(size: Size) -> bool:
    return isinstance(size, ir.SymbolicDim) and size.value is not None


def _sizes(value: ir.Value | None) -> list[Size]:
    return [] if value is None or value.shape is None else list(value.shape)


def _resize(node: ir.Node) -> Pairs:
    """Rule 1: pair the axes of a Resize that are scaled by 1 or copied."""
    before, after = _sizes(node.inputs[0]), _sizes(node.outputs[0])
    scales, wanted = (*node.inputs[2:], None, None)[:2]
    if any(name in node.attributes for name in _RESIZED_OTHERWISE):
        return
    if wanted is not None:
        yield from zip(after, _read_sizes(wanted), strict=False)
    elif scales is not None and scales.const_value is not None:
        ratios = scales.const_value.numpy()
        if len(before) == len(after) == len(ratios) and not _crops(node):
            pairs = zip(after, before, ratios, strict=True)
            yield from ((new, old) for new, old, k in pairs if k == 1)


_RESIZED_OTHERWISE = ("axes", "keep_aspect_ratio_policy")
"""Attributes of a Resize by which its scales and sizes mean something else."""


def _crops(resize: ir.Node) -> bool:
    """Whether a Resize takes a part of its input, so that 1 may change a size."""
    mode = resize.attributes.get("coordinate_transformation_mode")
    return mode is not None and mode.as_string() == "tf_crop_and_resize"


def _read_sizes(shape: ir.Value) -> Iterator[Size]:
    """Return the sizes that a shape is concatenated from, up to the first constant."""
    joined = shape.producer()
    for part in joined.inputs if joined is not None else ():
        read = _read_by(None if part is None else part.producer())
        if not read:
            return
        yield from read


def _read_by(node: ir.Node | None) -> list[Size]:
    """Return the sizes that a Shape node reads, none for other nodes."""
    if node is None or kind(node) != "Shape":
        return []
    given = (node.attributes.get(name) for name in ("start", "end"))
    start, end = (None if one is None else one.as_int() for one in given)
    return _sizes(node.inputs[0])[start:end]


def _reshape(node: ir.Node, multiples: Multiples) -> Pairs:
    """Rule 2: pair the one unknown size that a Reshape leaves on both sides."""
    before, after = _sizes(node.inputs[0]), _sizes(node.outputs[0])
    for size in list(after):
        if isinstance(size, ir.SymbolicDim) and size in before:
            before.remove(size)
            after.remove(size)
    old, factor = _split(before, multiples)
    new, product = _split(after, {})
    if len(old) != 1 or len(new) != 1 or not product:
        return
    if factor == product:
        yield new[0], old[0]
    elif is_generated(new[0]):
        multiples[new[0]] = old[0], factor / product


def _split(sizes: list[Size], multiples: Multiples) -> tuple[list[Size], Fraction]:
    """Return the unknown sizes, and the product of the known ones."""
    unknown, product = list[Size](), Fraction(1)
    for size in sizes:
        if isinstance(size, int):
            product *= size
        else:
            base, factor = multiples.get(size, (size, Fraction(1)))
            unknown.append(base)
            product *= factor
    return unknown, product


def _window(node: ir.Node) -> Pairs:
    """Rule 3: pair the spatial sizes that the padding preserves."""
    before, after = _sizes(node.inputs[0])[2:], _sizes(node.outputs[0])[2:]
    rank = len(before)
    kernel = _ints(node, "kernel_shape", []) or _sizes(node.inputs[1])[2:]
    if not len(after) == len(kernel) == rank or not all(map(_is_known, kernel)):
        return
    pads, dilations = (
        _ints(node, "pads", [0, 0] * rank),
        _ints(node, "dilations", [1] * rank),
    )
    strides, same = _ints(node, "strides", [1] * rank), _is_padded_to_fit(node)
    for axis, (old, new) in enumerate(zip(before, after, strict=True)):
        overlap = dilations[axis] * (kernel[axis] - 1)
        fits = same or pads[axis] + pads[rank + axis] == overlap
        if strides[axis] == 1 and fits:
            yield new, old


def _top_k(node: ir.Node) -> Pairs:
    """Rule 4: pair all axes of a TopK but the one it sorts, and `k`."""
    before, count = _sizes(node.inputs[0]), node.inputs[1]
    if not before:
        return
    given = node.attributes.get("axis")
    axis = (-1 if given is None else given.as_int()) % len(before)
    for value in node.outputs:
        for other, new in enumerate(_sizes(value)):
            if other != axis:
                yield new, before[other]
            elif count is not None:
                yield from ((new, old) for old in _read_by(count.producer()))


def _broadcast(node: ir.Node) -> Pairs:
    """Rule 5: pair the sizes that all operands share."""
    after = _sizes(node.outputs[0])
    if any(value is None or value.shape is None for value in node.inputs):
        return
    yield from _shared([_sizes(value) for value in node.inputs], after)


def _shared(operands: Sequence[list[Size]], after: list[Size]) -> Pairs:
    """Pair the sizes of a broadcast result that are those of all operands."""
    for offset in range(1, len(after) + 1):
        found = {sizes[-offset] for sizes in operands if len(sizes) >= offset} - {1}
        if len(found) == 1:
            yield after[-offset], found.pop()


def _matmul(node: ir.Node) -> Pairs:
    """Rule 7: pair the sizes in front of both matrices that both have."""
    before = [_sizes(value)[:-2] for value in node.inputs]
    after = _sizes(node.outputs[0])[:-2]
    yield from _shared(before, after)


def _is_known(size: Size) -> bool:
    return isinstance(size, int)


def _is_padded_to_fit(node: ir.Node) -> bool:
    auto_pad = node.attributes.get("auto_pad")
    return auto_pad is not None and auto_pad.as_string().startswith("SAME")


def _ints(node: ir.Node, name: str, default: list[int]) -> list[int]:
    return list(node.attributes[name].as_ints()) if name in node.attributes else default


_WINDOWS = ("AveragePool", "Conv", "MaxPool")
_OF_ELEMENTS = ("Add", "And", "Div", "Max", "Min", "Mul", "Or", "Pow", "Sub", "Where")
_RULES: dict[str, Callable[[ir.Node], Pairs]] = {
    "Resize": _resize,
    "TopK": _top_k,
    "MatMul": _matmul,
    **dict.fromkeys(_OF_ELEMENTS, _broadcast),
    **dict.fromkeys(_WINDOWS, _window),
}
