"""The releases of Keras that tracing was tried with, and what the older ones lack.

`.ci/keras_versions` runs the tests of the hooks and a cross-section of the exports with
each of them; `tests/export/trace/test_supported_keras.py` checks the table.
"""

from __future__ import annotations

import functools
import re
import warnings

import keras

from keras_acts.export.errors import UnsupportedKerasWarning

TRIED = ("3.12", "3.13", "3.14", "3.15")
"""The releases of Keras that were tried, oldest first."""


def _kinds(namespace: str, names: str) -> frozenset[str]:
    return frozenset(f"{namespace}.{name}" for name in names.split())


ADDED: dict[str, frozenset[str]] = {
    "3.13": _kinds("nn", "AdaptiveAveragePool AdaptiveMaxPool")
    | _kinds("numpy", "ArraySplit EmptyLike Ldexp Vander"),
    "3.14": _kinds("nn", "DepthToSpace Fold SpaceToDepth")
    | _kinds(
        "numpy",
        "AllClose Dstack Fliplr Flipud Fmod Geomspace Hsplit I0 Nanargmax Nanargmin "
        "Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanprod Nanquantile "
        "Nanstd Nansum Nanvar Nextafter Ptp Rad2deg Sinc Vsplit",
    ),
    "3.15": _kinds("image", "SSIM SobelEdges")
    | _kinds("linalg", "MatrixRank Pinv")
    | _kinds("math", "CDist Erfc SegmentMin SegmentProd")
    | _kinds("numpy", "Dsplit Fabs Fmax Fmin Nanpercentile Percentile Unique")
    | {
        "keras.src.backend:bidirectional_gru",
        "keras.src.backend:bidirectional_lstm",
    },
}
"""For each release: the parts of Keras we use that it added, so older ones lack them.

They are kinds of operations, and attributes that are replaced while a thread traces.
"""

NEEDED_BEFORE: dict[str, frozenset[str]] = {
    # `Masking` and `GlobalAveragePooling1D` called it on symbolic tensors.
    "3.15": frozenset({"keras.src.backend:cast"}),
}
"""For each release: the attributes that are replaced in older ones only."""


def parsed(version: str) -> tuple[int, int]:
    """Return the major and minor version of a release: (3, 15) for `"3.15.1"`."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None:
        raise ValueError(
            f"A version must start with two numbers, like '3.15'. Received: {version!r}"
        )
    return int(found[1]), int(found[2])


def tried_range() -> str:
    """Return the range of the releases tried, in words."""
    return f"{TRIED[0]} to {TRIED[-1]}"


def is_tried(version: str) -> bool:
    """Whether a version of Keras is in the range that was tried."""
    return parsed(TRIED[0]) <= parsed(version) <= parsed(TRIED[-1])


def lacks(what: str) -> bool:
    """Whether the installed Keras is older than the release that added something."""
    installed = parsed(keras.__version__)
    return any(
        what in names and installed < parsed(release)
        for release, names in ADDED.items()
    )


def replaces(path: str) -> bool:
    """Whether an attribute of the installed Keras is replaced while a thread traces."""
    installed = parsed(keras.__version__)
    return not lacks(path) and not any(
        path in paths and installed >= parsed(release)
        for release, paths in NEEDED_BEFORE.items()
    )


@functools.cache
def warn_if_untried() -> None:
    """Warn, once per process, if the installed Keras was not tried."""
    if not is_tried(keras.__version__):
        warnings.warn(
            f"keras-acts was tried with Keras {tried_range()}: with another release an "
            "export may fail or be refused. Check its answers with `verify`, or "
            f"install a release that was tried. Received: keras=={keras.__version__}",
            UnsupportedKerasWarning,
            stacklevel=2,
        )
