"""How long messages took from being put to being where they were going."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
"""Seconds: what a histogram tells apart."""


@dataclass(slots=True)
class Latencies:
    """A histogram; `total` is the sum of all of them in seconds."""

    total: float = 0.0
    _counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, seconds: float) -> None:
        """One more; clocks that differ make none below 0."""
        seconds = max(0.0, seconds)
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def up_to(self) -> Sequence[tuple[str, float]]:
        """For each bound, the last one infinite, how many took no longer: as Prometheus has it."""
        found, count = [], 0
        for bound, more in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            count += more
            found.append((bound, float(count)))
        return found
