"""Where whoever holds a connection to the queue manager passes between two units of work.

MQ's client sets TLS up once a process: new credentials are taken only when no connection is left. So the gate
is closed, each route finishes what it has in hand, lets go of its connection and waits there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Event, Thread, current_thread
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
        self._inside: set[Thread] = set()

    @contextmanager
    def user(self) -> Iterator[None]:
        """To be held by a thread for as long as it may have a connection; the thread's name says whose."""
        with self._changed:
            self._inside.add(current_thread())
        try:
            yield
        finally:
            with self._changed:
                self._inside.discard(current_thread())
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

    def pass_through(self, let_go: Callable[[], None], stop: Event) -> bool:
        """Whether to go on: not once `stop` is set.

        For a `user`. It returns at once while the gate is open; else it calls `let_go`, and waits.
        """
        if self._closing.is_set() and not stop.is_set():
            let_go()
            with self._changed:
                self._inside.discard(current_thread())
                self._changed.notify_all()
                while self._closing.is_set() and not stop.is_set():
                    self._changed.wait(_LOOK_EVERY)
                self._inside.add(current_thread())
        return not stop.is_set()

    @contextmanager
    def closed(self, within: float) -> Iterator[Sequence[str]]:
        """Closes it, and opens it on leaving; the names of those that have not let go in so many seconds."""
        self._closing.set()
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._inside, within)
                yield sorted(each.name for each in self._inside)
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
