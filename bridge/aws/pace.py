"""How fast messages go to a destination with a quota: nearly as fast as it takes them.

SNS and SQS refuse what is over a quota of messages a second, and a refused request was work for nothing. So
once one was refused, the next go at the pace of those that were taken, and a little faster all the time: it
is a refusal now and then that tells where the quota is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

_WINDOWS = (1.0, 0.25)
"""Seconds over which is counted what was taken: the greater pace is believed, for that much it can take."""
_LESS = 0.95
"""The share of it that is sent after a refusal."""
_LEAST = 10.0
"""Messages a second: a request of ten, at the least."""
_MORE = 0.03
"""What is added to that in a second, of a whole."""
_DOUBLES_AFTER = 1.0
"""Seconds after which it doubles every second besides: so little was not the quota."""
_SETTLES = 0.5
"""Seconds in which a change of pace shows: what is refused until then was under way."""
_FORGOTTEN = 60.0
"""Seconds without a refusal after which everything goes at once again."""
_LONGEST = 2.0
"""Seconds at the most that a request is kept waiting."""


class Pace:
    """The pace of one destination. Shared by the threads that send to it; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: deque[tuple[float, int]] = deque()
        self._rate = 0.0
        """Messages a second when last changed; 0 where there is no limit."""
        self._changed_at = self._refused_at = self._next = 0.0

    def wait(self, messages: int) -> float:
        """The seconds to wait before a request of so many messages is sent: its place is kept."""
        with self._lock:
            now = self._clock()
            if self._rate and now - self._refused_at > _FORGOTTEN:
                self._rate = 0.0
            if not self._rate:
                return 0.0
            at = min(max(now, self._next), now + _LONGEST)
            self._next = at + messages / self._rate_at(now)
            return at - now

    def taken(self, messages: int) -> None:
        """So many were."""
        with self._lock:
            now = self._clock()
            self._taken.append((now, messages))
            while now - self._taken[0][0] > _WINDOWS[0]:
                self._taken.popleft()

    def refused(self) -> None:
        """A request was, for there were too many: those under way with it tell the same."""
        with self._lock:
            now = self._clock()
            if self._rate and now - self._changed_at < _SETTLES:
                return
            pace = max(
                sum(messages for at, messages in self._taken if now - at <= window) / window
                for window in _WINDOWS
            )
            if not pace:  # nothing is known: whoever tries again waits by himself
                return
            if self._rate:
                pace = min(pace, self._rate_at(now))
            self._rate = max(_LEAST, _LESS * pace)
            self._changed_at = self._refused_at = now

    def _rate_at(self, now: float) -> float:
        since = now - self._changed_at
        doubled: float = 2.0 ** max(0.0, since - _DOUBLES_AFTER)
        return self._rate * (1 + _MORE * since) * doubled
