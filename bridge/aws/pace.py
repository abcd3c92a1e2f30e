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
_MORE = 0.05
"""What is added to that in a second, of a whole."""
_SETTLES = 0.25
"""Seconds in which a change of pace shows: what is refused until then was under way."""
_SOON = 1.0
"""Seconds: refused again within them, it had nothing saved up, and what it took meanwhile is its quota."""
_GUESSED, _MEASURED = 0.5, 2.0
"""Seconds without a refusal after which so little is not the quota, as the first refusal alone told it or a
later one."""
_DOUBLES = 0.25
"""Seconds in which it doubles from then on."""
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
        self._doubles_after = 0.0

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
            since = now - self._changed_at
            if self._rate and since < _SETTLES:
                return
            again = bool(self._rate)
            pace = self._pace_since(now, since) if again and since < _SOON else self._most(now)
            if not pace:  # nothing is known: whoever tries again waits by himself
                return
            if again:
                pace = min(pace, self._rate_at(now))
            self._rate = max(_LEAST, _LESS * pace)
            self._doubles_after = _MEASURED if again else _GUESSED
            self._changed_at = self._refused_at = now

    def _most(self, now: float) -> float:
        return max(self._pace_since(now, window) for window in _WINDOWS)

    def _pace_since(self, now: float, seconds: float) -> float:
        """Messages a second that it took in the last `seconds`."""
        return sum(messages for at, messages in self._taken if now - at <= seconds) / seconds

    def _rate_at(self, now: float) -> float:
        since = now - self._changed_at
        doubled: float = 2.0 ** (max(0.0, since - self._doubles_after) / _DOUBLES)
        return self._rate * (1 + _MORE * since) * doubled
