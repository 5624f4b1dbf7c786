"""Operations that run functions: conditions, loops, maps and scans.

Each rule traces the functions into subgraphs and records one node, whose shapes and
dtypes are those that the functions return. A condition that is known while the model is
traced is decided then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from keras import KerasTensor, ops

from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.trace.handlers.loop_carried import carried
from keras_acts.export.trace.handlers.registry import rule
from keras_acts.export.trace.keras_patches import private
from keras_acts.export.trace.protocol import Tracing
from keras_acts.export.trace.structure import flatten, flatten_with_path, map_structure
from keras_acts.export.trace.subgraph import Subgraph, like, spec_of
from keras_acts.export.trace.tensors import TracedTensor


@rule("core.Cond")
def _cond(tracing: Tracing, op: Any, pred: Any, true_fn: Any, false_fn: Any) -> Any:
    if not isinstance(pred, TracedTensor):
        return true_fn() if bool(pred) else false_fn()
    branches = [tracing.subgraph(true_fn), tracing.subgraph(false_fn)]
    return tracing.record("core.Cond", (pred, *branches), {}, _merged(branches), op)


@rule("core.Switch")
def _switch(
    tracing: Tracing, op: Any, index: Any, branches: Sequence[Any], *operands: Any
) -> Any:
    if not isinstance(index, TracedTensor):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    traced = [tracing.subgraph(partial(branch, *operands)) for branch in branches]
    return tracing.record("core.Switch", (index, traced), {}, _merged(traced), op)


def _merged(branches: Sequence[Subgraph]) -> Any:
    """Return what several branches return, of which one runs."""
    first, *others = (map_structure(spec_of, branch.outputs) for branch in branches)
    leaves = [flatten(first), *map(flatten, others)]
    paths = [path for path, _ in flatten_with_path(first)]
    alike = all(
        paths == [path for path, _ in flatten_with_path(other)] for other in others
    )
    if not alike or not all(_fit(*column) for column in zip(*leaves, strict=True)):
        raise UnsupportedOperationError(
            "All branches must return the same structure, of the same ranks and "
            f"dtypes. Received: {[first, *others]}"
        )
    merged = iter([_any_size(*column) for column in zip(*leaves, strict=True)])
    return map_structure(lambda _: next(merged), first)


def _fit(*specs: Any) -> bool:
    if any(spec is None for spec in specs):
        return all(spec is None for spec in specs)
    return len({(len(spec.shape), spec.dtype) for spec in specs}) == 1


def _any_size(*specs: Any) -> Any:
    """Return the spec with the sizes that all have, unknown where they differ."""
    if specs[0] is None:
        return None
    sizes = zip(*(spec.shape for spec in specs), strict=True)
    shape = [one[0] if len(set(one)) == 1 else None for one in sizes]
    return KerasTensor(shape, specs[0].dtype)


@rule("core.Map")
def _map(tracing: Tracing, op: Any, f: Any, xs: Any) -> Any:
    xs = map_structure(tracing.tensor, xs)
    body = tracing.subgraph(f, _first(xs))
    spec = _stacked(body.outputs, _length(xs))
    return tracing.record("core.Map", (body, xs), {}, spec, op)


@rule("core.VectorizedMap")
def _vectorized_map(tracing: Tracing, op: Any, elements: Any) -> Any:
    elements = map_structure(tracing.tensor, elements)
    body = tracing.subgraph(op.function, _first(elements))
    spec = _stacked(body.outputs, _length(elements))
    return tracing.record(
        "core.VectorizedMap", (elements,), {}, spec, op, function=body
    )


@rule("core.Scan")
def _scan(tracing: Tracing, op: Any, f: Any, init: Any, xs: Any = None) -> Any:
    init, xs = map_structure(tracing.tensor, (init, xs))
    body = tracing.subgraph(f, init, None if xs is None else _first(xs))
    carry, y = body.outputs
    finals = carried("The function of a scan", init, carry)
    length = _length(xs) if op.length is None else _known(op.length)
    return tracing.record(
        "core.Scan", (body, init, xs), {}, (finals, _stacked(y, length)), op
    )


def _first(xs: Any) -> Any:
    return map_structure(lambda x: KerasTensor(tuple(x.shape)[1:], x.dtype), xs)


def _length(xs: Any) -> int | None:
    lengths = [x.shape[0] for x in flatten(xs)]
    return next((size for size in lengths if size is not None), None)


def _known(size: Any) -> int | None:
    return None if isinstance(size, TracedTensor) else int(size)


def _stacked(results: Any, length: int | None) -> Any:
    def stack(result: Any) -> Any:
        spec = spec_of(result)
        return None if spec is None else KerasTensor((length, *spec.shape), spec.dtype)

    return map_structure(stack, results)


@rule("core.WhileLoop")
def _while_loop(tracing: Tracing, op: Any, loop_vars: Any) -> Any:
    several = isinstance(loop_vars, list | tuple)
    variables = tuple(loop_vars) if several else (loop_vars,)
    variables = map_structure(tracing.tensor, variables)

    def step(*present: Any) -> Any:
        new = op.body(*present)
        return tuple(new) if isinstance(new, list | tuple) else (new,)

    body = tracing.subgraph(step, *variables)
    spec = carried("The body of a while loop", variables, body.outputs)
    condition = tracing.subgraph(op.cond, *variables)
    results = tracing.record(
        "core.WhileLoop", (variables,), {}, spec, op, cond=condition, body=body
    )
    return results if several else results[0]


@rule("core.ForiLoop")
def _fori_loop(tracing: Tracing, op: Any, init_val: Any) -> Any:
    state = map_structure(tracing.tensor, init_val)
    body = tracing.subgraph(op.body_fun, KerasTensor((), "int32"), state)
    spec = carried("The body of a loop", state, body.outputs)
    ends = {
        name: end if isinstance(end, TracedTensor) else int(end)
        for name, end in (("lower", op.lower), ("upper", op.upper))
    }
    return tracing.record(
        "core.ForiLoop", (state,), {}, spec, op, body_fun=body, **ends
    )


@rule("core.AssociativeScan")
def _associative_scan(tracing: Tracing, op: Any, f: Any, elems: Any) -> Any:
    """As Keras combines them, where the number is known; else one after the other."""
    elems = map_structure(tracing.tensor, elems)
    axis = op.axis % len(flatten(elems)[0].shape)
    counts = {x.shape[axis] for x in flatten(elems)}
    if None not in counts:
        (count,) = counts
        backwards = map_structure(partial(ops.flip, axis=axis), elems)
        scanned = _in_pairs(f, backwards if op.reverse else elems, axis, count)
        if not op.reverse:
            return scanned
        return map_structure(partial(ops.flip, axis=axis), scanned)

    def one(x: Any) -> Any:
        sizes = list(x.shape)
        sizes[axis] = 1
        return KerasTensor(sizes, x.dtype)

    single = map_structure(one, elems)
    body = tracing.subgraph(f, single, single)
    carried("The function of an associative scan", single, body.outputs)
    spec = map_structure(like, elems)
    return tracing.record("core.AssociativeScan", (body, elems), {}, spec, op)


def _in_pairs(f: Any, elems: Any, axis: int, count: int) -> Any:
    """Scan `count` elements: pairs first, then what lies between the pairs."""
    if count < 2:
        return elems
    cut = partial(_cut, axis=axis)
    odd = _in_pairs(
        f, f(cut(elems, 0, -1, 2), cut(elems, 1, None, 2)), axis, count // 2
    )
    even = first = cut(elems, 0, 1)
    if count > 2:
        before = cut(odd, 0, (count - 1) // 2)
        rest = f(before, cut(elems, 2, None, 2))
        even = _both(lambda a, b: ops.concatenate([a, b], axis), first, rest)
    # Places of the even ones and the odd ones, in turn.
    evens = (count + 1) // 2
    order = [i // 2 + (i % 2) * evens for i in range(count)]
    return _both(
        lambda a, b: ops.take(ops.concatenate([a, b], axis), order, axis), even, odd
    )


def _cut(elems: Any, start: int, stop: int | None, step: int = 1, *, axis: int) -> Any:
    key = (*[slice(None)] * axis, slice(start, stop, step))
    return map_structure(lambda x: x[key], elems)


def _both(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    rest = iter(flatten(b))
    return map_structure(lambda x: function(x, next(rest)), a)


def _call_cond(pred: Any, true_fn: Any, false_fn: Any) -> tuple[Any, Any]:
    return private.operation("core.Cond"), (pred, true_fn, false_fn)


def _call_switch(index: Any, branches: Any, *operands: Any) -> tuple[Any, Any]:
    return private.operation("core.Switch"), (index, branches, *operands)


def _call_map(f: Any, xs: Any) -> tuple[Any, Any]:
    return private.operation("core.Map"), (f, xs)


def _call_vectorized_map(function: Any, elements: Any) -> tuple[Any, Any]:
    return private.operation("core.VectorizedMap", function), (elements,)


def _call_scan(f: Any, init: Any, xs: Any = None, *args: Any, **kwargs: Any) -> Any:
    return private.operation("core.Scan", *args, **kwargs), (f, init, xs)


def _call_associative_scan(f: Any, elems: Any, *args: Any, **kwargs: Any) -> Any:
    return private.operation("core.AssociativeScan", *args, **kwargs), (f, elems)


def _call_while_loop(
    cond: Any, body: Any, loop_vars: Any, *args: Any, **kwargs: Any
) -> Any:
    return private.operation("core.WhileLoop", cond, body, *args, **kwargs), (
        loop_vars,
    )


def _call_fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    return private.operation("core.ForiLoop", lower, upper, body_fun), (init_val,)


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
"""By the name of a function of the backend: what makes of its arguments the operation
that stands for the call, and the arguments of that."""
