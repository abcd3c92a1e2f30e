"""What was called, for tests that want to know."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from mock_mq.constants import Reason

MOST = 100_000
"""Calls that are kept; the oldest go first."""


class RecordedCall(NamedTuple):
    """A call as it was answered. `reason` is 0, or why it was refused or what it was warned of."""

    connection: int
    application: str
    user: str
    call: str
    queue: str
    reason: int

    def __str__(self) -> str:
        known = self.reason in Reason._value2member_map_
        outcome = f" {self.reason} MQRC_{Reason(self.reason).name}" if self.reason and known else ""
        return f"{self.connection} {self.application} {self.call} {self.queue}".rstrip() + outcome


class Journal:
    """The calls so far, the latest `MOST` of them."""

    def __init__(self) -> None:
        self._calls: deque[RecordedCall] = deque(maxlen=MOST)

    def __iter__(self) -> Iterator[RecordedCall]:
        return iter(tuple(self._calls))

    def add(self, call: RecordedCall) -> None:
        """Takes note of a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forgets."""
        self._calls.clear()
