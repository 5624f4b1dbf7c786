"""JAX's exporter: jax2onnx, of a layer's call with symbolic sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import onnx_ir as ir

from keras_acts.export.engines.islands.exported import Exported, require
from keras_acts.export.errors import UnsupportedOperationError
from keras_acts.export.silence import quiet
from keras_acts.export.trace import Island
from keras_acts.export.trace.islands.island_sizes import Sizes, guesses
from keras_acts.export.trace.keras_patches.float64 import jax_float64

NAME = "jax2onnx"


def version() -> str:
    """Return the version of jax2onnx."""
    from importlib.metadata import version

    return version(NAME)


def export(island: Island, opset: int, _target: str) -> Exported:
    """Convert an island with jax2onnx.

    Raises:
        EngineError: jax2onnx is not installed.
        UnsupportedOperationError: The code depends on sizes.
    """
    require(NAME, (NAME,), "jax")
    with quiet(NAME, "absl", "flax", "onnx_ir"):
        import jax2onnx

        sizes = _fitting(island)
        _check_sizes(island, sizes)
        given = [*_weights(island), *_specs(island, _symbolic(sizes))]
        # jax2onnx would switch the whole process, and after a scope leave it switched.
        with jax_float64(_is_double(island)):
            model = jax2onnx.to_onnx(
                _function(island),
                given,
                opset=opset,
                return_mode="ir",
                enable_double_precision=_is_double(island),
            )
    assert isinstance(model, ir.Model)
    return Exported(model)


def _function(island: Island) -> Any:
    count = len(island.variables)

    def call(*tensors: Any) -> Any:
        results = island(tensors[count:], tensors[:count])
        return results[0] if len(results) == 1 else tuple(results)

    return call


def _symbolic(sizes: Sizes) -> list[tuple[Any, ...]]:
    """Return the shapes with a symbolic size of JAX for each group."""
    from jax import export

    if not sizes.examples:
        return sizes.example()
    names = [f"d{group}" for group in range(len(sizes.examples))]
    symbols = export.symbolic_shape(
        ", ".join(names), constraints=[f"{name} >= 1" for name in names]
    )
    return sizes.mapped(symbols.__getitem__)


def _specs(island: Island, shapes: Sequence[tuple[Any, ...]]) -> list[Any]:
    import jax

    return [
        jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(spec.dtype))
        for shape, spec in zip(shapes, island.specs, strict=True)
    ]


def _weights(island: Island) -> list[Any]:
    import jax

    return [
        jax.ShapeDtypeStruct(tuple(v.shape), jax.dtypes.canonicalize_dtype(v.dtype))
        for v in island.variables
    ]


def _is_double(island: Island) -> bool:
    taken = (*_weights(island), *_specs(island, [()] * len(island.specs)))
    return any(str(one.dtype) == "float64" for one in taken)


def _fitting(island: Island) -> Sizes:
    """Return the freest guess of equal sizes for which JAX can trace the layer."""
    import jax

    assert island.returns is not None
    found = [island.returns.sizes, *guesses([spec.shape for spec in island.specs])]
    for one in found:
        try:
            jax.eval_shape(
                _function(island), *_weights(island), *_specs(island, _symbolic(one))
            )
        except Exception:  # of the model's own code, of any kind
            continue
        return one
    return found[0]


def _check_sizes(island: Island, sizes: Sizes) -> None:
    """Refuse code that does something else on other sizes.

    JAX takes a symbolic size for different from any number, so that a condition on it
    is decided without a word.

    Raises:
        UnsupportedOperationError: The layer does other things on other sizes.
    """
    import jax

    if not sizes.examples:
        return
    seen: set[tuple[str, ...]] = set()
    for shapes in (one.example() for one in sizes.others()):
        try:
            made = jax.make_jaxpr(_function(island))(
                *_weights(island), *_specs(island, shapes)
            )
        except Exception:  # these sizes don't fit
            continue
        seen.add(tuple(_primitives(made.jaxpr)))
    if len(seen) > 1:
        raise UnsupportedOperationError(
            "its code does one thing or another depending on a size, which would be "
            "decided for good: use `keras.ops.cond`, or give the size. "
            f"Received: {len(seen)} different sequences of operations for several sizes"
        )


def _primitives(jaxpr: Any) -> Iterator[str]:
    """Yield the names of all operations of a jaxpr, and of those inside them."""
    import jax

    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in jax.core.jaxprs_in_params(equation.params):
            yield from _primitives(inner)
