"""A unit of work. The guarantee is in `Pump.move`: a message has a home before it leaves its source."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.gate import Gate
from bridge.latency import Latencies
from bridge.message import DeadLetter, Delivery, Fault, Message, Rejection
from bridge.ordering import waves
from bridge.ports import DeadLetters, Sink, Source
from bridge.redelivery import Redeliveries
from bridge.retry import STOPPING, Retry
from bridge.room import A_UNIT
from bridge.tally import Tally

log = structlog.get_logger(__name__)

UNIT_OF_WORK = 10
"""Messages, unless a route has more: what one request to SNS or SQS takes."""
_UNCLEAR_IN_A_ROW = 5
"""Messages that go to the dead letters one after another before it is taken for the destination's fault."""


_ERRORS = 5
"""How many are remembered to be shown."""


class Undelivered(Away):
    """It is the destination, or the dead-letter bucket, that is away, and not the source."""


class _Unclear(Undelivered):
    """Perhaps it is; but it may be the message, so that its BackoutCount is to count."""


@dataclass(slots=True)
class _Shared:
    """What the pumps of a route know together."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    """For what more than one of them changes."""
    backlog: threading.Event = field(default_factory=threading.Event)
    """Set where the last unit of work was full: there is more than one can move."""
    singly: int = 0
    """Messages to take singly yet: one of so many that went back together may be what is wrong."""
    unclear: int = 0
    """Messages in a row of which none arrived and it was not clear why."""


@dataclass(slots=True)
class Pump:
    """Moves a route's messages, up to `most` in a unit of work. What has it do so is in bridge.route.

    `backout_threshold` is a number of attempts.

    While the destination is away the route `holds`; else its messages go to the dead letters, and the source
    drains. It holds in any case while the source or the dead-letter bucket is.

    Those `beside` it, made by `another`, move messages too while it `is_outrun`. They share all but their
    ends and what they have in hand.

    For whoever watches it: `connected` says whether both sides were reached since it last failed, and
    `passed_at` and `delivered_at` when its loop last came round and a unit of work last went through, in
    seconds of the circuit's clock; 0 for never. `in_hand` are messages and the bytes of their bodies.
    `latencies` go from a message's put until it has left its source; `now` gives seconds since the epoch.
    `errors` are the last reasons for which it waited or set a message aside, with the time.
    """

    route: str
    source: Source
    sink: Sink
    dead_letters: DeadLetters
    retry: Retry
    circuit: Circuit
    backout_threshold: int
    most: int = UNIT_OF_WORK
    holds: bool = True
    gate: Gate = field(default_factory=Gate)
    tally: Tally = field(default_factory=Tally)
    connected: bool = False
    passed_at: float = 0.0
    delivered_at: float = 0.0
    in_hand: tuple[int, int] = (0, 0)
    latencies: Latencies = field(default_factory=Latencies)
    now: Callable[[], float] = time.time
    errors: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=_ERRORS))
    beside: Sequence[Pump] = ()
    redeliveries: Redeliveries = field(default_factory=Redeliveries)
    _shared: _Shared = field(default_factory=_Shared)
    _began: float = 0.0
    """When the unit of work in hand was begun to be taken."""
    _arrived: int = 0
    """Messages of the unit of work in hand that their destination has confirmed."""
    _arrived_bytes: int = 0
    _away: Undelivered | None = None
    """Why messages of the unit of work in hand are set aside, where that is their destination's fault."""

    @property
    def all(self) -> Sequence[Pump]:
        """It and those beside it."""
        return [self, *self.beside]

    def another(self, source: Source, sink: Sink) -> Pump:
        """One to be beside it, with ends of its own."""
        return replace(self, source=source, sink=sink, beside=())

    def move(self) -> None:
        """Moves one unit of work. Raises `Away` once everything is back at the source."""
        self._began = self.circuit.clock()
        drains = not (self.holds or self.circuit.closed)
        if not drains:  # else a delivery shows whether it is back
            self.sink.connect()
        self.source.connect()
        self.connected = not drains
        # One at a time while something is wrong: only the culprit's BackoutCount is to grow.
        most = self.most if (self.circuit.closed or drains) and not self._shared.singly else 1
        unit = self.source.take(most)
        size = sum(len(each.message.body) for each in unit)
        if len(unit) == self.most or size >= A_UNIT:
            self._shared.backlog.set()
        else:
            self._shared.backlog.clear()
        if not unit:
            if not self.circuit.probing:  # else only a message can tell whether it is back
                self.sink.connect()
                self.connected = True
            with self._shared.lock:
                self.circuit.idle(self._began)
            return
        self.in_hand = (len(unit), size)
        homed: list[Delivery] = []
        self._arrived = self._arrived_bytes = 0
        self._away = None
        try:
            with self.redeliveries.in_hand(unit) as with_a_home:
                try:
                    # A crash here: the source hands the unit out again. Nothing else has happened.
                    hopeful, hopeless = self._judge(unit, with_a_home)
                    for wave in waves(hopeful, self._group_of):
                        self._deliver(wave, homed, hopeless)
                        # A crash here: the unit is handed out again; what was delivered arrives twice.
                        # What failed has its home before the next of its group is tried, which it must not
                        # follow.
                        self._set_aside(hopeless, homed)
                    self._set_aside(hopeless, homed)
                    # A crash here: the same, and what was set aside is so again. Each message has a home now.
                    self.source.commit()
                    # A crash here, or a commit whose outcome is unknown: either it took effect or it is as
                    # above.
                except BaseException as e:
                    self._is_given_back(unit, homed, e)
                    self.source.back_out()
                    raise
                self.redeliveries.settle(unit)
        finally:
            self.in_hand = (0, 0)
        self._has_left(unit)

    def _is_given_back(self, unit: Sequence[Delivery], homed: Sequence[Delivery], why: BaseException) -> None:
        """Remembers what that means for the next time these messages come."""
        self.tally.back_out()
        self.tally.deliver(self._arrived, self._arrived_bytes)
        self.redeliveries.confirm(homed)
        if isinstance(why, Away) and not isinstance(why, _Unclear):
            self.redeliveries.excuse(unit)
        else:
            with self._shared.lock:
                self._shared.singly = max(self._shared.singly, len(unit))

    def _has_left(self, unit: Sequence[Delivery]) -> None:
        """Counts a unit of work that is gone from its source for good."""
        self.tally.commit(len(unit))
        self.tally.deliver(self._arrived, self._arrived_bytes)
        log.debug("unit_of_work_committed", route=self.route, messages=len(unit))
        if self._arrived:
            self.connected = True
            self.delivered_at = self.circuit.clock()
        with self._shared.lock:
            self._shared.singly = max(0, self._shared.singly - len(unit))
            for each in unit:
                if each.sent_at:
                    self.latencies.add(self.now() - each.sent_at)
            if self._away:
                self.circuit.set_aside(str(self._away))
            elif self._arrived:
                self.circuit.succeeded(self._began)
            else:
                self.circuit.idle(self._began)

    @property
    def is_outrun(self) -> bool:
        """Whether there is more than it can move, and nothing is wrong."""
        return self._shared.backlog.is_set() and self.circuit.closed and not self._shared.singly

    def wait_for_a_backlog(self, seconds: float, stop: threading.Event) -> None:
        """Until there is one, or for so long; where something is wrong a backlog is nothing to wait for."""
        if self._shared.backlog.is_set():
            self.gate.wait(seconds, stop)
        else:
            self._shared.backlog.wait(seconds)

    def failed(self, error: Away, took: float) -> float:
        """Notes what is away after a try of so many seconds; those to wait before the next."""
        self._note(str(error))
        with self._shared.lock:
            return self.circuit.failed(
                str(error), delivering=isinstance(error, Undelivered), slowly=error.slowly, took=took
            )

    def let_go(self) -> None:
        """Closes both its ends: what is in hand goes back."""
        self.source.close()
        self.sink.close()

    def _note(self, reason: str) -> None:
        """Remembers what went wrong; the same again takes the place of the last."""
        with self._shared.lock:
            if self.errors and self.errors[-1][1] == reason:
                self.errors.pop()
            self.errors.append((datetime.now(UTC), reason))

    def _judge(
        self, unit: Sequence[Delivery], with_a_home: Sequence[bool]
    ) -> tuple[list[Delivery], list[tuple[Delivery, str, int]]]:
        """Those to be tried; and those to be set aside, each with the reason and the tries it got: none."""
        hopeful: list[Delivery] = []
        hopeless: list[tuple[Delivery, str, int]] = []
        for each, has_a_home in zip(unit, with_a_home, strict=True):
            if has_a_home or each.arrived:
                continue
            attempts = self.redeliveries.attempts(each)
            why = why_hopeless(each, attempts, self.backout_threshold)
            if not why:
                hopeful.append(each)
            elif not self._has_arrived(each.message):
                hopeless.append((each, why, 0))
        return hopeful, hopeless

    def _has_arrived(self, message: Message) -> bool:
        """Whether it arrived and the crash came before its source knew: then it is no dead letter."""
        try:
            return self.sink.has(message)
        except Away as e:
            if not self.holds:
                return False
            raise Undelivered(str(e), slowly=e.slowly) from None

    def _deliver(
        self, hopeful: Sequence[Delivery], homed: list[Delivery], hopeless: list[tuple[Delivery, str, int]]
    ) -> None:
        """Delivers: to `homed` goes what arrived, to `hopeless` what never will.

        Raises `Away` where it is the destination that fails, and not a message, and the route holds for it.
        """
        if self._away and not self._arrived:
            # It is away for the others too; asking again would only keep everybody waiting.
            hopeless.extend((each, str(self._away), 0) for each in hopeful)
            return
        probing = self.circuit.probing
        outcomes = self.retry.deliver(
            self.sink, [each.message for each in hopeful], probing=probing, again=self.tally.count_retries
        )
        refused = [outcome for outcome in outcomes if outcome]
        delivered = len(outcomes) - len(refused)
        for each, outcome in zip(hopeful, outcomes, strict=True):
            if outcome is None:
                homed.append(each)
                self._arrived_bytes += len(each.message.body)
            else:
                once = outcome.fault is Fault.MESSAGE or (
                    outcome.fault is Fault.DESTINATION and probing and not delivered
                )
                hopeless.append((each, outcome.reason, 1 if once else self.retry.retries + 1))
        self._arrived += delivered
        away = self._found_away(refused, delivered=delivered)
        if away and (self.holds or STOPPING in refused):
            raise away
        self._away = away or self._away

    def _group_of(self, delivery: Delivery) -> str:
        """Those of one group go one after the other, as the source has it or else the destination."""
        return delivery.group or self.sink.group_of(delivery.message)

    def _found_away(self, refused: Sequence[Rejection], *, delivered: int) -> Undelivered | None:
        """What to raise where it is the destination that fails."""
        for each in refused:
            if each.fault is Fault.DESTINATION:
                return Undelivered(each.reason, slowly=each.slowly)
        unclear = [each for each in refused if each.fault is Fault.UNCLEAR]
        # One message that nobody can take is set aside. One after another is hardly a fault of theirs: they
        # go back, come singly and with longer and longer waits between, and only so reach the threshold.
        with self._shared.lock:
            self._shared.unclear = 0 if delivered else self._shared.unclear + len(unclear)
            if delivered or not unclear or self._shared.unclear <= _UNCLEAR_IN_A_ROW:
                return None
        return _Unclear(unclear[0].reason, slowly=True)

    def _set_aside(self, hopeless: list[tuple[Delivery, str, int]], homed: list[Delivery]) -> None:
        """Gives each a home among the dead letters, and empties `hopeless`."""
        while hopeless:
            each, reason, tries = hopeless.pop(0)
            letter = DeadLetter(
                self.route,
                self.source.name,
                self.sink.name,
                reason,
                each.deliveries + tries,
                each.message,
                as_received=each.as_received,
            )
            try:
                where = self.dead_letters.keep(letter)
            except Away as e:
                raise Undelivered(str(e), slowly=e.slowly) from None
            homed.append(each)
            self.tally.set_aside(len(each.message.body))
            self._note(reason)
            log.error(
                "message_set_aside",
                route=self.route,
                reason=reason,
                where=where,
                message_id=each.message.descriptor.message_id.hex(),
            )


def why_hopeless(delivery: Delivery, attempts: int, backout_threshold: int) -> str:
    """Why a message is set aside without a try; "" where it is to be tried."""
    if delivery.fault:
        return delivery.fault
    if attempts >= backout_threshold:
        return f"backed out {attempts} times: the threshold is {backout_threshold}"
    return f"backed out {attempts} times, and {delivery.last}" if attempts and delivery.last else ""
