"""Calls of the model's code: of layers, and of functions in loops and branches.

Each may branch on unknown numbers (`branches`), and a layer's code is tried in several
ways (`attempts`). A size that is read inside a call is known only there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from keras_acts.export.identity import IdentityKey
from keras_acts.export.trace.handlers import layer_calls
from keras_acts.export.trace.protocol import Recorder
from keras_acts.export.trace.python_code.attempts import ATTEMPT, Attempt
from keras_acts.export.trace.python_code.branches import Branching, Tape
from keras_acts.export.trace.python_code.joining import joined

Sizes = dict[tuple[IdentityKey, int], Any]


class Calls:
    """The calls in progress, what the innermost records, and the sizes it has read."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._branching = Branching()
        self._sizes: Sizes = {}
        self._shows_sizes, self._showed_sizes = True, False

    @property
    def tape(self) -> Tape:
        """What the innermost function records."""
        return self._branching.tape

    def decide(self, condition: Any) -> bool:
        """Return the truth of a condition, or stop the function that asks for it."""
        return self._branching.decide(condition)

    def size(self, tensor: Any, axis: int, record: Callable[[], Any]) -> Any:
        """Return a traced size of a tensor, recorded where it is first read."""
        key = (IdentityKey(tensor), axis)
        if key not in self._sizes:
            self._sizes[key] = record()
        return self._sizes[key]

    def show_sizes(self) -> bool:
        """Whether the code that asks for `x.shape` is shown numbers for sizes."""
        self._showed_sizes = True
        return self._shows_sizes

    def unshown(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that sees None for unknown sizes, as shape inference does."""
        outer, self._shows_sizes = self._shows_sizes, False
        try:
            return function(*args)
        finally:
            self._shows_sizes = outer

    def known_sizes(self) -> Callable[[], contextlib.AbstractContextManager[None]]:
        """Return what makes a context in which the sizes known now are known."""
        sizes = dict(self._sizes)

        @contextlib.contextmanager
        def known() -> Iterator[None]:
            outer, self._sizes = self._sizes, dict(sizes)
            try:
                yield
            finally:
                self._sizes = outer

        return known

    @contextlib.contextmanager
    def of_function(self) -> Iterator[Tape]:
        """Record a function of a loop or branch inside a `with` block."""
        tape = Tape()
        with self.known_sizes()(), self._branching.recording_to(tape):
            yield tape

    def ways(self, function: Callable[[], Any]) -> Any:
        """Call a function; if it branches on unknown numbers, along all ways."""
        join = partial(joined, self._recorder)
        return self._branching.run(function, join, self.known_sizes())

    def layer(self, layer: Any, args: Any, kwargs: Any) -> Any:
        """Call a layer's code, in the first of the `Attempt`s that succeeds."""
        call = layer_calls.inner_call(layer)
        tape = self.tape
        if tape.is_next(ATTEMPT):
            return self._attempt(tape.play(ATTEMPT)[0], call, args, kwargs)
        sizes, nodes, played = dict(self._sizes), len(tape.nodes), len(tape.played)
        failed: list[Exception] = []
        for attempt in Attempt:
            if not attempt.may_help(failed, self._showed_sizes):
                continue
            tape.played.append((ATTEMPT, attempt))
            try:
                return self._attempt(attempt, call, args, kwargs)
            except Exception as error:
                if error is self._recorder.failure:  # of a layer inside
                    raise
                failed.append(error)
                self._sizes = dict(sizes)
                del tape.nodes[nodes:], tape.played[played:]
        raise failed[0]

    def _attempt(self, attempt: Attempt, call: Any, args: Any, kwargs: Any) -> Any:
        """Call the code of a layer, to which unknown sizes are shown or not."""
        outer = self._shows_sizes
        self._shows_sizes, self._showed_sizes = attempt.shows_sizes, False
        try:
            return self.ways(partial(attempt.code(call), *args, **kwargs))
        finally:
            self._shows_sizes = outer
