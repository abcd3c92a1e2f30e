"""`make soak` in small: the same processes, for a moment."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bodies import MIXED
from benchmarks.soak import Minute, Soak, more
from benchmarks.stand import Stand

MB = 1_000_000


def test_a_soak_moves_messages_both_ways_and_tells_the_memory(tmp_path: Path) -> None:
    with Stand(tmp_path) as stand, stand.bridge("out", "in") as movers:
        minute = Soak(stand, movers, MIXED).minute(0.2)
    assert min(minute.out, minute.into) > 0
    assert minute.wrong == 0
    assert 20 * MB < minute.memory < 1_000 * MB


def test_memory_that_grows_is_told() -> None:
    minutes = [Minute(1, 1, 0, memory) for memory in (100, 110, 110, 121)]
    assert more(minutes) == 1.1
    assert more(minutes[:3]) == 1.1
