"""Does an ONNX model answer as the Keras model does? The flow of a verification."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import onnx

from keras_acts.export.parity import pairing
from keras_acts.export.parity.evidence import Evidence
from keras_acts.export.parity.inputs import Case, Generator
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.base import Reference
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.report.report import ParityReport
from keras_acts.export.parity.session import Provider, known_providers
from keras_acts.export.parity.tolerances import coarsest, tolerance
from keras_acts.export.saved_model import SavedModel


def verify(
    model: keras.Model | SavedModel,
    onnx_model: str | os.PathLike[str] | bytes | onnx.ModelProto,
    *,
    input_signature: Any = None,
    inputs: Any = None,
    providers: Sequence[Provider] = ("CPUExecutionProvider",),
    batch_sizes: Sequence[int] = (1, 3),
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    strict_edges: bool = False,
) -> ParityReport:
    """Compare a Keras model with an ONNX model under onnxruntime.

    Both answer the same inputs: random ones at several scales and batch sizes, integers
    within the vocabulary that looks them up, the edge inputs of activations, and the
    user's own arrays. The Keras model is called with `training=False` and left as it
    was. Inputs and outputs belong together by name, else by order.

    The user's arrays decide the verdict whatever Keras answers. Generated inputs decide
    where Keras's answer is finite, and the largest numbers only for a lone activation;
    ±inf, NaN and subnormals are reported.

    Args:
        model: A Keras model; one that is no Functional or Sequential model must have
            been called; or a SavedModel, which TensorFlow runs.
        onnx_model: A path, bytes, or a model in memory.
        input_signature: Shapes and dtypes of its inputs, as for `to_onnx`; needed for a
            subclassed model of several arguments.
        inputs: Arrays to compare on besides: one, several in order, or by input name.
        providers: onnxruntime's providers, by full or short name ("cuda"), or as pairs
            of name and options. One that cannot run is never replaced by another: the
            status is then "not run", and the report has not passed.
        batch_sizes: Batch sizes to compare on, where the model leaves it open.
        rtol: Allowed relative error; by default the dtype's own.
        atol: Allowed absolute error; by default a share of the output's magnitude.
        seed: Seed of the random inputs.
        strict_edges: Let every edge input decide, and answers that are not finite.

    Returns:
        A `ParityReport`.

    Raises:
        ImportError: onnxruntime is not installed.
        FileNotFoundError: There is no such file.
        SignatureError: The inputs of the Keras model are unknown.
        ValueError: An argument is wrong, the file is no ONNX model, or inputs that the
            model takes could not be made up.
    """
    return verify_reference(
        reference_of(model, input_signature),
        onnx_model,
        inputs=inputs,
        providers=providers,
        batch_sizes=batch_sizes,
        rtol=rtol,
        atol=atol,
        seed=seed,
        strict_edges=strict_edges,
    )


def verify_reference(
    reference: Reference,
    onnx_model: str | os.PathLike[str] | bytes | onnx.ModelProto,
    *,
    inputs: Any,
    providers: Sequence[Provider],
    batch_sizes: Sequence[int],
    rtol: float | None,
    atol: float | None,
    seed: int,
    strict_edges: bool,
) -> ParityReport:
    """Compare what a model is as a reference with an ONNX model, as `verify` does."""
    asked = known_providers(providers)
    _check_batch_sizes(batch_sizes)
    theirs = OnnxModel.read(onnx_model)
    precision = coarsest([reference.precision, *theirs.dtypes])
    evidence = Evidence(
        reference, theirs, tolerance(precision, rtol, atol), strict_edges
    )
    try:
        paired = pairing.pair_inputs(reference.signature, theirs)
        generator = Generator(
            paired, reference.index_limits(), tuple(batch_sizes), seed
        )
        cases = list(_cases(reference, generator, inputs, precision))
        sessions = evidence.open(asked)
        with reference.unchanged():
            evidence.gather(cases, paired, sessions)
    except pairing.MismatchError as error:
        evidence.problems.append(str(error))
    return evidence.report(batch_sizes=tuple(batch_sizes), seed=seed)


def _check_batch_sizes(sizes: Sequence[int]) -> None:
    if not sizes or not all(isinstance(n, int) and n > 0 for n in sizes):
        raise ValueError(
            "`batch_sizes` must be a non-empty sequence of positive integers. "
            f"Received: batch_sizes={sizes!r}"
        )


def _cases(
    reference: Reference, make: Generator, own: Any, precision: str
) -> Iterator[Case]:
    texts = any(spec.dtype == "string" for spec in reference.signature.inputs)
    made_up = own is None or not texts  # texts can't be
    if made_up:
        yield from make.random()
    if own is not None:
        yield make.own(own)
    if made_up:
        yield from make.edges(list(reference.edges(precision)), lone=reference.lone)
