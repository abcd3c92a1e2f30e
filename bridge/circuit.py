"""Whether a route goes on: closed while it does; open while a side is away, but for tries of one message."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

log = structlog.get_logger(__name__)


class _Pace(NamedTuple):
    """Seconds from one try's start to the next: the first, and the longest while an outage is young."""

    first: float
    longest: float


_QUICKLY, _SLOWLY = _Pace(0.5, 5.0), _Pace(5.0, 60.0)
_SHARE, _LONGEST = 0.01, 30.0
"""Of an outage's length, and in seconds at most: so long may waits get after all, for each probe with a
message of SQS's is a receive, and its redrive counts those."""
_MINUTE = 60.0
_LINES_A_MINUTE = 3


@dataclass(slots=True)
class Circuit:
    """A route's circuit. `clock` gives seconds; `jitter` a number from 0 to 1.

    Says in the log what is wrong when it opens, when the reason changes, and once a minute while it lasts; in
    any minute at most three lines, however often it opens and whatever the reasons quote.
    """

    route: str
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    waiting: bool = field(default=False, init=False)
    """Whether the route holds; it may be open and go on, with its messages set aside."""
    _failures: int = field(default=0, init=False)
    _in_a_row: int = field(default=0, init=False)
    _pace: _Pace = field(default=_QUICKLY, init=False)
    _reason: str = field(default="", init=False)
    _delivering: bool = field(default=False, init=False)
    _opened_at: float = field(default=0.0, init=False)
    _said: list[tuple[float, str, str]] = field(default_factory=list, init=False)
    """What was said within the last minute: when, the event, the reason."""
    _told: bool = field(default=False, init=False)
    """Whether the log knows that it is open."""

    @property
    def closed(self) -> bool:
        """Whether all is well; the route is ready then."""
        return self._failures == 0

    @property
    def probing(self) -> bool:
        """Whether the next delivery is to find out if the destination is back."""
        return self._delivering

    @property
    def reason(self) -> str:
        """Why it is open; empty when it is closed."""
        return self._reason

    def failed(self, reason: str, *, delivering: bool, slowly: bool = False, took: float = 0.0) -> float:
        """Opens the circuit, or keeps it open: the seconds to wait before the next try.

        `delivering` says that it was the destination that failed with a message in hand; then only a delivery
        closes the circuit. `slowly` is for what a person has to mend. `took` are the seconds that the try
        itself lasted: whoever was kept waiting for an answer has waited already.
        """
        now = self._open(reason, delivering=delivering)
        self.waiting = True
        self._say("route_waiting", now)
        pace = _SLOWLY if slowly else _QUICKLY
        if pace is not self._pace:
            self._in_a_row, self._pace = 0, pace
        longest = max(pace.longest, min(_SHARE * (now - self._opened_at), _LONGEST))
        interval = min(pace.first * 2.0 ** min(self._in_a_row, 10), longest)
        self._in_a_row += 1
        return max(interval - took, _QUICKLY.first) * (0.5 + self.jitter() / 2)

    def set_aside(self, reason: str) -> None:
        """Opens the circuit, or keeps it open, for a destination whose messages go to the dead letters."""
        now = self._open(reason, delivering=True)
        self.waiting = False
        self._say("route_setting_aside", now)

    def idle(self, began: float | None = None) -> None:
        """Nothing was there to deliver, so both sides were reached; `began` as below."""
        if not self._delivering:
            self.succeeded(began)

    def succeeded(self, began: float | None = None) -> None:
        """A unit of work was committed: one begun then, by the clock, tells nothing of what failed since."""
        if began is not None and not self.closed and began < self._opened_at:
            return
        if self._told:
            log.info(
                "route_going_on", route=self.route, after_seconds=round(self.clock() - self._opened_at, 1)
            )
        self._failures, self._in_a_row, self._reason = 0, 0, ""
        self._delivering = self.waiting = self._told = False

    def _open(self, reason: str, *, delivering: bool) -> float:
        now = self.clock()
        if self.closed:
            self._opened_at = now
        # Once it is the destination's doing it stays so: an empty source proves nothing about it.
        self._delivering = self._delivering or delivering
        self._failures += 1
        self._reason = reason
        return now

    def _say(self, event: str, now: float) -> None:
        # A reason may quote an address or a request's id, and be another one each time.
        self._said = [each for each in self._said if now - each[0] < _MINUTE]
        known = self._told and any(said[1:] == (event, self._reason) for said in self._said)
        if known or len(self._said) >= _LINES_A_MINUTE:
            return
        log.warning(
            event, route=self.route, reason=self._reason, since_seconds=round(now - self._opened_at, 1)
        )
        self._said.append((now, event, self._reason))
        self._told = True
