"""Checks of activations in a row of layers: what saturates, repeats or is missing."""

from __future__ import annotations

from collections.abc import Iterator

from keras_acts.advice.checks.findings import INFO, WARNING
from keras_acts.advice.checks.kinds import (
    ACTIVATION,
    AVERAGING,
    CONVOLUTIONS,
    DEPTHWISE,
    DROPOUT,
    KERNEL,
    NON_NEGATIVE,
    NORM,
    PASSING,
    POOL,
    PROBABILITIES,
    SIGMOIDS,
    TANHS,
)
from keras_acts.advice.checks.network import Network, Part, before, behind, between
from keras_acts.advice.checks.problem import Problem

MOST_SIGMOIDS, MOST_TANHS = 3, 5
"""How many of them may stand in a row before gradients vanish."""
MOST_CONVOLUTIONS = 2

_SOFT = (PASSING, DROPOUT, POOL)


def is_hidden(part: Part) -> bool:
    """Whether all that an activation leads to are kernels."""
    following = behind(part, (*_SOFT, NORM))
    return bool(following) and all(one.kind == KERNEL for one in following)


def saturating_stacks(network: Network) -> Iterator[Problem]:
    """Find rows of sigmoids or tanhs through which gradients vanish."""
    for names, most, what in (
        (SIGMOIDS, MOST_SIGMOIDS, "sigmoid"),
        (SIGMOIDS | TANHS, MOST_TANHS, "sigmoid and tanh"),
    ):
        row = _longest_row(network, names)
        if len(row) > most:
            yield Problem(
                "saturating_stack",
                row[0].path,
                f"{len(row)} hidden layers in a row have {what}, up to {row[-1].path}.",
            )
            return


def _longest_row(network: Network, names: frozenset[str]) -> list[Part]:
    """Return the longest row of kernels and hidden activations of these names."""
    rows: dict[int, list[Part]] = {}
    for part in network.of_kind(ACTIVATION):
        if part.name not in names or not is_hidden(part):
            continue
        kernel = before(part, _SOFT)
        if kernel is None or kernel.kind != KERNEL:
            continue
        last = before(kernel, _SOFT)
        rows[id(part)] = [*rows.get(id(last), []), part]
    return max(rows.values(), key=len, default=[])


def saturating_convolutions(network: Network) -> Iterator[Problem]:
    """Find convolutions with sigmoid or tanh."""
    found = []
    for part in network.of_kind(ACTIVATION):
        kernel = before(part, (*_SOFT, NORM))
        if (
            part.name in SIGMOIDS | TANHS
            and kernel is not None
            and isinstance(kernel.layer, CONVOLUTIONS)
            and is_hidden(part)
        ):
            found.append(part)
    severity = WARNING if len(found) > MOST_CONVOLUTIONS else INFO
    for part in found:
        yield Problem(
            "saturating_convolution",
            part.path,
            f"{part.label} follows a convolution.",
            severity,
        )


def activations_in_a_row(network: Network) -> Iterator[Problem]:
    """Find activations of activations."""
    for part in network.of_kind(ACTIVATION):
        first = before(part)
        if first is None or first.kind != ACTIVATION or first.name in ("Linear", ""):
            continue
        if part.name in ("Linear", ""):
            continue
        passed = list(between(first, part))
        if any(one.kind == DROPOUT for one in passed) and part.name not in _LAST:
            continue  # dropout of probabilities, as in attention, and then a mask
        yield _of_two(first, part, passed)


_LAST = PROBABILITIES | SIGMOIDS | {"LogSoftmax"}


def _of_two(first: Part, second: Part, passed: list[Part]) -> Problem:
    both = f"{second.label} follows {first.label} of {first.path}"
    if first.name in PROBABILITIES:
        return Problem("activation_after_output", second.path, f"{both}.")
    bounded = NON_NEGATIVE | TANHS
    if second.name in _LAST and first.name in bounded:
        if any(isinstance(one.layer, AVERAGING) for one in passed):
            said = f"{both}, averaged over places."
            return Problem("bounded_logits", second.path, said, INFO)
        return Problem("bounded_logits", second.path, f"{both}.")
    return Problem("two_activations", second.path, f"{both}.")


def linear_stacks(network: Network) -> Iterator[Problem]:
    """Find kernels that follow a kernel without an activation between."""
    for part in network.of_kind(KERNEL):
        first = before(part)
        if first is None or first.kind != KERNEL or first.ends:
            continue
        if len(behind(first)) > 1 or isinstance(part.layer, DEPTHWISE):
            continue
        if isinstance(first.layer, DEPTHWISE):
            continue  # a separable convolution in two layers
        narrow = _is_narrow(first, part)
        yield Problem(
            "linear_stack",
            part.path,
            f"Nothing but linear layers from {first.path} to {part.path}."
            + (" The first is narrow, as in a factorized matrix." if narrow else ""),
            INFO if narrow else None,
        )


def _is_narrow(first: Part, second: Part) -> bool:
    """Whether the first kernel leads to fewer channels than are before and behind."""
    sizes = [_features(first.layer), _features(second.layer)]
    kernel = getattr(first.layer, "kernel", None)
    if None in sizes or kernel is None or len(kernel.shape) < 2:
        return False
    incoming = int(kernel.shape[-2])
    return sizes[0] < min(incoming, sizes[1])  # type: ignore[operator,type-var]


def _features(layer: object) -> int | None:
    for name in ("units", "filters"):
        size = getattr(layer, name, None)
        if isinstance(size, int):
            return size
    return None
