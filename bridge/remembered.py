"""What is remembered of messages that may come again: of the newest ones, for memory is bounded."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence

_MOST = 10_000
"""Messages."""


class Remembered:
    """How often something became of each message, by identity; beyond 10,000 the oldest are forgotten."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, int] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._times)

    def __contains__(self, identity: str) -> bool:
        return identity in self._times

    def times(self, identity: str) -> int:
        """How often; 0 where nothing is remembered."""
        return self._times.get(identity, 0)

    @property
    def all(self) -> Sequence[str]:
        """Each identity as often as it was added."""
        return list(Counter(self._times).elements())

    def add(self, identity: str) -> None:
        """Once more; nothing is remembered of a message without an identity."""
        if not identity:
            return
        self._times[identity] = self.times(identity) + 1
        if len(self._times) > _MOST:
            self._times.popitem(last=False)

    def take(self, identity: str) -> None:
        """Once less, where it is remembered."""
        if identity in self._times:
            self._times[identity] -= 1
            if not self._times[identity]:
                del self._times[identity]

    def forget(self, identity: str) -> None:
        """As if it had never been."""
        self._times.pop(identity, None)
