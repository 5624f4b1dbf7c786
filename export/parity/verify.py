"""Verify that an ONNX model computes what the Keras model computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import onnx

from keras_acts.export.contexts import check_context
from keras_acts.export.parity import pairing
from keras_acts.export.parity.apart.replay import verify_recorded
from keras_acts.export.parity.checks import check_comparison
from keras_acts.export.parity.inputs.case import Case
from keras_acts.export.parity.inputs.generator import Generator
from keras_acts.export.parity.inputs.sizes import Attempt, searched
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.providers import Provider, known_providers
from keras_acts.export.parity.reference.base import Reference
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.report.report import ParityReport
from keras_acts.export.parity.session import first_line
from keras_acts.export.parity.tolerances import coarsest, tolerance
from keras_acts.export.parity.verdict.evidence import Evidence, Keep
from keras_acts.export.parity.verdict.outcome import report_of
from keras_acts.export.saved_model import SavedModel


def verify(
    model: keras.Layer
    | SavedModel
    | Callable[..., Any]
    | str
    | os.PathLike[str]
    | bytes
    | onnx.ModelProto,
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

    Both run on the same inputs: random ones at several scales and batch sizes, integers
    within the vocabulary that they index, the edge inputs of activations, and the
    user's arrays. The Keras model is called with `training=False` and left unchanged.
    Inputs and outputs are paired by name, else by order.

    The user's arrays always decide the verdict. Generated inputs decide where Keras's
    output is finite, and the largest numbers only for a standalone activation; ±inf,
    NaN and subnormals are only reported.

    Args:
        model: A Keras model or layer, which must have been called unless it is
            Functional or Sequential; a function of layers, as `to_onnx` takes it; a
            SavedModel, which TensorFlow runs; another ONNX model, which onnxruntime
            runs on the CPU; or an `.npz` of answers that `keras-acts verify --record`
            wrote.
        onnx_model: A path, bytes, or a model in memory.
        input_signature: Shapes and dtypes of its inputs, as for `to_onnx`; needed for a
            function, and for a subclassed model with several arguments.
        inputs: Further arrays to compare on: one, several in order, or by input name;
            or a dataset that yields those, or pairs of those and labels. Many samples
            are compared in parts.
        providers: onnxruntime's providers, by full or short name ("cuda"), or as pairs
            of name and options. One that can't run is never replaced by another: the
            status is then "not run", and the report has not passed.
        batch_sizes: Batch sizes to compare on, if the model's batch size is unknown.
        rtol: Allowed relative error; by default the dtype's own.
        atol: Allowed absolute error; by default a share of the output's magnitude.
        seed: Seed of the random inputs.
        strict_edges: Whether every edge input decides, even where Keras's output is
            not finite.

    Returns:
        A `ParityReport`.

    Raises:
        ImportError: onnxruntime is not installed.
        FileNotFoundError: There is no such file.
        SignatureError: The inputs of the Keras model are unknown.
        ContextError: The call is inside `tf.function`, `jax.jit` or autocast.
        OptionError: An option is invalid, or `inputs` doesn't fit the model.
        ValueError: The file is not an ONNX model, or the model accepts no generated
            input.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), layers.Mish()])
        >>> verify(model, to_onnx(model)).status
        'passed'
    """
    if isinstance(model, str | os.PathLike) and os.fspath(model).endswith(".npz"):
        return verify_recorded(
            model,
            onnx_model,
            providers=providers,
            rtol=rtol,
            atol=atol,
            strict_edges=strict_edges,
        )
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
    generated: bool = True,
    keep: Keep | None = None,
) -> ParityReport:
    """Compare what a model is as a reference with an ONNX model, as `verify` does.

    Without `generated` ones, `inputs` are all that is compared. `keep` gets each run
    and the model's answers.
    """
    check_context()
    asked = known_providers(providers)
    check_comparison(
        batch_sizes=batch_sizes,
        rtol=rtol,
        atol=atol,
        seed=seed,
        strict_edges=strict_edges,
    )
    theirs = OnnxModel.read(onnx_model)
    precision = coarsest([reference.precision, *theirs.dtypes])
    evidence = Evidence(
        reference, theirs, tolerance(precision, rtol, atol), strict_edges, keep
    )
    try:
        paired = pairing.pair_inputs(reference.signature, theirs)
        generator = Generator(
            paired,
            reference.index_limits(),
            tuple(batch_sizes),
            seed,
            expected=reference.expected_ranges(),
            entries=reference.vocabulary_draws(),
        )
        sessions = evidence.open(asked)
        with reference.unchanged():
            if generated and sessions and not generator.has_unknown_texts:
                generator, refusal = searched(generator, _attempt(reference))
                evidence.refused |= {"inputs of any size": refusal} if refusal else {}
            generates = generated and not evidence.refused
            # Strings of which nothing is known can't be generated beside the user's.
            generates &= inputs is None or not generator.has_unknown_texts
            cases = list(_cases(reference, generator, inputs, precision, generates))
            evidence.gather(cases, paired, sessions)
    except pairing.MismatchError as error:
        evidence.problems.append(str(error))
    return report_of(evidence, batch_sizes=tuple(batch_sizes), seed=seed)


def _attempt(reference: Reference) -> Attempt:
    """Return what tries the model on inputs."""

    def attempt(case: Case) -> str | None:
        try:
            answers = reference.answers(case.inputs)
        except Exception as error:
            return first_line(error)
        empty = not any(one.array.size for one in answers.values())
        return "the outputs have no elements" if empty else None

    return attempt


def _cases(
    reference: Reference,
    generator: Generator,
    arrays: Any,
    precision: str,
    generates: bool,
) -> Iterator[Case]:
    if generates:
        yield from generator.random()
    if arrays is not None:
        yield from generator.from_arrays(arrays)
    if generates:
        yield from generator.edges(
            list(reference.edges(precision)), standalone=reference.standalone
        )
