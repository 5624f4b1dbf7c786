"""`keras-acts verify`: compare a model, or recorded answers, with an ONNX file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_acts._files import regular_size
from keras_acts._onnx_files import read_proto
from keras_acts.cli import options, reports, signatures
from keras_acts.cli.codes import BY_STATUS, Code, CommandError
from keras_acts.cli.terminal import answer, progress, quieten_onnxruntime

if TYPE_CHECKING:
    from keras_acts.export import ParityReport

Record = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="FILE",
        help="Save the inputs and the model's answers as .npz, to compare with where "
        "the model can't run.",
    ),
]


def run(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="A .keras or .h5 file, a SavedModel folder, another .onnx file, or an "
            ".npz of recorded answers.",
        ),
    ],
    onnx: Annotated[Path, typer.Argument(metavar="ONNX", help="The .onnx file.")],
    input_signature: signatures.InputSignature = None,
    providers: options.Providers = None,
    batch_sizes: options.BatchSizes = "1,3",
    inputs: options.Inputs = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    seed: options.Seed = 0,
    strict_edges: options.StrictEdges = False,
    report: reports.Report = None,
    record: Record = None,
    unsafe: options.Unsafe = False,
    modules: options.Imports = None,
    signature: options.Signature = None,
    max_unpacked: options.MaxUnpacked = None,
    max_memory: options.MaxMemory = None,
    as_json: options.Json = False,
) -> None:
    """Compare a model, or recorded answers, with an ONNX file under onnxruntime."""

    def work() -> tuple[Mapping[str, Any], str, Code]:
        specs = signatures.parsed(input_signature)
        settings = options.parity_settings(
            providers=providers,
            batch_sizes=batch_sizes,
            inputs=inputs,
            rtol=rtol,
            atol=atol,
            seed=seed,
            strict_edges=strict_edges,
        )
        reports.check(report)
        _check_record(record, model)
        if specs and model.suffix in (".onnx", ".npz"):
            raise CommandError(
                "--input-signature is for Keras models. "
                f"Received: --input-signature with {model}"
            )
        loaded: Any = None
        if model.suffix == ".npz":
            found = _recorded(model, onnx, settings)
        elif model.suffix == ".onnx" and not model.is_dir():
            read_proto(model)
            read_proto(onnx)
            found = _compared(model, onnx, settings, specs, record)
        else:
            from keras_acts.cli.loading import check_model_path

            check_model_path(model, max_unpacked)
            read_proto(onnx)
            loaded = _loaded(model, unsafe, modules or (), signature)
            found = _compared(loaded, onnx, settings, specs, record, name=model)
        content = {"model": str(model), "onnx": str(onnx), "report": found.to_dict()}
        saved = reports.save(found, report, loaded, onnx if loaded else None)
        if record is not None:
            saved.append(f"wrote {record}")
        return content, "\n".join([str(found), *saved]), BY_STATUS[found.status]

    answer(work, as_json=as_json, memory=max_memory)


def _loaded(
    model: Path, unsafe: bool, modules: Iterable[str], signature: str | None
) -> Any:
    from keras_acts.cli.loading import load

    return load(model, unsafe=unsafe, modules=modules, signature=signature)


def _compared(
    model: Any,
    onnx: Path,
    settings: Mapping[str, Any],
    specs: list[signatures.Spec],
    record: Path | None,
    *,
    name: Path | None = None,
) -> ParityReport:
    from keras_acts.cli.loading import import_keras

    import_keras()
    from keras_acts.export.parity.apart.recording import Recorder
    from keras_acts.export.parity.reference.choice import reference_of
    from keras_acts.export.parity.verify import verify_reference

    given = signatures.built(specs, model) if name else None
    reference = reference_of(model, given)
    quieten_onnxruntime()
    recorder = Recorder(reference)
    with progress(f"Comparing {name or model} with {onnx}"):
        found = verify_reference(
            reference, onnx, **settings, keep=recorder.keep if record else None
        )
        if record is not None:
            recorder.save(record)
    return found


def _recorded(recorded: Path, onnx: Path, settings: Mapping[str, Any]) -> ParityReport:
    regular_size(recorded, "MODEL")
    read_proto(onnx)
    from keras_acts.export.parity.apart.replay import verify_recorded

    quieten_onnxruntime()
    if settings["inputs"] is not None:
        raise CommandError(
            "--inputs must be left out where the answers are recorded. "
            f"Received: --inputs with {recorded}"
        )
    kept = ("providers", "rtol", "atol", "strict_edges")
    with progress(f"Comparing {recorded} with {onnx}"):
        return verify_recorded(recorded, onnx, **{key: settings[key] for key in kept})


def _check_record(record: Path | None, model: Path) -> None:
    if record is None:
        return
    if record.suffix != ".npz" or not record.parent.is_dir():
        raise CommandError(
            f"--record must be a .npz file in a folder that exists. Received: {record}"
        )
    if model.suffix == ".npz":
        raise CommandError(
            "--record must be left out where the answers are recorded. "
            f"Received: --record with {model}"
        )
