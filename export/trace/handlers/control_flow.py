"""Handlers of operations that call functions: conditions, loops, maps and scans.

Each traces the functions into subgraphs and records one node, with the shapes and
dtypes that the functions return. A condition that is known during tracing is evaluated
then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from keras import KerasTensor, ops

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.handlers.loop_carried import carried
from keras_acts.export.trace.handlers.registry import handler
from keras_acts.export.trace.keras_patches import reads
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.structure import flatten, flatten_with_path, map_structure
from keras_acts.export.trace.subgraph import Subgraph, like, spec_of
from keras_acts.export.trace.tensors import TracedTensor


@handler("core.Cond")
def _cond(recorder: Recorder, op: Any, pred: Any, true_fn: Any, false_fn: Any) -> Any:
    """Map `ops.cond` to a node with two subgraphs, or to the branch taken."""
    if not isinstance(pred, TracedTensor):
        return true_fn() if bool(pred) else false_fn()
    branches = [recorder.subgraph(true_fn), recorder.subgraph(false_fn)]
    return recorder.record_node(
        "core.Cond", (pred, *branches), {}, _merged(branches), op
    )


@handler("core.Switch")
def _switch(
    recorder: Recorder, op: Any, index: Any, branches: Sequence[Any], *operands: Any
) -> Any:
    """Map `ops.switch` to a node with a subgraph per branch, or to the branch taken."""
    if not isinstance(index, TracedTensor):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    traced = [recorder.subgraph(partial(branch, *operands)) for branch in branches]
    return recorder.record_node("core.Switch", (index, traced), {}, _merged(traced), op)


def _merged(branches: Sequence[Subgraph]) -> Any:
    """Return the common spec of the results of several branches.

    Raises:
        UnsupportedOperationError: Structures, ranks or dtypes differ.
    """
    first, *others = (map_structure(spec_of, branch.outputs) for branch in branches)
    leaves = [flatten(first), *map(flatten, others)]
    paths = [path for path, _ in flatten_with_path(first)]
    same_structure = all(
        paths == [path for path, _ in flatten_with_path(other)] for other in others
    )
    if not same_structure or not all(
        _compatible(*column) for column in zip(*leaves, strict=True)
    ):
        raise UnsupportedOperationError(
            "All branches must return the same structure, with the same ranks and "
            f"dtypes. Received: {[first, *others]}"
        )
    merged = iter([_common_spec(*column) for column in zip(*leaves, strict=True)])
    return map_structure(lambda _: next(merged), first)


def _compatible(*specs: Any) -> bool:
    """Whether all specs have the same rank and dtype, or all are None."""
    if any(spec is None for spec in specs):
        return all(spec is None for spec in specs)
    return len({(len(spec.shape), spec.dtype) for spec in specs}) == 1


def _common_spec(*specs: Any) -> Any:
    """Return a spec with the sizes that all specs share, None where they differ."""
    if specs[0] is None:
        return None
    sizes = zip(*(spec.shape for spec in specs), strict=True)
    shape = [one[0] if len(set(one)) == 1 else None for one in sizes]
    return KerasTensor(shape, specs[0].dtype)


@handler("core.Map")
def _map(recorder: Recorder, op: Any, f: Any, xs: Any) -> Any:
    """Map `ops.map` to a node with the subgraph of a step, whose results it stacks."""
    xs = map_structure(recorder.tensor, xs)
    body = recorder.subgraph(f, _first(xs))
    spec = _stacked(body.outputs, _length(xs))
    return recorder.record_node("core.Map", (body, xs), {}, spec, op)


@handler("core.VectorizedMap")
def _vectorized_map(recorder: Recorder, op: Any, elements: Any) -> Any:
    """Map `ops.vectorized_map` to a node with a subgraph, like `ops.map`."""
    elements = map_structure(recorder.tensor, elements)
    body = recorder.subgraph(op.function, _first(elements))
    spec = _stacked(body.outputs, _length(elements))
    return recorder.record_node(
        "core.VectorizedMap", (elements,), {}, spec, op, function=body
    )


@handler("core.Scan")
def _scan(recorder: Recorder, op: Any, f: Any, init: Any, xs: Any = None) -> Any:
    """Map `ops.scan` to a node with the subgraph of a step from a carry to the next."""
    init, xs = map_structure(recorder.tensor, (init, xs))
    body = recorder.subgraph(f, init, None if xs is None else _first(xs))
    carry, y = body.outputs
    finals = carried("The function of a scan", init, carry)
    length = _length(xs) if op.length is None else _known(op.length)
    return recorder.record_node(
        "core.Scan", (body, init, xs), {}, (finals, _stacked(y, length)), op
    )


def _first(xs: Any) -> Any:
    """Return the specs of the first elements: the shapes without the first axis."""
    return map_structure(lambda x: KerasTensor(tuple(x.shape)[1:], x.dtype), xs)


def _length(xs: Any) -> int | None:
    """Return the size of the first axis, if it is known of any tensor."""
    lengths = [x.shape[0] for x in flatten(xs)]
    return next((size for size in lengths if size is not None), None)


def _known(size: Any) -> int | None:
    return None if isinstance(size, TracedTensor) else int(size)


def _stacked(results: Any, length: int | None) -> Any:
    """Return the specs of the results of all steps, stacked along a new first axis."""

    def stack(result: Any) -> Any:
        spec = spec_of(result)
        return None if spec is None else KerasTensor((length, *spec.shape), spec.dtype)

    return map_structure(stack, results)


@handler("core.WhileLoop")
def _while_loop(recorder: Recorder, op: Any, loop_vars: Any) -> Any:
    """Map `ops.while_loop` to a node with the subgraphs of condition and body."""
    is_sequence = isinstance(loop_vars, list | tuple)
    variables = tuple(loop_vars) if is_sequence else (loop_vars,)
    variables = map_structure(recorder.tensor, variables)

    def step(*current: Any) -> Any:
        new = op.body(*current)
        return tuple(new) if isinstance(new, list | tuple) else (new,)

    body = recorder.subgraph(step, *variables)
    spec = carried("The body of a while loop", variables, body.outputs)
    condition = recorder.subgraph(op.cond, *variables)
    results = recorder.record_node(
        "core.WhileLoop", (variables,), {}, spec, op, cond=condition, body=body
    )
    return results if is_sequence else results[0]


@handler("core.ForiLoop")
def _fori_loop(recorder: Recorder, op: Any, init_val: Any) -> Any:
    """Map `ops.fori_loop` to a node with the subgraph of the body, `(i, state)`."""
    state = map_structure(recorder.tensor, init_val)
    body = recorder.subgraph(op.body_fun, KerasTensor((), "int32"), state)
    spec = carried("The body of a loop", state, body.outputs)
    ends = {
        name: end if isinstance(end, TracedTensor) else int(end)
        for name, end in (("lower", op.lower), ("upper", op.upper))
    }
    return recorder.record_node(
        "core.ForiLoop", (state,), {}, spec, op, body_fun=body, **ends
    )


@handler("core.AssociativeScan")
def _associative_scan(recorder: Recorder, op: Any, f: Any, elems: Any) -> Any:
    """Map `ops.associative_scan` to slices, concatenations and calls of the function.

    If the number of elements is unknown, it is a node with a subgraph that combines
    them one after the other.
    """
    elems = map_structure(recorder.tensor, elems)
    axis = op.axis % len(flatten(elems)[0].shape)
    counts = {x.shape[axis] for x in flatten(elems)}
    if None not in counts:
        (count,) = counts
        reversed_elems = map_structure(partial(ops.flip, axis=axis), elems)
        scanned = _in_pairs(f, reversed_elems if op.reverse else elems, axis, count)
        if not op.reverse:
            return scanned
        return map_structure(partial(ops.flip, axis=axis), scanned)

    def one_element(x: Any) -> Any:
        sizes = list(x.shape)
        sizes[axis] = 1
        return KerasTensor(sizes, x.dtype)

    single = map_structure(one_element, elems)
    body = recorder.subgraph(f, single, single)
    carried("The function of an associative scan", single, body.outputs)
    spec = map_structure(like, elems)
    return recorder.record_node("core.AssociativeScan", (body, elems), {}, spec, op)


def _in_pairs(f: Any, elems: Any, axis: int, count: int) -> Any:
    """Scan `count` elements as Keras does: recursively by pairs, then in between."""
    if count < 2:
        return elems
    cut = partial(_sliced, axis=axis)
    odd = _in_pairs(
        f, f(cut(elems, 0, -1, 2), cut(elems, 1, None, 2)), axis, count // 2
    )
    even = first = cut(elems, 0, 1)
    if count > 2:
        before = cut(odd, 0, (count - 1) // 2)
        rest = f(before, cut(elems, 2, None, 2))
        even = _map_pairs(lambda a, b: ops.concatenate([a, b], axis), first, rest)
    # Interleave the elements of even and odd indices.
    evens = (count + 1) // 2
    order = [i // 2 + (i % 2) * evens for i in range(count)]
    return _map_pairs(
        lambda a, b: ops.take(ops.concatenate([a, b], axis), order, axis), even, odd
    )


def _sliced(
    elems: Any, start: int, stop: int | None, step: int = 1, *, axis: int
) -> Any:
    key = (*[slice(None)] * axis, slice(start, stop, step))
    return map_structure(lambda x: x[key], elems)


def _map_pairs(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    rest = iter(flatten(b))
    return map_structure(lambda x: function(x, next(rest)), a)


def _call_cond(pred: Any, true_fn: Any, false_fn: Any) -> tuple[Any, Any]:
    return reads.operation("core.Cond"), (pred, true_fn, false_fn)


def _call_switch(index: Any, branches: Any, *operands: Any) -> tuple[Any, Any]:
    return reads.operation("core.Switch"), (index, branches, *operands)


def _call_map(f: Any, xs: Any) -> tuple[Any, Any]:
    return reads.operation("core.Map"), (f, xs)


def _call_vectorized_map(function: Any, elements: Any) -> tuple[Any, Any]:
    return reads.operation("core.VectorizedMap", function), (elements,)


def _call_scan(f: Any, init: Any, xs: Any = None, *args: Any, **kwargs: Any) -> Any:
    return reads.operation("core.Scan", *args, **kwargs), (f, init, xs)


def _call_associative_scan(f: Any, elems: Any, *args: Any, **kwargs: Any) -> Any:
    return reads.operation("core.AssociativeScan", *args, **kwargs), (f, elems)


def _call_while_loop(
    cond: Any, body: Any, loop_vars: Any, *args: Any, **kwargs: Any
) -> Any:
    return reads.operation("core.WhileLoop", cond, body, *args, **kwargs), (loop_vars,)


def _call_fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    return reads.operation("core.ForiLoop", lower, upper, body_fun), (init_val,)


CALLS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "associative_scan": _call_associative_scan,
    "cond": _call_cond,
    "fori_loop": _call_fori_loop,
    "map": _call_map,
    "scan": _call_scan,
    "switch": _call_switch,
    "vectorized_map": _call_vectorized_map,
    "while_loop": _call_while_loop,
}
"""For each function of the backend, by name: returns the Keras operation of a call and
the operation's arguments."""
