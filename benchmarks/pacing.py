"""Offers messages at a steady rate, from within a server's own loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_STEP = 0.002
"""Seconds between two looks at what is due."""


async def offer(count: int, rate: float, put: Callable[[int], None]) -> list[float]:
    """Calls `put` with 0 to `count` - 1, at `rate` a second; returns when each was (monotonic seconds)."""
    times: list[float] = []
    began = time.monotonic()
    while len(times) < count:
        due = min(count, int((time.monotonic() - began) * rate) + 1)
        while len(times) < due:
            times.append(time.monotonic())
            put(len(times) - 1)
        await asyncio.sleep(min(_STEP, 1 / rate))
    return times
