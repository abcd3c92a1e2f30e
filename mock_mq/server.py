"""The queue manager's listener: owns the sockets, plain or TLS, and moves bytes between them and sessions.

One event loop, one thread: a session's calls never interleave with another's. A client that does not
read its answers is not read from either, so that what is kept for it stays bounded.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mock_mq.core import QueueManager
from mock_mq.session import Session

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TLS:
    """Files in PEM: the server's certificate (with its chain) and key, and the CAs of the clients it trusts.

    A client's certificate is checked against `ca` where it sends one; `require_client_certificate` refuses
    those who send none (SSLCAUTH(REQUIRED)).
    """

    certificate: Path
    key: Path
    ca: Path | None = None
    require_client_certificate: bool = False

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or higher; raises `OSError` or `ssl.SSLError` where a file can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        if self.ca is not None:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_OPTIONAL
        if self.require_client_certificate:
            if self.ca is None:
                raise ValueError(
                    "a client certificate can't be required without the CA that it is checked with"
                )
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Server:
    """A listener for `queue_manager`. `start` opens the port, `stop` closes it and breaks every channel."""

    def __init__(
        self,
        queue_manager: QueueManager,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: TLS | None = None,
        heartbeat: int = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue_manager = queue_manager
        self._host, self._port = host, port
        self._tls = tls
        self._heartbeat = heartbeat
        self._clock = clock
        self._listener: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None
        self._connections: set[_Handshake | _Channel] = set()

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

    async def stop(self) -> None:
        """Closes the port, then every channel: units of work that are open are backed out."""
        if self._listener is None:
            return
        self._listener.close()
        for connection in list(self._connections):
            connection.abort()
        await self._listener.wait_closed()

    async def serve(self) -> None:
        """Starts and serves until cancelled."""
        await self.start()
        try:
            await asyncio.Future()
        finally:
            await self.stop()

    def _accept(self) -> asyncio.Protocol:
        channel = _Channel(self._queue_manager, self._connections, self._clock, self._heartbeat)
        return channel if self._context is None else _Handshake(channel, self._connections, self._context)


class _Handshake(asyncio.Protocol):
    """A socket until TLS is agreed on; one that does not agree is closed, and the log says why."""

    def __init__(
        self, channel: _Channel, connections: set[_Handshake | _Channel], context: ssl.SSLContext
    ) -> None:
        self._channel = channel
        self._connections = connections
        self._context = context
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = cast("asyncio.Transport", transport)
        plain.pause_reading()
        self._connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._start(plain))
        self._task.add_done_callback(lambda _task: self._connections.discard(self))

    def abort(self) -> None:
        """Gives it up."""
        self._task.cancel()

    def data_received(self, data: bytes) -> None:
        # A client's first bytes may come with the last ones of its handshake.
        self._early.append(data)

    async def _start(self, plain: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        peer = plain.get_extra_info("peername")
        try:
            secured = await loop.start_tls(
                plain,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except OSError as e:  # ssl.SSLError and a peer that hangs up are both
            log.warning("TLS with %s:%s failed: %s", *peer[:2], e)
            plain.abort()
            return
        if secured is None or secured.is_closing():
            return
        secured.set_protocol(self._channel)
        self._channel.connection_made(secured)
        for data in self._early:
            self._channel.data_received(data)


class _Channel(asyncio.Protocol):
    """One socket and its session."""

    def __init__(
        self,
        queue_manager: QueueManager,
        connections: set[_Handshake | _Channel],
        clock: Callable[[], float],
        heartbeat: int,
    ) -> None:
        self._queue_manager = queue_manager
        self._connections = connections
        self._clock = clock
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._woken = False
        self._writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            # A client that is gone without a word would keep its unit of work for ever.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        host, port = transport.get_extra_info("peername")[:2]
        self._session = Session(
            self._queue_manager,
            clock=self._clock,
            wake=self._wake,
            peer=f"{host}:{port}",
            heartbeat=self._heartbeat,
        )

    def data_received(self, data: bytes) -> None:
        self._session.receive(data)
        self._flush()

    def pause_writing(self) -> None:
        self._writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._writable = True
        self._transport.resume_reading()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a session does not ask why
        self._connections.discard(self)
        self._stop_timer()
        self._session.lose()

    def abort(self) -> None:
        """Breaks the channel now."""
        self._session.lose()
        self._transport.abort()

    def _flush(self) -> None:
        """Writes while the socket takes it, then sees to the timer and to the end."""
        for frame in self._session.output():
            self._transport.write(frame)
            if not self._writable:
                break
        if self._session.closed and self._writable:
            self._transport.close()
        self._set_timer()

    def _set_timer(self) -> None:
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
            self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._woken = False
        self._session.tick()
        self._flush()
