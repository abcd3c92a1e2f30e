"""A source that leaves out what its route's filter does not match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bridge.errors import MappingError
from bridge.message import Delivery
from bridge.ports import Source
from bridge.shaping import facts
from bridge.shaping.pattern import Pattern


def judged(pattern: Pattern, delivery: Delivery) -> Delivery | None:
    """A message that matches; None for one that does not; with a fault, one of which that can't be told."""
    if delivery.fault:
        return delivery
    try:
        return delivery if facts.matches(pattern, delivery.message, {}) else None
    except MappingError as e:
        return replace(delivery, fault=f"the route's filter can't tell: {e}")


class FilteringSource:
    """Another source's messages, as far as they match. A `Source`.

    The others leave it with the unit of work they came in, and go nowhere: `left_out` is told how many, and
    the bytes of their bodies. What can't be judged is handed on with a fault, so that it is set aside and not
    dropped.
    """

    def __init__(self, source: Source, pattern: Pattern, left_out: Callable[[int, int], None]) -> None:
        self._source = source
        self._pattern = pattern
        self._tell = left_out
        self._left_out = (0, 0)

    @property
    def name(self) -> str:
        """The other's."""
        return self._source.name

    def connect(self) -> None:
        """As the other does."""
        self._source.connect()

    def take(self, limit: int) -> Sequence[Delivery]:
        """What the other takes, without what the filter leaves out; a unit of nothing else is committed."""
        unit = self._source.take(limit)
        wanted = [each for each in (judged(self._pattern, each) for each in unit) if each]
        self._left_out = (len(unit) - len(wanted), _size(unit) - _size(wanted))
        if unit and not wanted:
            self.commit()
        return wanted

    def commit(self) -> None:
        """As the other does, and counts what was left out."""
        self._source.commit()
        self._tell(*self._left_out)
        self._left_out = (0, 0)

    def back_out(self) -> None:
        """As the other does: what was left out comes again too."""
        self._left_out = (0, 0)
        self._source.back_out()

    def close(self) -> None:
        """As the other does."""
        self._left_out = (0, 0)
        self._source.close()


def _size(deliveries: Sequence[Delivery]) -> int:
    return sum(len(each.message.body) for each in deliveries)
