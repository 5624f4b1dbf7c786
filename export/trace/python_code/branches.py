"""`if` on what is unknown until the model runs: the code is traced both ways.

Python asks a traced condition for its truth. The first time, the trace of the function
stops there (`Fork`) and is repeated twice: with the answer true, and with false. What
it recorded up to the condition is played back, so that both ways use the same values;
what it records afterwards becomes a branch of an `If`.

The functions that are repeated are the calls of layers and those that loops and
branches call: the innermost one around the condition.
"""

from __future__ import annotations

import contextlib
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_acts.export.trace.graph import Node
from keras_acts.export.trace.python_code import facts
from keras_acts.export.trace.python_code.errors import BranchingError
from keras_acts.export.trace.python_code.frames import (
    asking_expression,
    is_deliberate,
)
from keras_acts.export.trace.tensors import TracedTensor

MOST_WAYS = 16
"""The most ways through a function that are traced."""

EAGER = "eager"
"""The kind of a step of a tape that computed a result with the backend."""

_RESULT = "result"


class Fork(BaseException):
    """The code asks for the truth of a condition that is unknown.

    No `Exception`, so that no handler in the model's code takes it for an error.
    """

    def __init__(self, condition: Any, source: str) -> None:
        super().__init__(source)
        self.condition = condition
        self.source = source


@dataclass
class Tape:
    """What one function records: a graph, a subgraph, or a branch.

    Attributes:
        nodes: Its operations.
        played: The kind and the outputs of each call that was recorded or played back.
        ahead: Those to play back before anything is recorded.
    """

    nodes: list[Node] = field(default_factory=list)
    played: list[tuple[str, Any]] = field(default_factory=list)
    ahead: deque[tuple[str, Any]] = field(default_factory=deque)

    def is_next(self, kind: str) -> bool:
        """Whether the next call to play back is of a kind."""
        return bool(self.ahead) and self.ahead[0][0] == kind

    def play(self, kind: str) -> tuple[Any, ...]:
        """Return the outputs of the next call to play back, in a tuple if any."""
        if not self.ahead:
            return ()
        if self.ahead[0][0] != kind:
            raise BranchingError(
                "must do the same each time that its code is called with "
                "the same arguments, to be traced on each side of a condition",
                f"{kind} in place of {self.ahead[0][0]}",
            )
        self.played.append(self.ahead.popleft())
        return (self.played[-1][1],)


@dataclass(frozen=True)
class Way:
    """One way through a function, from a condition to its end.

    Attributes:
        tape: What is recorded on it.
        results: What the function returns.
        error: What the model's own code raises instead.
    """

    tape: Tape
    results: Any = None
    error: Exception | None = None


class Branching:
    """Traces functions along all ways through their conditions.

    Attributes:
        tape: What the innermost function records.
        known: The conditions on the way here, and their truth.
    """

    def __init__(self) -> None:
        self.tape = Tape()
        self.known: list[facts.Fact] = []
        self._answers: deque[bool] = deque()

    @contextlib.contextmanager
    def recording_to(self, tape: Tape) -> Iterator[None]:
        """Record to another tape inside a `with` block."""
        outer, answers, known = self.tape, self._answers, list(self.known)
        self.tape, self._answers = tape, deque()
        try:
            yield
        finally:
            self.tape, self._answers, self.known = outer, answers, known

    def decide(self, condition: Any) -> bool:
        """Return the truth of a condition, or stop the function with a `Fork`."""
        truth = facts.decided(condition, self.known)
        if truth is not None:
            return truth
        if not self._answers:
            raise Fork(condition, asking_expression())
        truth = self._answers.popleft()
        self.known.append((condition, truth))
        return truth

    def run(self, function: Callable[[], Any], join: Join, reset: Any) -> Any:
        """Call a function; where it forks, trace the ways and join their results.

        Args:
            function: What is called, once for each way.
            join: Records both ways from a condition, and returns what they return.
            reset: Returns a context in which a repeated call finds what the first did.
        """
        answers, known = self._answers, list(self.known)
        start = len(self.tape.played)
        self._answers = deque()
        try:
            return function()
        except Fork as fork:
            ways = _Ways(self, function, join, reset, known)
            return ways.joined(fork, [], self.tape.played[start:])
        finally:
            self._answers, self.known = answers, known


Join = Callable[[Any, Way, Way], Any]


class _Ways:
    """The ways through one call of a function."""

    def __init__(
        self,
        branching: Branching,
        function: Callable[[], Any],
        join: Join,
        reset: Any,
        known: list[facts.Fact],
    ) -> None:
        self._branching = branching
        self._function = function
        self._join = join
        self._reset = reset
        self._known = known
        self._count = 1
        self._sources: dict[str, None] = {}

    def joined(self, fork: Fork, answers: list[bool], before: Sequence[Any]) -> Any:
        """Return the results of both ways from a condition, recorded or played back.

        Args:
            fork: The condition.
            answers: Those to the conditions before it.
            before: What was recorded before it.
        """
        tape = self._branching.tape
        if tape.ahead:
            return tape.play(_RESULT)[0]
        self._count += 1
        self._sources[fork.source] = None
        if self._count > MOST_WAYS:
            conditions = ", ".join(f"`{source}`" for source in self._sources)
            raise BranchingError(
                f"can go more than {MOST_WAYS} ways, which depend on sizes or "
                "numbers that are unknown until the model runs. Use `ops.where` and "
                "`ops.while_loop`, or give the sizes by `input_signature`",
                f"the conditions {conditions}",
            )
        known = list(self._branching.known)
        first, second = (self._way([*answers, x], before) for x in (True, False))
        self._branching.known = known
        count = len(tape.played)
        results = self._chosen(fork, first, second)
        # In a repeated call, this is one step.
        del tape.played[count:]
        tape.played.append((_RESULT, results))
        return results

    def _way(self, answers: list[bool], before: Sequence[Any]) -> Way:
        """Repeat the function with the answers to its conditions so far."""
        tape = Tape(ahead=deque(before))
        branching = self._branching
        with branching.recording_to(tape), self._reset():
            branching.known, branching._answers = list(self._known), deque(answers)
            try:
                return Way(tape, self._function())
            except Fork as fork:
                return Way(tape, self.joined(fork, answers, list(tape.played)))
            except Exception as error:
                if not is_deliberate(error):
                    raise
                return Way(tape, error=error)

    def _chosen(self, fork: Fork, first: Way, second: Way) -> Any:
        """Join both ways; where one raises an error, the other is taken."""
        if first.error is not None and second.error is not None:
            raise first.error
        if first.error is None and second.error is None:
            return self._join(fork, first, second)
        taken, refused = (first, second) if second.error else (second, first)
        # What the code refuses of empty inputs alone is not worth a warning.
        unless_empty = facts.decided(fork.condition, self._branching.known, smallest=1)
        if unless_empty is not (taken is first):
            warnings.warn(
                f"The model's code raises an error depending on `{fork.source}`, which "
                "is unknown until the model runs. The file doesn't: it answers all "
                "inputs as the code does those without the error. "
                f"Received: {refused.error!r}",
                UserWarning,
                stacklevel=2,
            )
        self._branching.tape.nodes += taken.tape.nodes
        return taken.results


def condition_of(tensor: TracedTensor) -> Any:
    """Return a condition as a scalar boolean."""
    from keras import ops

    scalar = ops.reshape(tensor, ()) if len(tensor.shape) else tensor
    return scalar if tensor.dtype == "bool" else ops.not_equal(scalar, 0)
