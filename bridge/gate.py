"""Where whoever holds a connection to the queue manager passes between two units of work.

MQ's client sets TLS up once a process: new credentials are taken only when no connection is left. So the gate
is closed, each route finishes what it has in hand, lets go of its connection and waits there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event
from typing import Protocol

_LOOK_EVERY = 0.2
"""Seconds between two looks at whether to stop."""


class Told(Protocol):
    """Whether whoever waits for messages should give it up; a `threading.Event`, for one."""

    def is_set(self) -> bool:
        """Whether it should."""
        ...


class Gate:
    """Shared by threads. It is open until it is `closed`."""

    def __init__(self) -> None:
        self._closing = Event()
        self._changed = Condition()
        self._users = 0
        self._outside = 0

    @contextmanager
    def user(self) -> Iterator[None]:
        """To be held by a thread for as long as it may have a connection."""
        with self._changed:
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def or_closing(self, stop: Event) -> Told:
        """Whether to come to the gate: it closes, or the bridge is told to stop."""
        return _Either(stop, self._closing)

    def wait(self, seconds: float, stop: Event) -> None:
        """Waits so long; less where `stop` is set or the gate closes."""
        left = seconds
        while left > 0 and not self._closing.is_set():
            if stop.wait(min(left, _LOOK_EVERY)):
                return
            left -= _LOOK_EVERY

    def pass_through(self, let_go: Callable[[], None], stop: Event) -> None:
        """Returns at once while it is open; else calls `let_go` and waits until it opens or `stop` is set."""
        if not self._closing.is_set():
            return
        let_go()
        with self._changed:
            self._outside += 1
            self._changed.notify_all()
            while self._closing.is_set() and not stop.is_set():
                self._changed.wait(_LOOK_EVERY)
            self._outside -= 1

    @contextmanager
    def closed(self, within: float) -> Iterator[bool]:
        """Closes it, and opens it on leaving; whether all have let go within so many seconds."""
        self._closing.set()
        try:
            with self._changed:
                yield self._changed.wait_for(lambda: self._outside >= self._users, within)
        finally:
            with self._changed:
                self._closing.clear()
                self._changed.notify_all()


class _Either:
    """Set when one of them is."""

    def __init__(self, *events: Event) -> None:
        self._events = events

    def is_set(self) -> bool:
        return any(each.is_set() for each in self._events)
