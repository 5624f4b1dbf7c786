"""Limits of a request's size, while it comes in and before it is parsed."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_LENGTH, _TYPE = b"content-length", b"content-type"
_DIGITS = 18
"""Of a length that Python still reads as a number in no time."""


class _TooLargeError(HTTPException):
    """More came than may; of this kind, so that the application logs no failure."""

    def __init__(self) -> None:
        super().__init__(413)


class _Watched:
    """A request whose body is counted as it comes in, whatever length it said."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive = receive
        self._send = send
        self._left = most
        self.begun = False

    @property
    def too_large(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        """Return the next part of the body.

        Raises:
            _TooLargeError: It is one part too many.
        """
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self.too_large:
            raise _TooLargeError
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on; what is said of a body that was cut off is not."""
        if self.too_large and not self.begun:
            return
        self.begun = True
        await self._send(message)


class Limits:
    """An ASGI application that refuses what is larger than a number of bytes."""

    def __init__(self, app: App, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, if it is not too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(_LENGTH, b"0")
        if not length.isdigit() or len(length) > _DIGITS or int(length) > self._most:
            await self._refuse(send)
            return
        request = _Watched(receive, send, self._most)
        with contextlib.suppress(_TooLargeError):
            await self._app(scope, request.receive, request.send)
        if request.too_large and not request.begun:
            await self._refuse(send)

    async def _refuse(self, send: Send) -> None:
        text = f'{{"error":"A request must have at most {self._most} bytes"}}'.encode()
        headers = [
            (_TYPE, b"application/json"),
            (_LENGTH, str(len(text)).encode()),
            (b"connection", b"close"),
        ]
        start = {"type": "http.response.start", "status": 413, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": text})
