"""The random run's faults, from a seed: the same seed gives the same faults in the same order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.torture.cells import POINTS, Deed, Point

QUEUE_MANAGER = "MQ queue manager"
"""No call, but all of it: it ends, goes away, lets nobody in, has a slow network."""

WHOLE = (
    *POINTS,
    Point("out", "MQCONN"),
    Point("out", "MQOPEN"),
    Point("out", "MQBACK"),
    Point("out", QUEUE_MANAGER),
    Point("in", "MQCONN"),
    Point("in", "MQOPEN"),
    Point("in", "MQGET", "ledger"),
    Point("in", "MQPUT", "ledger"),
    Point("in", "MQBACK"),
    Point("in", QUEUE_MANAGER),
)
"""The named points, and the other calls to MQ."""

REASONS = {
    "MQCONN": (2009, 2035, 2059, 2161, 2537),
    "MQOPEN": (2009, 2035, 2042, 2085, 2161),
    "MQGET": (2003, 2009, 2016, 2018, 2019, 2024, 2102, 2161, 2195, 2203),
    "MQPUT": (2003, 2009, 2018, 2019, 2024, 2051, 2053, 2056, 2102, 2162, 2192, 2195, 2202),
    "MQCMIT": (2003, 2009, 2102, 2124, 2195),
    "MQBACK": (2009, 2102, 2195),
    QUEUE_MANAGER: (2161,),
}
"""What a call is refused with; none says that the message is at fault, which would set it aside."""

_OF_AWS = (
    Deed.THROTTLED,
    Deed.FAILING,
    Deed.UNAVAILABLE,
    Deed.PARTIAL,
    Deed.EXPIRED,
    Deed.DENIED,
    Deed.KMS,
    Deed.GONE,
    Deed.SKEW,
)
_OF_QUEUE_MANAGERS = (Deed.DROP_BEFORE, Deed.ERROR, Deed.SLOW, Deed.UNAVAILABLE, Deed.GONE)
_FIRST, _LAST = 0.02, 0.85
"""Of the messages: no fault comes before that part has been moved, or after."""


@dataclass(frozen=True, slots=True)
class Blow:
    """A fault to come: when `after` messages have been moved.

    `reason` is what MQ refuses with, `places` are the entries of a batch that fail; `times` is how many calls
    in a row it meets.
    """

    number: int
    after: int
    point: Point
    deed: Deed
    reason: int = 0
    places: tuple[int, ...] = ()
    times: int = 1

    def __str__(self) -> str:
        reason = f" {self.reason}" if self.reason else ""
        again = f", {self.times} times" if self.times > 1 else ""
        return f"{self.point}, {self.deed}{reason}{again}"


def why_not(point: Point, deed: Deed) -> str:
    """Why a point can't be broken in that way; empty where it can."""
    reasons = {
        "of calls": point.call == QUEUE_MANAGER and deed not in _OF_QUEUE_MANAGERS,
        "AWS's": point.call != QUEUE_MANAGER and point.is_mq and deed in _OF_AWS,
        "no batch": deed is Deed.PARTIAL and not point.call.endswith("Batch"),
        "needs no key": deed is Deed.KMS and point.call.startswith("Delete"),
        "see each code": deed is Deed.ERROR and not point.is_mq,
        "see the calls around it": deed.kills and point not in POINTS,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def plan(route: str, *, seed: int, messages: int, faults: int, thorough: bool) -> tuple[Blow, ...]:
    """That many faults for a route that is to move that many messages.

    `thorough` has every point broken in every way that it can be, then goes on at random; without it there
    are three kills, and none that takes a time-out of AWS's to be noticed.
    """
    chance = random.Random(f"{seed} {route}")
    ways = list(_ways(route))
    chance.shuffle(ways)
    kills = [way for way in ways if way[1].kills]
    quick = [way for way in ways if not way[1].kills and (way[1] is not Deed.HANG or way[0].is_mq)]
    chosen = ways if thorough else [*kills[:3], *quick[: faults - 3]]
    chosen += chance.choices(quick, k=max(0, faults - len(chosen)))
    chance.shuffle(chosen)
    gap = (_LAST - _FIRST) * messages / len(chosen)
    return tuple(
        Blow(
            number,
            int(_FIRST * messages + gap * (number + chance.random())),
            point,
            deed,
            reason,
            tuple(sorted(chance.sample(range(10), chance.randint(1, 9)))) if deed is Deed.PARTIAL else (),
            _times(point, deed, chance),
        )
        for number, (point, deed, reason) in enumerate(chosen)
    )


def _times(point: Point, deed: Deed, chance: random.Random) -> int:
    """How many calls in a row: one where the call is not made again at once, or each takes long."""
    seldom = point.call in (QUEUE_MANAGER, "MQBACK", "DeleteObject") or point.special == "hopeless"
    if seldom or deed.kills or deed in (Deed.HANG, Deed.SLOW):
        return 1
    # The third time that an entry fails, and its neighbours don't, its message is set aside.
    return chance.choice((1, 1, 2) if deed is Deed.PARTIAL else (1, 1, 1, 2, 3))


def _ways(route: str) -> Iterator[tuple[Point, Deed, int]]:
    """Each way to break each point of a route, with each of MQ's reasons."""
    for point in WHOLE:
        for deed in Deed:
            if point.route != route or why_not(point, deed):
                continue
            for reason in REASONS[point.call] if point.is_mq and deed is Deed.ERROR else (0,):
                yield point, deed, reason
