"""HTTP/1.1 connections to one endpoint of AWS's, kept open for the next request.

A request is sent in one step and its answer read in another, so that one thread has several under way:
threads of their own, which Python runs one after the other all the same, took as much of a processor again.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Protocol
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies

from bridge.aws.faults import capped
from bridge.errors import Stop

_PORTS = {"http": 80, "https": 443}
_AT_LEAST = 0.01
"""Seconds for an answer whose time is over: it may have come while another was waited for."""


class TimeOuts(Protocol):
    """Seconds to wait for a connection, and for an answer."""

    @property
    def connect(self) -> float:
        """For a connection."""

    @property
    def read(self) -> float:
        """For an answer to begin, and each part of it to come."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an endpoint answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """To the endpoint of a URL; `trusted` is the file of the authorities that may vouch for it, over TLS.

    A proxy is what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say. Raises `Stop` for one that is spoken to over TLS
    itself. Shared by threads. What fails is raised as botocore raises it.
    """

    def __init__(self, url: str, time_outs: TimeOuts, trusted: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._time_outs = time_outs
        self._context = ssl.create_default_context(cafile=trusted) if self._secure else None
        self._proxy = _Proxy.of(url)
        self._open: deque[HTTPConnection] = deque()
        """Those that no request is under way on, the last used last."""
        self.host = parts.netloc.rpartition("@")[2].lower().removesuffix(f":{_PORTS[parts.scheme]}")
        """What a request's Host header says."""
        self.path = parts.path or "/"
        """The path of the URL."""
        self.target = f"{parts.scheme}://{self.host}{self.path}" if self._asks_proxy else self.path
        """What a request's first line says."""
        self.headers = self._proxy.headers if self._proxy and self._asks_proxy else {}
        """What a request tells a proxy that it goes through."""

    @property
    def _asks_proxy(self) -> bool:
        """Whether a proxy reads the requests, and does not merely pass on what is encrypted."""
        return self._proxy is not None and not self._secure

    def send(self, request: bytes) -> Sent:
        """Sends a whole request, on a connection that is open or a new one."""
        connection = self._kept() or self._connected()
        try:
            connection.sock.settimeout(self._time_outs.read)
            connection.sock.sendall(request)
        except OSError as error:
            connection.close()
            raise ConnectionClosedError(endpoint_url=self._url, error=error) from error
        except BaseException:
            connection.close()
            raise
        return Sent(self, connection, time.monotonic() + self._time_outs.read)

    def answer(self, connection: HTTPConnection, until: float) -> HttpAnswer:
        """Reads the answer to what was sent on a connection; `until` is when it must have begun."""
        stays = False
        try:
            connection.sock.settimeout(max(_AT_LEAST, until - time.monotonic()))
            with HTTPResponse(connection.sock, method="POST") as response:
                response.begin()
                connection.sock.settimeout(self._time_outs.read)
                body = response.read()
                stays = not response.will_close
                return HttpAnswer(response.status, dict(response.headers.items()), body)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPException) as error:
            raise ConnectionClosedError(endpoint_url=self._url, error=error) from error
        finally:
            if stays:
                self._open.append(connection)
            else:
                connection.close()

    def _kept(self) -> HTTPConnection | None:
        """One that is open, and that the other side has not closed."""
        while True:
            try:
                connection = self._open.pop()
            except IndexError:
                return None
            if not _has_something(connection.sock):
                return connection
            connection.close()  # nothing is due on it: it was closed there

    def _connected(self) -> HTTPConnection:
        connection = self._new()
        try:
            connection.connect()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            connection.close()
            raise self._not_connected(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _new(self) -> HTTPConnection:
        host, port = (self._proxy.host, self._proxy.port) if self._proxy else (self._host, self._port)
        if self._context is None:
            return HTTPConnection(host, port, timeout=self._time_outs.connect)
        connection = HTTPSConnection(host, port, timeout=self._time_outs.connect, context=self._context)
        if self._proxy:
            connection.set_tunnel(self._host, self._port, headers=self._proxy.headers)
        return connection

    def _not_connected(self, error: OSError) -> Exception:
        if isinstance(error, TimeoutError):
            return ConnectTimeoutError(endpoint_url=self._url, error=error)
        if isinstance(error, ssl.SSLError):
            return SSLError(endpoint_url=self._url, error=error)
        if self._proxy:
            proxy = f"http://{self._proxy.host}:{self._proxy.port}"
            return ProxyConnectionError(proxy_url=proxy, error=error)
        return EndpointConnectionError(endpoint_url=self._url, error=error)


class Sent:
    """A request that was sent: its answer is to be read once, or it is given up."""

    __slots__ = ("_connection", "_connections", "_until")

    def __init__(self, connections: Connections, connection: HTTPConnection, until: float) -> None:
        self._connections = connections
        self._connection = connection
        self._until = until

    @property
    def has_come(self) -> bool:
        """Whether its answer has begun to."""
        return _has_something(self._connection.sock)

    def answer(self) -> HttpAnswer:
        """Waits for it; raises as botocore does."""
        return self._connections.answer(self._connection, self._until)

    def give_up(self) -> None:
        """Closes the connection: whether the request took effect is not known."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    headers: dict[str, str]

    @classmethod
    def of(cls, url: str) -> _Proxy | None:
        """The one that the environment says for a URL, as botocore reads it; None for none."""
        configured = ProxyConfiguration(get_environ_proxies(url))
        found = configured.proxy_url_for(url)
        if not found:
            return None
        parts = urlsplit(found)
        if parts.scheme != "http" or not parts.hostname:
            raise Stop(
                f"proxy {parts.scheme}://{capped(parts.hostname or '')}: messages are sent through a proxy "
                "that is spoken to over http only: correct HTTPS_PROXY or HTTP_PROXY, or except "
                f"{urlsplit(url).hostname} in NO_PROXY"
            )
        return cls(parts.hostname, parts.port or _PORTS["http"], configured.proxy_headers_for(found))


def _has_something(sock: socket.socket) -> bool:
    """Whether there is something to read, the other side's end included."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
