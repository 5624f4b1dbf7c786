"""Each mode: from the prepared model to one in lower precision."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from keras_acts.export.errors import GraphError, OptionError
from keras_acts.export.parity.session import first_line
from keras_acts.export.quantization import candidates, prepare
from keras_acts.export.quantization.settings import Settings
from keras_acts.export.quantization.silence import quiet

_BLOCKS_IN_STANDARD = 21
"""The first opset whose DequantizeLinear has 4 bits and blocks."""

_SUMS_OF_INTEGERS = 4
"""MatMulNBits rounds what it multiplies to 8 bits too: its quickest kernels."""


@dataclass(frozen=True)
class Method:
    """How a model is quantized; the search runs it several times.

    Attributes:
        name: The mode in words, as metadata and report have it.
        nodes: The nodes that it can quantize, by name.
        run: Quantizes a copy of the model, all those nodes but some.
    """

    name: str
    nodes: tuple[str, ...]
    run: Callable[[Collection[str]], onnx.ModelProto]


def static(proto: onnx.ModelProto, ranges: Any, settings: Settings) -> Method:
    """Weights and activations in 8 bits, by QuantizeLinear and DequantizeLinear."""
    chosen = candidates.named(proto, candidates.STATIC)
    types = candidates.types(proto)

    def run(left_out: Collection[str]) -> onnx.ModelProto:
        from onnxruntime.quantization import QDQQuantizer, QuantType

        nodes = [name for name in chosen if name not in left_out]
        if not nodes:
            return _copy(proto)
        quantizer = QDQQuantizer(
            _copy(proto),
            settings.per_channel,
            settings.reduce_range,
            QuantType.QInt8,
            QuantType.QUInt8,
            ranges,
            nodes,
            [],
            sorted({types[name] for name in nodes}),
            # A product's result goes on as float: its kernel gives it, bias and all.
            {
                "MatMulConstBOnly": True,
                "OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"],
            },
        )
        quantizer.quantize_model()
        result: onnx.ModelProto = quantizer.model.model
        return result

    name = ", ".join(["int8 static", settings.ranges, *_width(settings)])
    return Method(name, tuple(chosen), _checked(run))


def dynamic(proto: onnx.ModelProto, settings: Settings) -> Method:
    """Weights in 8 bits, activations when the model runs."""
    proto = _without_gemm(proto)
    chosen = candidates.named(proto, candidates.DYNAMIC)
    types = candidates.types(proto)

    def run(left_out: Collection[str]) -> onnx.ModelProto:
        nodes = [name for name in chosen if name not in left_out]
        return _dynamic(proto, nodes, types, settings) if nodes else _copy(proto)

    name = ", ".join(["int8 dynamic", *_width(settings)])
    return Method(name, tuple(chosen), _checked(run))


def four_bits(proto: onnx.ModelProto, settings: Settings) -> Method:
    """Weights of products in 4 bits, block by block; tables of embeddings in 8."""
    standard = settings.standard_operators
    if standard and prepare.opset(proto) < _BLOCKS_IN_STANDARD:
        raise OptionError(
            "`standard_operators` must be False below opset 21, whose DequantizeLinear "
            "is the first with 4 bits. Received: standard_operators=True, for a model "
            f"of opset {prepare.opset(proto)}"
        )
    proto = _without_gemm(proto)
    chosen = candidates.named(proto, candidates.FOUR_BITS)
    types = candidates.types(proto)

    def run(left_out: Collection[str]) -> onnx.ModelProto:
        nodes = [name for name in chosen if name not in left_out]
        products = [name for name in nodes if types[name] == "MatMul"]
        tables = [name for name in nodes if types[name] == "Gather"]
        model = _copy(proto)
        if tables:
            model = _dynamic(model, tables, types, settings)
        if products:
            model = _four_bits(model, products, settings, standard=standard)
        return model

    form = "standard operators" if standard else "MatMulNBits"
    name = f"int4 weights, blocks of {settings.block_size}, {form}"
    return Method(name, tuple(chosen), _checked(run))


def halves(proto: onnx.ModelProto, _settings: Settings) -> Method:
    """Weights and arithmetic in float16; inputs and outputs keep their dtypes."""
    chosen = tuple(node.name for node in proto.graph.node)

    def run(left_out: Collection[str]) -> onnx.ModelProto:
        from onnxruntime.transformers.float16 import convert_float_to_float16

        model: onnx.ModelProto = convert_float_to_float16(
            _copy(proto), keep_io_types=True, node_block_list=sorted(left_out)
        )
        return model

    return Method("float16", chosen, _checked(run))


def _width(settings: Settings) -> list[str]:
    axis = "a scale per channel" if settings.per_channel else "a scale per tensor"
    return [axis, "7-bit weights" if settings.reduce_range else "8-bit weights"]


def _dynamic(
    proto: onnx.ModelProto,
    nodes: list[str],
    types: Mapping[str, str],
    settings: Settings,
) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "quantized.onnx")
        quantize_dynamic(
            _copy(proto),
            path,
            op_types_to_quantize=sorted({types[name] for name in nodes}),
            per_channel=settings.per_channel,
            reduce_range=settings.reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=nodes,
            use_external_data_format=True,
        )
        return onnx.load(path)


def _four_bits(
    model: onnx.ModelProto, nodes: list[str], settings: Settings, *, standard: bool
) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization import matmul_nbits_quantizer as four

    others = [n.name for n in prepare.nodes(model.graph) if n.name not in set(nodes)]
    quantizer = four.MatMulNBitsQuantizer(
        model,
        block_size=settings.block_size,
        is_symmetric=False,
        accuracy_level=_SUMS_OF_INTEGERS,
        nodes_to_exclude=others,
        quant_format=QuantFormat.QDQ if standard else QuantFormat.QOperator,
    )
    quantizer.process()
    result: onnx.ModelProto = quantizer.model.model
    return result


def _without_gemm(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose products have no bias of their own, as kernels need it."""
    from onnxruntime.quantization.onnx_model import ONNXModel

    copy = ONNXModel(_copy(proto))
    copy.replace_gemm_with_matmul()
    copy.clean_initializers()
    result: onnx.ModelProto = copy.model
    return result


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


def _checked(
    run: Callable[[Collection[str]], onnx.ModelProto],
) -> Callable[[Collection[str]], onnx.ModelProto]:
    """Keep what the quantizer prints, and give its errors a type of ours."""

    def quantized(left_out: Collection[str]) -> onnx.ModelProto:
        try:
            with quiet():
                return run(left_out)
        except Exception as error:  # it raises what it happens to
            raise GraphError(
                "onnxruntime's quantizer must be able to take the model. "
                f"Received: {type(error).__name__}: {first_line(error)}"
            ) from error

    return quantized
