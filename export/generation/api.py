"""`export_generator`: a causal language model as a folder that generates text."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from keras_acts.export import engines
from keras_acts.export.contexts import check_context
from keras_acts.export.errors import (
    NotProvenWarning,
    ParityError,
    UnsupportedOperationError,
)
from keras_acts.export.generation import folder as folders
from keras_acts.export.generation.causal_model import (
    BuildCache,
    CausalModel,
    causal_model,
)
from keras_acts.export.generation.description import (
    about,
    config_of,
    longest_sequence,
    stop_tokens,
)
from keras_acts.export.generation.layout import Layout, layout_of
from keras_acts.export.generation.loop_check import difference
from keras_acts.export.generation.random_runs import random_runs
from keras_acts.export.generation.runtime import Generator
from keras_acts.export.generation.step import Step, step_of
from keras_acts.export.options import ExportOptions, check_options
from keras_acts.export.parity import ParityReport
from keras_acts.export.parity.reference.choice import reference_of
from keras_acts.export.parity.tolerances import tolerance
from keras_acts.export.parity.verify import verify_reference
from keras_acts.export.trace import model_of
from keras_acts.export.write import finished, write_model


def export_generator(
    causal_lm: Any,
    folder: str | os.PathLike[str],
    *,
    build_cache: BuildCache | None = None,
    max_length: int | None = None,
    stop_token_ids: Sequence[int] | None = None,
    opset: int | None = None,
    target: str = "cpu",
    dtype: str | None = None,
    metadata: Mapping[str, str] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> ParityReport:
    """Export a causal language model with its cache, verified.

    The folder has one ONNX file, which computes a prompt and each token after it, and a
    `generation.json`; `Generator` runs it. The file takes tokens and the cache of those
    before them, and returns the logits of the next token and the longer cache.

    Args:
        causal_lm: A `CausalLM` of KerasHub, or any object with a method
            `call_with_cache(token_ids, cache, cache_update_index)` in `keras.ops` that
            returns a tuple, the logits first and the new cache last; or such a
            function.
        folder: The folder to write. Files of other names in it stay.
        build_cache: A function of the batch size and the number of tokens that returns
            an empty cache, any structure of tensors; by default the model's method
            `build_cache`, or what KerasHub's models have.
        max_length: The most tokens of a sequence; by default the backbone's
            `max_sequence_length`, if it has one.
        stop_token_ids: The tokens that end a sequence; by default the end token of
            the model's preprocessor, if it has one.
        opset: As for `to_onnx`.
        target: As for `to_onnx`.
        dtype: As for `to_onnx`; of the cache too.
        metadata: As for `to_onnx`.
        rtol: As for `verify`.
        atol: As for `verify`.
        seed: Of the caches and tokens that are compared.

    Returns:
        The report on the file: random tokens after random caches of several lengths.
        Besides, `Generator` has continued prompts, and taken the tokens that the model
        takes where it computes each sequence as a whole.

    Raises:
        UnsupportedOperationError: The model has no such call or cache, or something in
            it has no way into ONNX.
        ParityError: The answers or the tokens differ. An older folder is as it was.
        WriteError: The folder can't be written.
        OptionError: An option has a value that it can't have.

    Example:
        >>> export_generator(tiny_lm, "tiny-lm").status
        'passed'
        >>> Generator("tiny-lm").generate([1, 2, 3], max_length=6).shape
        (6,)
    """
    check_context()
    options = ExportOptions(opset=opset, target=target, dtype=dtype, metadata=metadata)
    check_options(options)
    limit = longest_sequence(causal_lm, max_length)
    stops = stop_tokens(causal_lm, stop_token_ids)
    model = causal_model(causal_lm, build_cache)
    with folders.written(folder) as scratch:
        step, converted = _converted(model, layout_of(model), options)
        config = config_of(step, converted.model, limit, stops)
        reports: list[ParityReport] = []

        def approve(candidate: str) -> str:
            report = verify_reference(
                reference_of(step.function, step.signature, converted.graph),
                candidate,
                inputs=random_runs(step, config.vocabulary_size, limit, seed),
                providers=("CPUExecutionProvider",),
                batch_sizes=(1,),
                rtol=rtol,
                atol=atol,
                seed=seed,
                strict_edges=False,
                generated=False,
            )
            if report.status not in ("passed", "not proven"):
                raise ParityError(_refusal(folder, str(report)), report)
            reports.append(report)
            return report.status

        write_model(
            finished(converted.model, options.dtype, options.metadata),
            scratch / folders.MODEL,
            approve=approve,
        )
        (report,) = reports
        folders.completed(scratch, config, about(model, step))
        precision = report.outputs[0].tolerance.precision
        wrong = difference(
            model, Generator(scratch), tolerance(precision, rtol, atol), seed
        )
        if wrong is not None:
            raise ParityError(_refusal(folder, wrong), report)
    if not report.passed:
        warnings.warn(_unproven(report, folder), NotProvenWarning, stacklevel=2)
    return report


def _converted(
    model: CausalModel, layout: Layout, options: ExportOptions
) -> tuple[Step, engines.Conversion]:
    """Convert a model's step, for one token at a time if no other way is there.

    A loop of Python over the tokens of a prompt has no way into ONNX; over one it has.
    """
    refused: list[UnsupportedOperationError] = []
    for at_once in (None, 1):
        step = step_of(model, layout, at_once)
        try:
            return step, engines.convert(_request(step, options))
        except UnsupportedOperationError as error:
            refused.append(error)
    raise refused[0]


def _request(step: Step, options: ExportOptions) -> engines.Request:
    given = {
        **vars(options),
        "input_signature": step.signature,
        "input_names": step.input_names,
        "output_names": step.output_names,
    }
    model = model_of(step.function)
    return engines.Request(model=model, size_names=step.size_names, **given)


def _refusal(folder: str | os.PathLike[str], reason: str) -> str:
    return (
        "The exported generator does not answer like the model; "
        f"{os.fspath(folder)} was not written.\n{reason}"
    )


def _unproven(report: ParityReport, folder: str | os.PathLike[str]) -> str:
    reasons = "; ".join(one for one in report.warnings if "not proven" in one)
    return (
        f"{os.fspath(folder)} was written, but it is not proven that it answers like "
        f"the model: {reasons}."
    )
