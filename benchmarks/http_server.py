"""As much of HTTP/1.1 as boto3 speaks to AWS, as fast as Python does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REASONS = {200: b"OK", 204: b"No Content", 206: b"Partial Content", 400: b"Bad Request", 429: b"Too Many"}


class Request(NamedTuple):
    """A request; `head` is its first line and its headers, as they came."""

    head: bytes
    body: bytes


class Response(NamedTuple):
    """An answer. `length` is the Content-Length where it is not the body's: HEAD has none.

    `rest` is the body's, where that is large: it is not copied.
    """

    body: bytes = b""
    status: int = 200
    kind: bytes = b"text/xml"
    length: int | None = None
    rest: bytes = b""

    def frame(self) -> bytes:
        """As it goes over the wire."""
        length = len(self.body) + len(self.rest) if self.length is None else self.length
        head = b'HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nETag: "0"\r\n\r\n' % (
            self.status,
            _REASONS[self.status],
            self.kind,
            length,
        )
        return head + self.body


KEPT = 1024 * 1024
"""Bytes of a request's body at the most: what comes beyond is thrown away."""
_AT_ONCE = 256 * 1024
"""Bytes that are read at once; and those of a large answer that the transport gets, which may copy them."""


class Connection(asyncio.BufferedProtocol):
    """A client's. Whoever pipelines must not mind the order of the answers, nor ask for large ones.

    `handle` is called with each request and the connection, to answer at any later time.
    """

    def __init__(self, handle: Callable[[Request, Connection], None]) -> None:
        self._handle = handle
        self._incoming = memoryview(bytearray(_AT_ONCE))
        self._buffer = bytearray()
        self._head = b""
        self._body = bytearray()
        self._left = 0
        self._unsent = memoryview(b"")
        self._paused = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the socket."""
        self._transport = transport  # type: ignore[assignment]

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Where to read to."""
        return self._incoming

    def buffer_updated(self, nbytes: int) -> None:
        """Takes what came, and hands on each request that is whole."""
        data = self._incoming[:nbytes]
        if len(data) < self._left:  # all of it is body: most of what a large one takes
            self._body += data[: max(0, KEPT - len(self._body))]
            self._left -= len(data)
            return
        self._buffer += data
        while True:
            if not self._head:
                end = self._buffer.find(_END)
                if end < 0:
                    return
                self._head = bytes(self._buffer[: end + 2])
                del self._buffer[: end + 4]
                self._left = int(header(self._head, b"content-length") or 0)
                if header(self._head, b"expect"):
                    self._write(_CONTINUE)
            came = min(self._left, len(self._buffer))
            self._body += self._buffer[: min(came, KEPT - len(self._body))]
            del self._buffer[:came]
            self._left -= came
            if self._left:
                return
            request = Request(self._head, bytes(self._body))
            self._head = b""
            self._body.clear()
            self._handle(request, self)

    @property
    def gone(self) -> bool:
        """Whether the client has closed it."""
        return self._transport is None or self._transport.is_closing()

    def answer(self, response: Response) -> None:
        """Sends an answer, if the client is still there."""
        self._write(response.frame())
        if response.rest:
            self._unsent = memoryview(response.rest)
            self._write_on()

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """It does again."""
        self._paused = False
        self._write_on()

    def _write_on(self) -> None:
        while self._unsent and not self._paused and not self.gone:
            self._write(self._unsent[:_AT_ONCE])
            self._unsent = self._unsent[_AT_ONCE:]

    def _write(self, data: bytes | memoryview) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header, whose name is given in lower case; empty where there is none."""
    start = head.lower().find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()
