"""What this process remembers of messages that it had to give back: so that they are not sent twice for it.

A unit of work ends as a whole. When part of it was confirmed before the destination went away, all of it is
handed out again; and each time its BackoutCount grows for no fault of the message. A restart forgets both:
then a message may arrive twice, and may reach the backout threshold early, but never gets lost.

Where a connection breaks the queue manager gives its messages back at once, and another of the route's
connections may get them while AWS's answer is yet to come: they are judged once it is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

from bridge.message import Delivery
from bridge.remembered import Remembered

_PATIENCE = 60.0
"""Seconds for which the end of another's unit of work is waited for."""


@dataclass(slots=True)
class Redeliveries:
    """Bounded, as what is `Remembered`. Shared by the threads that move a route's.

    `tell` is called with the identities of those that are excused, for other processes that take from the
    same source: the next to get such a message may be one of them.

    Programs that choose their own ids put messages that are alike to the last byte, so it counts: of two
    such, one that has a home must not be taken for the other.

    What comes for the first time is asked for no identity unless it is given back: of a large body it takes
    longer to make one than to publish it.
    """

    tell: Callable[[Collection[str]], None] = lambda _identities: None
    _confirmed: Remembered = field(default_factory=Remembered)
    _excused: Remembered = field(default_factory=Remembered)
    _in_hand: dict[object, Sequence[Delivery]] = field(default_factory=dict)
    _changed: Condition = field(default_factory=Condition)

    @contextmanager
    def in_hand(self, unit: Sequence[Delivery]) -> Iterator[Sequence[bool]]:
        """To be held for as long as a unit of work is under way, and what becomes of it is told.

        For each of its messages, whether it was confirmed before it was given back.
        """
        again = {each.known_by for each in unit if each.deliveries}
        this = object()
        with self._changed:
            self._changed.wait_for(lambda: not (again and self._others_have(again)), _PATIENCE)
            known = self._with_a_home(unit)
            self._in_hand[this] = unit
        try:
            yield known
        finally:
            with self._changed:
                del self._in_hand[this]
                self._changed.notify_all()

    def _others_have(self, identities: Set[str]) -> bool:
        return any(each.known_by in identities for unit in self._in_hand.values() for each in unit)

    def confirm(self, deliveries: Iterable[Delivery]) -> None:
        """These have a home, but their unit of work may come again."""
        with self._changed:
            for each in deliveries:
                self._confirmed.add(each.known_by)

    def excuse(self, unit: Iterable[Delivery]) -> None:
        """These, a unit of work, go back, and not for anything that is wrong with them."""
        identities = {each.known_by for each in unit}
        self.excused(identities)
        self.tell(identities)

    @property
    def all_excused(self) -> Sequence[str]:
        """The identities of those that are, each as often as it was."""
        with self._changed:
            return self._excused.all

    def excused(self, identities: Iterable[str]) -> None:
        """Messages of these identities went back so, whoever had them in hand. For any thread."""
        with self._changed:
            for identity in identities:
                self._excused.add(identity)

    def _with_a_home(self, unit: Sequence[Delivery]) -> list[bool]:
        if not self._confirmed:
            return [False] * len(unit)
        found: Counter[str] = Counter()
        known = []
        for each in unit:
            # What was never given back is another, however alike.
            again = each.deliveries > 0 and found[each.known_by] < self._confirmed.times(each.known_by)
            if again:
                found[each.known_by] += 1
            known.append(again)
        return known

    def attempts(self, delivery: Delivery) -> int:
        """How often it was given back for a reason of its own, as far as this process knows."""
        if not delivery.deliveries:
            return 0
        return max(0, delivery.deliveries - self._excused.times(delivery.known_by))

    def settle(self, unit: Iterable[Delivery]) -> None:
        """These are gone from the source for good."""
        with self._changed:
            for identity in (each.known_by for each in unit if each.deliveries):
                self._excused.forget(identity)
                self._confirmed.take(identity)
