"""Room for bodies: how many bytes of them a route may have in hand, over all of its connections."""

from __future__ import annotations

from threading import Condition

IN_FLIGHT = 56 * 1024 * 1024
"""Bytes that a route has in hand at the most, where the configuration says nothing else."""
A_UNIT = 4 * 1024 * 1024
"""Bytes of bodies after which a unit of work takes no further message: large ones come in units of their own,
which overlap. One is then got while others go up to S3, or come from there."""


class Room:
    """Of `most` bytes, shared by a route's connections. A body that is alone finds room, however large."""

    def __init__(self, most: int = IN_FLIGHT) -> None:
        self._most = most
        self._held = 0
        self._changed = Condition()
        self.a_unit = min(most, A_UNIT)
        """Bytes after which a unit of work is full."""

    @property
    def held(self) -> int:
        """Bytes in hand."""
        return self._held

    def take(self, size: int) -> bool:
        """Takes so many bytes, if there is room for them."""
        with self._changed:
            if not self._has(size):
                return False
            self._held += size
            return True

    def add(self, size: int) -> None:
        """Takes so many whether or not there is room: they are there already."""
        with self._changed:
            self._held += size

    def give_back(self, size: int) -> None:
        """So many are not in hand any more."""
        with self._changed:
            self._held -= size
            self._changed.notify_all()

    def has(self, size: int, within: float = 0.0) -> bool:
        """Whether there is room for so many bytes, now or in so many seconds."""
        if self._has(size):  # nearly always, and asked for each message: without the lock
            return True
        with self._changed:
            return self._changed.wait_for(lambda: self._has(size), within)

    def _has(self, size: int) -> bool:
        return not self._held or self._held + size <= self._most
