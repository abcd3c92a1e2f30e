"""What this process remembers of messages that it had to give back: so that they are not sent twice for it.

A unit of work ends as a whole. When part of it was confirmed before the destination went away, all of it is
handed out again; and each time its BackoutCount grows for no fault of the message. A restart forgets both:
then a message may arrive twice, and may reach the backout threshold early, but never gets lost.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from bridge.message import Delivery

_MOST = 10_000


@dataclass(slots=True)
class Redeliveries:
    """Bounded: forgets the oldest beyond `most` messages.

    `tell` is called with the identities of those that are excused, for other processes that take from the
    same source: the next to get such a message may be one of them.

    Programs that choose their own ids put messages that are alike to the last byte, so it counts: of two
    such, one that has a home must not be taken for the other.
    """

    most: int = _MOST
    tell: Callable[[Collection[str]], None] = lambda _identities: None
    _confirmed: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _excused: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _excusing: Lock = field(default_factory=Lock)

    def confirm(self, deliveries: Iterable[Delivery]) -> None:
        """These have a home, but their unit of work may come again."""
        for each in deliveries:
            self._add(self._confirmed, each.identity)

    def excuse(self, unit: Iterable[Delivery]) -> None:
        """These, a unit of work, go back, and not for anything that is wrong with them."""
        identities = {each.identity for each in unit}
        self.excused(identities)
        self.tell(identities)

    @property
    def all_excused(self) -> Sequence[str]:
        """The identities of those that are, each as often as it was."""
        with self._excusing:
            return list(Counter(self._excused).elements())

    def excused(self, identities: Iterable[str]) -> None:
        """Messages of these identities went back so, whoever had them in hand. For any thread."""
        with self._excusing:
            for identity in identities:
                self._add(self._excused, identity)

    def with_a_home(self, unit: Sequence[Delivery]) -> list[bool]:
        """For each of a unit of work, whether it was confirmed before it was given back."""
        if not self._confirmed:
            return [False] * len(unit)
        found: Counter[str] = Counter()
        known = []
        for each in unit:
            # What was never given back is another, however alike.
            again = each.deliveries > 0 and found[each.identity] < self._confirmed.get(each.identity, 0)
            found[each.identity] += again
            known.append(again)
        return known

    def attempts(self, delivery: Delivery) -> int:
        """How often it was given back for a reason of its own, as far as this process knows."""
        return max(0, delivery.deliveries - self._excused.get(delivery.identity, 0))

    def settle(self, unit: Iterable[Delivery]) -> None:
        """These are gone from the source for good."""
        for each in unit:
            with self._excusing:
                self._excused.pop(each.identity, None)
            if each.deliveries and each.identity in self._confirmed:
                self._confirmed[each.identity] -= 1
                if not self._confirmed[each.identity]:
                    del self._confirmed[each.identity]

    def _add(self, remembered: OrderedDict[str, int], identity: str) -> None:
        if not identity:
            return
        remembered[identity] = remembered.get(identity, 0) + 1
        if len(remembered) > self.most:
            remembered.popitem(last=False)
