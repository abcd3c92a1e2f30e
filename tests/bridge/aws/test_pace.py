"""The pace at which a destination with a quota is sent to, by a clock of the test's own."""

from __future__ import annotations

import heapq
import random

import pytest

from bridge.aws.pace import Pace

REQUEST = 10
"""Messages."""
SECONDS = 10.0


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def offered_twice_the_quota(
    quota: float, *, burst: float, saved: float, workers: int = 15
) -> tuple[float, float]:
    """What share of the quota got through, and how many requests were refused for each that was not.

    The destination saves up the quota of `burst` seconds, and has `saved` that share of it. Each worker sends
    one request after the other, and after a refusal waits for up to a quarter of a second, as the bridge's
    retries do.
    """
    time, chance = Time(), random.Random(1)
    pace = Pace(time)
    left, seen_at, free_at = saved * burst * quota, 0.0, 0.0
    sent = refused = 0
    # It begins at a trickle, which tells little of what the destination would take: where nothing is saved
    # up, to find that out takes two seconds or three.
    for _ in range(10):
        time.now -= 0.1
        pace.taken(1)
    time.now = 0.0
    due = [(0.0, worker) for worker in range(workers)]
    while due[0][0] < SECONDS:
        time.now, worker = heapq.heappop(due)
        at = max(time.now + pace.wait(REQUEST), free_at)
        free_at = at + REQUEST / (2 * quota)
        left, seen_at = min(burst * quota, left + (at - seen_at) * quota), at
        time.now = at
        if left >= REQUEST:
            left -= REQUEST
            sent += 1
            pace.taken(REQUEST)
        else:
            refused += 1
            pace.refused()
            at += chance.uniform(0, 0.25)
        heapq.heappush(due, (at + 0.01, worker))
    return sent * REQUEST / (quota * SECONDS), refused / sent


@pytest.mark.parametrize("quota", [300, 3_000])
@pytest.mark.parametrize("burst", [0.5, 1.0])
@pytest.mark.parametrize(("saved", "least"), [(1.0, 0.92), (0.0, 0.65)], ids=["saved up", "nothing saved"])
def test_offered_twice_the_quota_nearly_all_of_it_gets_through_and_little_is_refused(
    quota: float, burst: float, saved: float, least: float
) -> None:
    through, refused = offered_twice_the_quota(quota, burst=burst, saved=saved)
    assert through > least
    assert refused < 0.1


def test_nobody_waits_until_something_was_refused() -> None:
    time = Time()
    pace = Pace(time)
    for _ in range(1_000):
        assert pace.wait(REQUEST) == 0
        pace.taken(REQUEST)
        time.now += 0.001


def test_nor_a_minute_after_the_last_refusal() -> None:
    time = Time()
    pace = Pace(time)
    for _ in range(10):
        pace.taken(REQUEST)
        time.now += 0.1
    pace.refused()
    waits = [pace.wait(REQUEST) for _ in range(5)]
    assert waits == sorted(waits)
    assert 0.3 < waits[-1] < 0.6
    time.now += 61
    assert [pace.wait(REQUEST) for _ in range(5)] == [0.0] * 5


def test_a_request_waits_for_two_seconds_at_the_most_however_little_is_taken() -> None:
    time = Time()
    pace = Pace(time)
    pace.taken(1)
    pace.refused()
    assert [pace.wait(REQUEST) for _ in range(5)] == [0.0, 1.0, 2.0, 2.0, 2.0]
