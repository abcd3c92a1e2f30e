"""The queue manager's listener: owns the sockets, plain or TLS, and moves bytes between them and sessions.

One event loop, one thread: a session's calls never interleave with another's. A client that does not
read its answers is not read from either, so that what is kept for it stays bounded.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import ssl
import time
from collections.abc import Callable
from typing import cast

from mock_mq.core import Caller, QueueManager
from mock_mq.core.definition import COMMAND_QUEUE
from mock_mq.faults import Faults
from mock_mq.journal import Journal
from mock_mq.pcf.server import CommandServer
from mock_mq.recording.recorder import Cutter, Recorder
from mock_mq.secrecy import TLS, Secrecy
from mock_mq.session import Session
from mock_mq.wire.fields import Buffer

__all__ = ["TLS", "Server"]

log = logging.getLogger(__name__)

_READ = 1_048_576  # bytes that are taken off a socket at a time
_WRITE = 262_144  # bytes of a large answer that are given to a socket at a time
_SLOW_STEP = 0.05  # seconds between the pieces that a slow network takes


class Server:
    """A listener for `queue_manager`. `start` opens the port, `stop` closes it and ends every channel.

    `faults` are what goes wrong with calls, and calls are noted in `journal` where there is one.
    `bytes_per_second` makes the network slow for each channel's answers; 0 leaves it as it is.
    """

    def __init__(
        self,
        queue_manager: QueueManager,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: TLS | None = None,
        heartbeat: int = 300,
        clock: Callable[[], float] = time.monotonic,
        journal: Journal | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.queue_manager = queue_manager
        self.faults = Faults()
        self._journal = journal
        self.recorder = recorder
        self._numbers = itertools.count(1)
        self.bytes_per_second = 0
        queue_manager.serve(COMMAND_QUEUE, CommandServer(queue_manager).serve)
        self._host, self._port = host, port
        self._tls = tls
        self._heartbeat = heartbeat
        self.clock = clock
        self._listener: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None
        self.channels: set[_Channel] = set()
        # One for all: what lies there is taken before another socket is read.
        self.incoming = memoryview(bytearray(_READ))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that clients connect to; the port is a real one, also where 0 was asked for."""
        if self._listener is None:
            raise RuntimeError("the server has not been started")
        host, port = self._listener.sockets[0].getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Opens the port; clients can connect from then on. Raises `OSError` where it can't be opened."""
        loop = asyncio.get_running_loop()
        self._context = self._tls.context() if self._tls else None
        self._listener = await loop.create_server(self._accept, self._host, self._port, backlog=128)
        self._port = self.address[1]

    async def stop(self) -> None:
        """Closes the port, then every channel: units of work that are open are backed out."""
        if self._listener is None or not self._listener.is_serving():
            return
        self._listener.close()
        for channel in list(self.channels):
            channel.stop()
        await self._listener.wait_closed()

    def _accept(self) -> _Channel:
        secrecy = Secrecy(self._context) if self._context else None
        return _Channel(self, secrecy)

    def number(self) -> int:
        """A number for a socket."""
        return next(self._numbers)

    def session(self, wake: Callable[[], None]) -> Session:
        """A session for a socket that has just been accepted."""
        return Session(
            self.queue_manager,
            clock=self.clock,
            wake=wake,
            heartbeat=self._heartbeat,
            faults=self.faults,
            journal=self._journal,
        )


class _Channel(asyncio.BufferedProtocol):
    """One socket and its session."""

    def __init__(self, server: Server, secrecy: Secrecy | None) -> None:
        self._server = server
        self._secrecy = secrecy
        self._clock = server.clock
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._woken = False
        self._writable = True
        self._session = server.session(self._wake)
        self._number = server.number()
        self._incoming = Cutter() if server.recorder else None
        self._slowly = bytearray()
        self._slow_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.channels.add(self)
        sock: socket.socket = transport.get_extra_info("socket")
        # A client that is gone without a word would keep its unit of work for ever.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        host, port = transport.get_extra_info("peername")[:2]
        self._session.peer = f"{host}:{port}"
        self._session.caller = Caller(host)
        if self._server.recorder is not None:
            self._server.recorder.opened(self._number, (host, port), transport.get_extra_info("sockname")[:2])
        self._set_timer()

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._server.incoming

    def buffer_updated(self, nbytes: int) -> None:
        data = self._server.incoming[:nbytes]
        plain: Buffer = data
        if self._secrecy is not None:
            try:
                plain = self._secrecy.decrypt(data)
            except ssl.SSLError as e:
                log.warning("TLS failed: %s", e, extra={"peer": self._session.peer})
                self._session.lose()
            self._transport.write(self._secrecy.outgoing())
            if not self._session.caller.cipher and self._secrecy.agreed:
                self._session.caller = self._secrecy.caller(self._session.caller.address)
        if self._server.recorder is not None and self._incoming is not None:
            for segment in self._incoming.feed(plain):
                self._server.recorder.segment(self._number, segment, sent=False)
        self._session.receive(plain)
        self._flush()

    def pause_writing(self) -> None:
        self._writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._writable = True
        self._transport.resume_reading()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a session does not ask why
        self._server.channels.discard(self)
        self._stop_timer()
        if self._slow_timer is not None:
            self._slow_timer.cancel()
        if self._server.recorder is not None:
            self._server.recorder.closed(self._number)
        self._session.lose()

    def stop(self) -> None:
        """Tells the client that the queue manager ends, if it listens, and breaks the channel now."""
        self._session.stop()
        self._flush()
        if self._transport.get_write_buffer_size():
            self._transport.abort()

    def _flush(self) -> None:
        """Writes while the socket takes it, then sees to the timer and to the end."""
        if not self._slow_timer:
            recorder = self._server.recorder  # which has them one by one
            for frames in self._session.output(0 if recorder is not None else _WRITE):
                if recorder is not None:
                    recorder.segment(self._number, frames, sent=True)
                self._write(self._secrecy.encrypt(frames) if self._secrecy else frames)
                if not self._writable or self._slow_timer:
                    break
        ended = self._session.closed and self._writable and not self._slow_timer
        if ended and not self._transport.is_closing():
            if self._secrecy is not None:
                self._transport.write(self._secrecy.end())
            self._transport.close()
        self._set_timer()

    def _write(self, data: bytes) -> None:
        """Writes, or starts to write slowly where the network is to be slow."""
        if self._server.bytes_per_second:
            self._slowly += data
            self._write_slowly()
        else:
            self._transport.write(data)

    def _write_slowly(self) -> None:
        """Writes as much as a slow network takes at a time, and comes again for the rest."""
        self._slow_timer = None
        rate = self._server.bytes_per_second
        piece = max(1, int(rate * _SLOW_STEP)) if rate else len(self._slowly)
        self._transport.write(bytes(self._slowly[:piece]))
        del self._slowly[:piece]
        if self._slowly:
            self._slow_timer = self._loop.call_later(_SLOW_STEP, self._write_slowly)
        else:
            self._loop.call_soon(self._flush)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._stop_timer()
        due = self._session.due
        if due is not None:
            self._timer = self._loop.call_later(max(0.0, due - self._clock()), self._tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            # Who embeds the queue manager may put from a thread of its own.
            self._loop.call_soon_threadsafe(self._tick)

    def _tick(self) -> None:
        self._woken = False
        self._session.tick()
        self._flush()
