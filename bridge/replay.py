"""Sends dead letters to their destinations, one after the other. The guarantee is in `Replay._one`.

A letter is taken in hand, delivered, and marked once its destination has confirmed it, before the next is
touched. Nothing is removed. Whoever is killed in between leaves one letter in hand, which may have arrived:
the next replay leaves it until it is sure that nobody is at it any more, and sends it then.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Protocol

from bridge.errors import Away, BridgeError
from bridge.letters import DamagedLetter, Found, Particulars
from bridge.message import DeadLetter, Fault
from bridge.ports import Sink
from bridge.retry import Retry

_LOOK_AGAIN = 2.0
"""Seconds between two looks at a letter that another replay has in hand."""


class Outcome(Enum):
    """What became of a letter, in words for a summary."""

    SENT = "sent"
    ALREADY = "replayed before"
    REFUSED = "refused"
    DAMAGED = "damaged"
    NOWHERE = "without a destination"
    IN_HAND = "in another's hand"
    UNTRIED = "not tried"

    @property
    def well(self) -> bool:
        """Whether nothing is left to do about it."""
        return self in {Outcome.SENT, Outcome.ALREADY}


class AlreadyReplayed(BridgeError):
    """Another replay has sent it meanwhile."""


class InHand(BridgeError):
    """Another replay has it in hand, and is left to it for `left` seconds more."""

    def __init__(self, message: str, left: float) -> None:
        super().__init__(message)
        self.left = left


class Nowhere(BridgeError):
    """There is no destination for it: says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole letter; `stamp` is another each time that it is set aside."""

    prefix: str
    stamp: str
    particulars: Particulars
    letter: DeadLetter


class Letters(Protocol):
    """Where the letters are. Every method may raise `Away`."""

    def load(self, prefix: str) -> Kept:
        """A letter; raises `DamagedLetter`."""
        ...

    def take(self, kept: Kept, to: str, patience: float) -> None:
        """Takes it in hand, alone; raises `AlreadyReplayed` and `InHand`."""
        ...

    def put_back(self, kept: Kept, to: str, reason: str) -> None:
        """It was not taken, and may be tried again by anybody."""
        ...

    def mark(self, kept: Kept, to: str) -> None:
        """It has arrived and is done with."""
        ...


@dataclass(slots=True)
class Plan:
    """What is to be replayed: `letters` and where each goes, in the order in which they were set aside.

    `counts` is by route and destination. What was replayed before is `already`; what stays is told by its
    prefix (`damaged`), or counted by why there is no destination (`nowhere`).
    """

    letters: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    already: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    nowhere: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, found: Iterable[Found], sink_for: Callable[[Particulars], Sink]) -> Plan:
        """Raises what `sink_for` raises, but for `Nowhere`."""
        plan, dated = cls(), []
        for each in found:
            if each.replayed:
                plan.already += 1
            elif each.particulars is None:
                plan.damaged[each.prefix] = each.wrong
            else:
                try:
                    sink = sink_for(each.particulars)
                except Nowhere as e:
                    plan.nowhere[str(e)] += 1
                    continue
                plan.counts[each.particulars.route, sink.name] += 1
                dated.append((each.particulars.when, each.prefix, sink.name))
        plan.letters = [(prefix, to) for _, prefix, to in sorted(dated)]
        return plan

    @property
    def outcomes(self) -> Counter[Outcome]:
        """Of those that are not to be replayed."""
        return Counter(
            {
                Outcome.ALREADY: self.already,
                Outcome.DAMAGED: len(self.damaged),
                Outcome.NOWHERE: self.nowhere.total(),
            }
        )


@dataclass(slots=True)
class Pace:
    """At most `rate` a second, evenly; 0 for as fast as it goes. `wait` waits for so many seconds."""

    rate: float
    wait: Callable[[float], object]
    clock: Callable[[], float] = time.monotonic
    _next: float = 0.0

    def keep(self) -> None:
        """Waits for its turn."""
        if not self.rate:
            return
        now = self.clock()
        self._next = max(self._next, now)
        self.wait(self._next - now)
        self._next += 1 / self.rate


@dataclass(slots=True)
class Replay:
    """Replays until done or `stop` is set; `tell` is told what became of each. `patience` is in seconds.

    `sink_for` gives a letter its destination, the same for the same route, or raises `Nowhere`.
    """

    letters: Letters
    sink_for: Callable[[Particulars], Sink]
    retry: Retry
    pace: Pace
    stop: threading.Event
    patience: float
    tell: Callable[[str, Outcome, str], None]
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    _away: dict[str, str] = field(default_factory=dict)
    """Destinations that take nothing from anybody, and why."""

    def run(self, letters: Iterable[tuple[str, str]]) -> None:
        """Replays a plan's letters; `outcomes` counts. Raises `Away` where the letters are, and `Stop`."""
        others: deque[tuple[str, float]] = deque()
        with ThreadPoolExecutor(1) as reader:
            for prefix, load in self._loading(letters, reader):
                self.pace.keep()
                if self.stop.is_set():
                    return
                try:
                    self._say(prefix, *self._one(load))
                except InHand as e:
                    others.append((prefix, self.pace.clock() + e.left))
        # Last those that another had in hand: by now it may be done with them, or is known to be gone.
        while others:
            prefix, free_at = others.popleft()
            self.pace.wait(max(0.0, min(_LOOK_AGAIN, free_at - self.pace.clock())))
            if self.stop.is_set():
                return
            try:
                self._say(prefix, *self._one(partial(self.letters.load, prefix)))
            except InHand as e:
                if self.pace.clock() < free_at:
                    others.append((prefix, free_at))
                else:
                    self._say(prefix, Outcome.IN_HAND, f"{e}: run it again later")

    def _loading(
        self, letters: Iterable[tuple[str, str]], reader: Executor
    ) -> Iterator[tuple[str, Callable[[], Kept]]]:
        """Each letter, read while the one before it is sent; not those whose destination is away."""
        ahead: deque[tuple[str, Callable[[], Kept]]] = deque()
        for prefix, to in letters:
            if to in self._away:
                self._say(prefix, Outcome.UNTRIED, self._away[to])
                continue
            ahead.append((prefix, reader.submit(self.letters.load, prefix).result))
            if len(ahead) > 1:
                yield ahead.popleft()
        yield from ahead

    def _one(self, load: Callable[[], Kept]) -> tuple[Outcome, str]:
        """One letter: what became of it, and why. Raises `InHand`, and `Away` where the letters are."""
        try:
            kept = load()
            sink = self.sink_for(kept.particulars)
            if sink.name in self._away:
                return Outcome.UNTRIED, self._away[sink.name]
            # A crash before this: nothing has happened.
            self.letters.take(kept, sink.name, self.patience)
        except DamagedLetter as e:
            return Outcome.DAMAGED, str(e)
        except Nowhere as e:
            return Outcome.NOWHERE, str(e)
        except AlreadyReplayed:
            return Outcome.ALREADY, ""
        return self._send(kept, sink)

    def _send(self, kept: Kept, sink: Sink) -> tuple[Outcome, str]:
        """Delivers what is in hand, and notes what came of it."""
        # A crash here: it is in hand, and was not sent. The next replay can't know that, and waits for it.
        [rejection] = self.retry.deliver(sink, [kept.letter.message])
        if rejection is None:
            # A crash here: it is in hand, and has arrived. The next replay sends this one a second time.
            self._mark(kept, sink.name)
            return Outcome.SENT, ""
        self.letters.put_back(kept, sink.name, rejection.reason)
        if rejection.fault is not Fault.DESTINATION:
            return Outcome.REFUSED, rejection.reason
        self._away[sink.name] = rejection.reason
        return Outcome.UNTRIED, rejection.reason

    def _mark(self, kept: Kept, to: str) -> None:
        try:
            self.letters.mark(kept, to)
        except Away as e:
            raise Away(
                f"{kept.prefix}: it has arrived, but could not be marked as replayed, and so the next replay "
                f"would send it again: {e}"
            ) from None

    def _say(self, prefix: str, outcome: Outcome, reason: str) -> None:
        self.outcomes[outcome] += 1
        self.tell(prefix, outcome, reason)
