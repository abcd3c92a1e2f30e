"""Which connection a handle of the MQI stands for, and who may use it."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass

from mock_mq.client.connection import Connection
from mock_mq.constants import Reason
from mock_mq.errors import MQError


@dataclass(frozen=True, slots=True)
class _Connected:
    connection: Connection
    thread: int | None
    """The one thread that may use it; None where MQCNO_HANDLE_SHARE_* was asked for."""


_connections: dict[int, _Connected] = {}
_next_handle = itertools.count(1)


def remember(connection: Connection, *, shared: bool) -> int:
    """A handle for a new connection: for this thread alone, or `shared` by all."""
    number = next(_next_handle)
    _connections[number] = _Connected(connection, None if shared else threading.get_ident())
    return number


def connection_of(handle: int) -> Connection:
    """The connection of a handle; raises 2018 where there is none, or it is another thread's."""
    connected = _connections.get(handle)
    if connected is None or connected.thread not in (None, threading.get_ident()):
        raise MQError(Reason.HCONN_ERROR, str(handle))
    return connected.connection


def forget(handle: int) -> None:
    """The connection has ended."""
    _connections.pop(handle, None)
