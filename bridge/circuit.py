"""Whether a route goes on: closed while it does; open while a side is away, but for tries of one message."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)

_FIRST, _LONGEST = 0.5, 30.0
_FIRST_SLOWLY, _LONGEST_SLOWLY = 5.0, 60.0
_SAY_AGAIN_AFTER = 60.0


@dataclass(slots=True)
class Circuit:
    """A route's circuit. `clock` gives seconds; `jitter` a number from 0 to 1.

    Says in the log what is wrong when it opens, when the reason changes, and once a minute while it lasts.
    """

    route: str
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _failures: int = field(default=0, init=False)
    _reason: str = field(default="", init=False)
    _delivering: bool = field(default=False, init=False)
    _opened_at: float = field(default=0.0, init=False)
    _said_at: float = field(default=0.0, init=False)

    @property
    def closed(self) -> bool:
        """Whether all is well; the route is ready then."""
        return self._failures == 0

    @property
    def reason(self) -> str:
        """Why it is open; empty when it is closed."""
        return self._reason

    def failed(self, reason: str, *, delivering: bool, slowly: bool = False) -> float:
        """Opens the circuit, or keeps it open: the seconds to wait before the next try.

        `delivering` says that it was the destination that failed with a message in hand; then only a delivery
        closes the circuit. `slowly` is for what a person has to mend.
        """
        now = self.clock()
        if self.closed:
            self._opened_at = now
        # Once it is the destination's doing it stays so: an empty source proves nothing about it.
        self._delivering = self._delivering or delivering
        least, most = (_FIRST_SLOWLY, _LONGEST_SLOWLY) if slowly else (_FIRST, _LONGEST)
        wait = min(least * 2.0 ** min(self._failures, 10), most) * (0.5 + self.jitter() / 2)
        if self.closed or reason != self._reason or now - self._said_at >= _SAY_AGAIN_AFTER:
            log.warning(
                "route_waiting",
                route=self.route,
                reason=reason,
                since_seconds=round(now - self._opened_at, 1),
            )
            self._said_at = now
        self._failures += 1
        self._reason = reason
        return wait

    def idle(self) -> None:
        """Nothing was there to deliver, so both sides were reached."""
        if not self._delivering:
            self.succeeded()

    def succeeded(self) -> None:
        """A unit of work was committed."""
        if not self.closed:
            log.info(
                "route_going_on", route=self.route, after_seconds=round(self.clock() - self._opened_at, 1)
            )
        self._failures, self._reason, self._delivering = 0, "", False
