"""What goes between a process and the one that started it: objects of Python's, both ways, over a socket."""

from __future__ import annotations

import select
import threading
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Self

STOP = "stop"
"""What a process is told when it is time."""
_PATIENCE = 0.1
"""Seconds that something offered waits for something else to be sent."""


@dataclass(frozen=True, slots=True)
class Excused:
    """Messages that a route had to give back for nothing that is wrong with them.

    By their identities, each as often as it was.
    """

    route: str
    identities: Collection[str]


class Channel:
    """One end. Any thread may send; one receives. A context manager."""

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self._connection.close()

    def send(self, what: Any) -> None:
        """Raises `OSError` where the other end is gone."""
        with self._sending:
            self._connection.send(what)

    def offer(self, what: Any) -> None:
        """Sends it unless the other end does not listen, or is gone: for what may be lost. It is small."""
        if not self._sending.acquire(timeout=_PATIENCE):
            return
        try:
            with suppress(OSError):
                ready = select.poll()
                ready.register(self._connection.fileno(), select.POLLOUT)
                if ready.poll(0):  # as long as its buffer has more room than that takes
                    self._connection.send(what)
        finally:
            self._sending.release()

    def receive(self) -> Any:
        """The next; raises `EOFError` or `OSError` where the other end is gone."""
        return self._connection.recv()
