"""A quantization from the model read to the file written and the report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import onnx

from keras_acts.export.errors import OptionError
from keras_acts.export.parity import pairing
from keras_acts.export.parity.inputs.generator import Generator
from keras_acts.export.parity.inputs.sizes import searched as searched_sizes
from keras_acts.export.parity.onnx_model import OnnxModel
from keras_acts.export.parity.reference.base import Reference
from keras_acts.export.parity.report.quantization.records import (
    OutputAnswers,
    QuantizationReport,
    Speed,
    Status,
)
from keras_acts.export.parity.session import (
    NotLoadableError,
    Session,
    first_line,
    open_session,
)
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.parity.versions import versions
from keras_acts.export.quantization import (
    candidates,
    finish,
    methods,
    prepare,
    samples,
    search,
)
from keras_acts.export.quantization.measure import by_node, hardware
from keras_acts.export.quantization.measure.answers import Comparison
from keras_acts.export.quantization.measure.speed import speed
from keras_acts.export.quantization.ranges import ranges_of
from keras_acts.export.quantization.settings import Settings

_CPU = "CPUExecutionProvider"
_GENERATED = (32, 33)
"""The batch sizes of generated inputs."""

_FOR_NODES = 32
"""The samples on which results of inner nodes are compared."""


@dataclass(frozen=True)
class Work:
    """A quantization under way.

    Attributes:
        source: The model as it was given.
        original: The same, with its weights in memory.
        settings: What was asked for.
        data: The runs that give ranges, and those that measure answers.
        reference: The model whose answers are right.
        generator: What pairs the reference's inputs with the file's.
        mode: What is done: the mode asked for, or the dynamic one in its place.
    """

    source: OnnxModel
    original: onnx.ModelProto
    settings: Settings
    data: samples.Samples
    reference: Reference
    generator: Generator
    mode: str

    @classmethod
    def begun(
        cls,
        source: OnnxModel,
        reference: Reference,
        settings: Settings,
        calibration: Any,
        inputs: Any,
    ) -> Work:
        """Read the model and the data.

        Raises:
            OptionError: The data don't fit, or the model is quantized already.
        """
        original = prepare.loaded(source)
        generator = _generator(reference, source, settings.seed)
        static = settings.mode == "int8" and calibration is not None
        dynamic = settings.mode == "int8" and not static
        data = samples.samples(
            generator,
            calibration=calibration,
            inputs=inputs,
            static=static,
            most=settings.max_samples,
        )
        mode = "int8-dynamic" if dynamic else settings.mode
        return cls(source, original, settings, data, reference, generator, mode)

    def written(self, path: str | os.PathLike[str]) -> QuantizationReport:
        """Quantize, measure and write."""
        prepared, method = self._method()
        unknown = sorted(set(self.settings.keep_float) - set(method.nodes))
        if unknown:
            raise OptionError(
                "`keep_float` must have names of nodes that this mode quantizes, such "
                f"as {', '.join(map(repr, method.nodes[:3])) or 'none'}. "
                f"Received: {unknown}"
            )
        answers = self._reference_answers()

        def measure(model: onnx.ModelProto) -> tuple[OutputAnswers, ...]:
            compared = Comparison(self.settings)
            session = _opened(OnnxModel(model))
            for run, wanted in zip(self.data.evaluation, answers, strict=True):
                compared.add(wanted, session.tensors(self._feeds(run)))
            return compared.outputs()

        def errors(model: onnx.ModelProto) -> Any:
            runs = [self._feeds(run) for run in self._few()]
            return by_node.node_errors(prepared, model, method.nodes, runs)

        # Generated inputs don't tell which nodes matter.
        trials = self.settings.trials if self.data.own else 0
        found = search.searched(
            method, self.settings.keep_float, measure, errors, trials
        )
        model = finish.finished(found.model, self.original, method.name)
        status = self._status(found.outputs)
        finish.written(model, path, lambda _candidate: status)
        return self._report(path, method, found, errors(found.model), status)

    def _method(self) -> tuple[onnx.ModelProto, methods.Method]:
        """Return the prepared model, and how to quantize it."""
        if self.mode == "int8":
            prepared = prepare.optimized(self.original)
            feeds = map(self._feeds, self.data.calibration)
            ranges = ranges_of(prepared, candidates.STATIC, feeds, self.settings.ranges)
            return prepared, methods.static(prepared, ranges, self.settings)
        prepared = prepare.with_shapes(self.original)
        return prepared, _BY_MODE[self.mode](prepared, self.settings)

    def _reference_answers(self) -> list[dict[str, Array]]:
        with self.reference.unchanged():
            found = [
                {n: one.array for n, one in self.reference.answers(run).items()}
                for run in self.data.evaluation
            ]
        ports = [port.name for port in self.source.outputs]
        names = pairing.pair(list(found[0]), ports, "output")
        return [{names[n]: x for n, x in one.items()} for one in found]

    def _feeds(self, run: samples.Inputs) -> dict[str, Array]:
        return {
            one.port.name: one.feed(run[one.spec.name]) for one in self.generator.inputs
        }

    def _few(self) -> Iterator[samples.Inputs]:
        left = _FOR_NODES
        for run in self.data.evaluation:
            if left <= 0:
                return
            yield samples.first(run, left, self.generator)
            left -= samples.rows(run)

    def _status(self, outputs: Sequence[OutputAnswers]) -> Status:
        if not all(one.agrees for one in outputs):
            return "differs"
        return "agrees" if self.data.own else "not proven"

    def _report(
        self,
        path: str | os.PathLike[str],
        method: methods.Method,
        found: search.Found,
        nodes: Any,
        status: Status,
    ) -> QuantizationReport:
        asked = dict.fromkeys(self.settings.keep_float, "asked for")
        costly = dict.fromkeys(found.kept, "quantized, it costs most in answers")
        after = OnnxModel.read(path)
        return QuantizationReport(
            status=status,
            mode=self.settings.mode,
            method=method.name,
            measured_on=self.data.origin,
            samples=sum(map(samples.rows, self.data.evaluation)),
            outputs=found.outputs,
            bytes_before=self._bytes_before(),
            bytes_after=finish.size_with_weights(after.proto, path),
            speed=self._speed(path) if self.settings.speed else None,
            nodes=nodes,
            quantized=len(set(method.nodes) - {*asked, *costly}),
            kept=by_node.kept(found.model, self.mode, {**costly, **asked}),
            trials=found.trials if len(found.trials) > 1 else (),
            min_agreement=self.settings.min_agreement,
            max_error=self.settings.max_error,
            processor=hardware.processor(),
            warnings=tuple(self._warnings(method)),
            versions=versions(),
        )

    def _bytes_before(self) -> int:
        if self.source.path is None:
            return int(self.source.proto.ByteSize())
        return finish.size_with_weights(self.source.proto, self.source.path)

    def _speed(self, path: str | os.PathLike[str]) -> Speed:
        run = samples.first(self.data.evaluation[0], 1, self.generator)
        before, after = (_opened(x) for x in (self.source, OnnxModel.read(path)))
        return speed(before, after, self._feeds(run), samples.rows(run))

    def _warnings(self, method: methods.Method) -> Iterator[str]:
        if self.settings.mode == "int8" and self.mode == "int8-dynamic":
            yield (
                "without calibration data the ranges are found as the model runs; "
                "convolutions stay in float"
            )
        if self.data.repeated:
            yield "the answers were measured on the data that gave the ranges"
        if not method.nodes:
            yield "the model has nothing that this mode quantizes"


_BY_MODE = {
    "int8-dynamic": methods.dynamic,
    "int4-weights": methods.four_bits,
    "float16": methods.halves,
}


def _generator(reference: Reference, source: OnnxModel, seed: int) -> Generator:
    """Return what generates inputs that the reference takes."""
    try:
        paired = pairing.pair_inputs(reference.signature, source)
    except pairing.MismatchError as error:
        raise OptionError(
            f"`model` must be the one of the file. Received: {error}"
        ) from error
    generator = Generator(
        paired,
        reference.index_limits(),
        _GENERATED,
        seed,
        expected=reference.expected_ranges(),
        entries=reference.vocabulary_draws(),
    )

    def attempt(case: Any) -> str | None:
        try:
            reference.answers(case.inputs)
        except Exception as error:  # a model raises what it happens to
            return first_line(error)
        return None

    if generator.has_unknown_texts:
        return generator
    with reference.unchanged():
        return searched_sizes(generator, attempt)[0]


def _opened(model: OnnxModel) -> Session:
    try:
        return open_session(model, _CPU)
    except NotLoadableError as error:
        raise OptionError(
            f"onnxruntime must be able to load the model. Received: {error}"
        ) from error
