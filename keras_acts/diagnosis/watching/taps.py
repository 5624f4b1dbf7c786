"""Listens to what single layers of a model compute, and leaves no trace of it.

What is called, a layer's `call` or the function that it holds, is replaced on that one
object while a `with` block runs. Nothing of Keras is changed, nor any class. Several
threads may listen to the same layers, each to the calls that it makes itself; the last
one that leaves puts back what was there.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from keras_acts.diagnosis.watching.sites import Site

See = Callable[[Site, tuple[Any, ...], dict[str, Any], Any], None]
"""Is given a site, the arguments of a call and its result."""

Around = Callable[..., Any]
"""Is given what is called, the site and the arguments; returns a result."""

_LOCK = threading.Lock()
_ABSENT = object()


@dataclass(frozen=True, eq=False)
class _Listener:
    site: Site
    thread: int
    around: Around


@dataclass(eq=False)
class _Tap:
    """Stands in place of a callable on an object."""

    original: Callable[..., Any]
    before: Any
    listeners: tuple[_Listener, ...] = field(default=())

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.original)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        thread = threading.get_ident()
        call = self.original
        for one in self.listeners:
            if one.thread == thread:
                call = functools.partial(one.around, call, one.site)
        return call(*args, **kwargs)


@contextlib.contextmanager
def tapped(sites: Iterable[Site], see: See) -> Iterator[None]:
    """Listen to the calls that this thread makes of sites inside a `with` block.

    Args:
        sites: What to listen to.
        see: Is given the site of each call, its arguments and its result.
    """

    def around(call: Any, site: Site, /, *args: Any, **kwargs: Any) -> Any:
        result = call(*args, **kwargs)
        see(site, args, kwargs, result)
        return result

    with wrapped(sites, around):
        yield


@contextlib.contextmanager
def wrapped(sites: Iterable[Site], around: Around) -> Iterator[None]:
    """Stand between this thread and sites inside a `with` block.

    Args:
        sites: What to stand around.
        around: Is given what is called, its site and the arguments of the call.
    """
    listeners = [_Listener(site, threading.get_ident(), around) for site in sites]
    placed: list[_Listener] = []
    try:
        with _LOCK:
            for one in listeners:
                _place(one)
                placed.append(one)
        yield
    finally:
        with _LOCK:
            for one in reversed(placed):
                _remove(one)


def _place(listener: _Listener) -> None:
    site = listener.site
    own = vars(site.owner)
    tap = own.get(site.attribute, _ABSENT)
    if not isinstance(tap, _Tap):
        # Past what Keras does where an attribute is set, which would track it.
        tap = own[site.attribute] = _Tap(site.function, tap)
    tap.listeners += (listener,)


def _remove(listener: _Listener) -> None:
    site = listener.site
    own = vars(site.owner)
    tap = own[site.attribute]
    tap.listeners = tuple(one for one in tap.listeners if one is not listener)
    if tap.listeners:
        return
    if tap.before is _ABSENT:
        del own[site.attribute]
    else:
        own[site.attribute] = tap.before
