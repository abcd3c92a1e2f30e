"""What arrived, how often, and when."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any


class Arrivals:
    """Messages that arrived, by their numbers."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets."""
        self._first: dict[int, float] = {}
        self._total = 0
        self._last = 0.0
        self._wanted = 0
        self._enough = asyncio.Event()

    def add(self, serial: int) -> None:
        """A message arrived."""
        self._last = time.monotonic()
        self._first.setdefault(serial, self._last)
        self._total += 1
        if len(self._first) == self._wanted:
            self._enough.set()

    async def wait(self, messages: int, within: float) -> dict[str, Any]:
        """Returns once so many have arrived, or after `within` seconds: how many, and when the last did."""
        self._wanted = messages
        if len(self._first) < messages:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), within)
        return {"distinct": len(self._first), "total": self._total, "last": self._last}

    def times(self, first: int, count: int) -> list[float]:
        """When those numbered from `first` arrived first (monotonic seconds); 0 where one did not."""
        return [self._first.get(serial, 0.0) for serial in range(first, first + count)]
