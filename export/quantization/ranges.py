"""The ranges of activations, from calibration data that pass through once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from keras_acts.export.errors import GraphError
from keras_acts.export.parity.session import first_line
from keras_acts.export.parity.tolerances import Array
from keras_acts.export.quantization.silence import quiet

Feeds = Mapping[str, Array]

# onnxruntime's own number of bins for entropy leaves one choice: the whole range.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "percentile": {"num_bins": 2048, "percentile": 99.999},
    "entropy": {"num_bins": 512, "num_quantized_bins": 128},
    "minmax": {},
}
_METHODS = {"percentile": "Percentile", "entropy": "Entropy", "minmax": "MinMax"}


class _One:
    """A reader of one batch, as a calibrator takes its data."""

    def __init__(self, feeds: Feeds) -> None:
        self._left: list[dict[str, Array]] = [dict(feeds)]

    def get_next(self) -> dict[str, Array] | None:
        """Return the batch, then None."""
        return self._left.pop() if self._left else None


def ranges_of(
    proto: onnx.ModelProto, op_types: Sequence[str], batches: Iterable[Feeds], how: str
) -> Any:
    """Return onnxruntime's record of the range of each activation.

    Its calibrators keep all that they are given at once, so they get batch by batch.

    Args:
        proto: The prepared model.
        op_types: The operators whose inputs and outputs need a range.
        batches: Inputs by name.
        how: `"percentile"`, `"entropy"` or `"minmax"`.

    Raises:
        GraphError: The model can't be run on the data.
    """
    from onnxruntime.quantization import CalibrationMethod, create_calibrator

    with tempfile.TemporaryDirectory() as folder, quiet():
        source = Path(folder, "model.onnx")
        copy = onnx.ModelProto()
        copy.CopyFrom(proto)
        onnx.save(copy, source, save_as_external_data=True, location="weights")
        try:
            calibrator = create_calibrator(
                source,
                list(op_types),
                augmented_model_path=str(Path(folder, "augmented.onnx")),
                calibrate_method=CalibrationMethod[_METHODS[how]],
                use_external_data_format=True,
                extra_options=dict(_OPTIONS[how]),
            )
            for feeds in batches:
                calibrator.collect_data(_One(feeds))
            return calibrator.compute_data()
        except Exception as error:  # onnxruntime's errors have no public base class
            raise GraphError(
                "The model must run on the calibration data. "
                f"Received: {first_line(error)}"
            ) from error
