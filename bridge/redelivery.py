"""What this process remembers of messages that it had to give back: so that they are not sent twice for it.

A unit of work ends as a whole. When part of it was confirmed before the destination went away, all of it is
handed out again; and each time its BackoutCount grows for no fault of the message. A restart forgets both:
then a message may arrive twice, and may reach the backout threshold early, but never gets lost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.message import Delivery

_MOST = 10_000


@dataclass(slots=True)
class Redeliveries:
    """Bounded: forgets the oldest beyond `most` messages."""

    most: int = _MOST
    _confirmed: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _excused: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def confirm(self, deliveries: Iterable[Delivery]) -> None:
        """These have a home, but their unit of work may come again."""
        for each in deliveries:
            if each.identity:
                self._confirmed[each.identity] = None
        self._bound(self._confirmed)

    def excuse(self, deliveries: Iterable[Delivery]) -> None:
        """These go back, and not for anything that is wrong with them."""
        for each in deliveries:
            if each.identity:
                self._excused[each.identity] = self._excused.get(each.identity, 0) + 1
        self._bound(self._excused)

    def has_a_home(self, delivery: Delivery) -> bool:
        """Whether it was confirmed before its unit of work was given back."""
        return bool(self._confirmed) and delivery.identity in self._confirmed

    def attempts(self, delivery: Delivery) -> int:
        """How often it was given back for a reason of its own, as far as this process knows."""
        if not self._excused:
            return delivery.deliveries
        return max(0, delivery.deliveries - self._excused.get(delivery.identity, 0))

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """These are gone from the source for good."""
        if not self._confirmed and not self._excused:
            return
        for each in deliveries:
            self._confirmed.pop(each.identity, None)
            self._excused.pop(each.identity, None)

    def _bound(self, remembered: OrderedDict[str, None] | OrderedDict[str, int]) -> None:
        while len(remembered) > self.most:
            remembered.popitem(last=False)
