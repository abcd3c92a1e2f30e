"""A server on a thread of its own, and a client's side of its sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mock_mq.core import Definition, QueueManager
from mock_mq.server import TLS, Server
from mock_mq.wire.fields import Buffer
from mock_mq.wire.segment import Control, SegmentType
from tests.mock_mq.caller import Caller


@contextmanager
def listening(tls: TLS | None = None, definition: Definition | None = None) -> Iterator[tuple[str, int]]:
    """A running server's address; stopped, its channels broken, at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = Server(QueueManager(definition or Definition(), time.time), tls=tls)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server.address
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Line:
    """A client's socket, and a `Caller` that speaks over it."""

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(address, timeout=30)
        self.socket = context.wrap_socket(plain, server_hostname="localhost") if context else plain
        self.caller = Caller(self._exchange)

    def _exchange(self, data: bytes) -> Iterable[Buffer]:
        self.socket.sendall(data)
        return [] if data[9] == SegmentType.USERID_DATA else self.answer()

    def answer(self) -> Iterator[bytes]:
        """The frames of one answer."""
        control = 0
        while not control & Control.LAST:
            frame = self.read(28)
            control = frame[10]
            yield frame + self.read(int.from_bytes(frame[4:8], "big") - 28)

    def read(self, count: int) -> bytes:
        """Exactly that many bytes; raises `EOFError` where the server closes before."""
        data = bytearray()
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError(f"closed after {len(data)} bytes of {count}")
            data += more
        return bytes(data)

    def close(self) -> None:
        self.socket.close()
