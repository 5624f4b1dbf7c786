"""Writes scalars for TensorBoard through whichever writer is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import keras


class Writer(Protocol):
    """What writes the scalars of a step."""

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the scalars of a step, so that TensorBoard can show them."""

    def close(self) -> None:
        """Close the file."""


class _SummaryWriter:
    """The writer of torch, or tensorboardX, which has the same methods."""

    def __init__(self, module: str, log_dir: str) -> None:
        self._writer = importlib.import_module(module).SummaryWriter(log_dir)

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _TensorFlowWriter:
    """The writer of TensorFlow, which needs no other package."""

    def __init__(self, log_dir: str) -> None:
        self._tf = importlib.import_module("tensorflow")
        self._writer = self._tf.summary.create_file_writer(log_dir)
        self._metadata = self._tf.compat.v1.SummaryMetadata()
        self._metadata.plugin_data.plugin_name = "scalars"

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        tf = self._tf
        with self._writer.as_default(), tf.summary.record_if(True):
            for name, value in scalars.items():
                number = tf.constant(value, tf.float32)
                tf.summary.write(name, number, step=step, metadata=self._metadata)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


_WRITERS: Mapping[str, Callable[[str], Writer]] = {
    "torch": lambda folder: _SummaryWriter("torch.utils.tensorboard", folder),
    "tensorboardX": lambda folder: _SummaryWriter("tensorboardX", folder),
    "tensorflow": _TensorFlowWriter,
}
"""The writers, by the package that has them."""


def writer_of(log_dir: Any) -> Writer:
    """Return a writer: that of Keras's backend, or another one that is installed.

    Args:
        log_dir: The folder that TensorBoard is told to read.

    Raises:
        ImportError: None is installed.
    """
    names = sorted(_WRITERS, key=lambda name: name != keras.backend.backend())
    for name in names:
        try:
            return _WRITERS[name](str(log_dir))
        except ImportError:
            continue
    raise ImportError(
        "`log_dir` needs a writer for TensorBoard. Install one with `pip install "
        "tensorboardX`, or `pip install tensorboard` beside torch. "
        f"Received: log_dir={str(log_dir)!r}, and none of {', '.join(names)}"
    )
