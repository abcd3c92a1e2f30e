"""One route at work. The guarantee is in `Pump.move`: a message has a home before it leaves its source."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bridge.circuit import Circuit
from bridge.errors import Away, BridgeError
from bridge.message import DeadLetter, Delivery, Fault, Message, Rejection
from bridge.ordering import waves
from bridge.ports import DeadLetters, Sink, Source
from bridge.redelivery import Redeliveries
from bridge.retry import Retry

log = structlog.get_logger(__name__)

UNIT_OF_WORK = 10
"""Messages: what one request to SNS or SQS takes."""
_UNCLEAR_IN_A_ROW = 3


class Undelivered(Away):
    """It is the destination, or the dead-letter bucket, that is away, and not the source."""


class _Unclear(Undelivered):
    """Perhaps it is; but it may be the message, so that its BackoutCount is to count."""


@dataclass(slots=True)
class Tally:
    """What a route has done since it started; `bytes` are bodies'.

    `messages` have left their source. `delivered` and `dead_letters` got a home, and come again where their
    unit of work was backed out after it.
    """

    units: int = 0
    messages: int = 0
    bytes: int = 0
    delivered: int = 0
    dead_letters: int = 0
    back_outs: int = 0


@dataclass(slots=True)
class Pump:
    """Moves a route's messages until told to stop. `backout_threshold` is a number of attempts.

    For whoever watches it: `connected` says whether both sides were reached since it last failed, and
    `passed_at` and `delivered_at` when its loop last came round and a unit of work last went through, in
    seconds of the circuit's clock; 0 for never.
    """

    route: str
    source: Source
    sink: Sink
    dead_letters: DeadLetters
    retry: Retry
    circuit: Circuit
    backout_threshold: int
    tally: Tally = field(default_factory=Tally)
    connected: bool = False
    passed_at: float = 0.0
    delivered_at: float = 0.0
    _redeliveries: Redeliveries = field(default_factory=Redeliveries)
    _singly: int = 0
    """Messages to take singly yet: one of so many that went back together may be what is wrong."""
    _arrived: int = 0
    """Messages of the unit of work in hand that their destination has confirmed."""
    _unclear: int = 0
    """Units of work in a row in which nothing arrived and it was not clear why."""

    def move(self) -> None:
        """Moves one unit of work. Raises `Away` once everything is back at the source."""
        self.sink.connect()
        self.source.connect()
        self.connected = True
        # One at a time while something is wrong: only the culprit's BackoutCount is to grow.
        unit = self.source.take(UNIT_OF_WORK if self.circuit.closed and not self._singly else 1)
        if not unit:
            self.circuit.idle()
            return
        homed: list[Delivery] = []
        self._arrived = 0
        try:
            # A crash here: the source hands the unit out again. Nothing else has happened.
            hopeful, hopeless = self._judge(unit)
            for wave in waves(hopeful, self._group_of):
                self._deliver(wave, homed, hopeless)
                # A crash here: the unit is handed out again; what was delivered arrives twice.
                # What failed has its home before the next of its group is tried, which it must not follow.
                self._set_aside(hopeless, homed)
            self._set_aside(hopeless, homed)
            # A crash here: the same, and what was set aside is so again. Each message has a home now.
            self.source.commit()
            # A crash here, or a commit whose outcome is unknown: either it took effect or it is as above.
        except BaseException as e:
            self.source.back_out()
            self.tally.back_outs += 1
            self.tally.delivered += self._arrived
            self._redeliveries.confirm(homed)
            if isinstance(e, Away) and not isinstance(e, _Unclear):
                self._redeliveries.excuse(unit)
            else:
                self._singly = max(self._singly, len(unit))
            raise
        self._redeliveries.settle(unit)
        self._singly = max(0, self._singly - len(unit))
        self.tally.units += 1
        self.tally.messages += len(unit)
        self.tally.delivered += self._arrived
        self.tally.bytes += sum(len(each.message.body) for each in unit)
        log.debug("unit_of_work_committed", route=self.route, messages=len(unit))
        if self._arrived:
            self.delivered_at = self.circuit.clock()
            self.circuit.succeeded()
        else:
            self.circuit.idle()

    def run(self, stop: threading.Event) -> None:
        """Moves units of work until `stop` is set; whatever is away is waited for. Raises `Stop`."""
        try:
            while not stop.is_set():
                self.passed_at = self.circuit.clock()
                try:
                    self.move()
                except Away as e:
                    self.connected = False
                    if not stop.is_set():
                        delivering = isinstance(e, Undelivered)
                        stop.wait(self.circuit.failed(str(e), delivering=delivering, slowly=e.slowly))
                except BridgeError:
                    raise
                except Exception as e:  # noqa: BLE001 - a bug of ours must not end the route, nor spin
                    self.connected = False
                    self.source.close()
                    self.sink.close()
                    name = type(e).__name__
                    # Not its text, which may quote a body.
                    log.error("route_failed", route=self.route, error=name, at=_places(e))  # noqa: TRY400
                    stop.wait(self.circuit.failed(f"internal error: {name}", delivering=False))
        finally:
            self.source.close()
            self.sink.close()

    def _judge(self, unit: Sequence[Delivery]) -> tuple[list[Delivery], list[tuple[Delivery, str, int]]]:
        """Those to be tried; and those to be set aside, each with the reason and the tries it got: none."""
        hopeful: list[Delivery] = []
        hopeless: list[tuple[Delivery, str, int]] = []
        for each, has_a_home in zip(unit, self._redeliveries.with_a_home(unit), strict=True):
            if has_a_home:
                continue
            attempts = self._redeliveries.attempts(each)
            why = each.fault
            if not why and attempts >= self.backout_threshold:
                why = f"backed out {attempts} times: the threshold is {self.backout_threshold}"
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
            raise Undelivered(str(e), slowly=e.slowly) from None

    def _deliver(
        self, hopeful: Sequence[Delivery], homed: list[Delivery], hopeless: list[tuple[Delivery, str, int]]
    ) -> None:
        """Delivers: to `homed` goes what arrived, to `hopeless` what never will.

        Raises `Away` where it is the destination that fails, and not a message.
        """
        outcomes = self.retry.deliver(self.sink, [each.message for each in hopeful])
        refused: list[Rejection] = []
        delivered = 0
        for each, outcome in zip(hopeful, outcomes, strict=True):
            if outcome is None:
                homed.append(each)
                delivered += 1
            else:
                refused.append(outcome)
                tries = 1 if outcome.fault is Fault.MESSAGE else self.retry.retries + 1
                hopeless.append((each, outcome.reason, tries))
        self._arrived += delivered
        self._hold_if_away(refused, delivered=delivered)

    def _group_of(self, delivery: Delivery) -> str:
        """Those of one group go one after the other, as the source has it or else the destination."""
        return delivery.group or self.sink.group_of(delivery.message)

    def _hold_if_away(self, refused: Sequence[Rejection], *, delivered: int) -> None:
        for each in refused:
            if each.fault is Fault.DESTINATION:
                raise Undelivered(each.reason, slowly=each.slowly)
        if delivered:
            self._unclear = 0
        unclear = [each for each in refused if each.fault is Fault.UNCLEAR]
        if delivered or not unclear:
            return
        # One message that nobody can take is set aside. One after another is hardly a fault of theirs: they
        # go back, come singly and with longer and longer waits between, and only so reach the threshold.
        self._unclear += 1
        if self._unclear > _UNCLEAR_IN_A_ROW:
            raise _Unclear(unclear[0].reason)

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
                as_received=bool(each.fault),
            )
            try:
                where = self.dead_letters.keep(letter)
            except Away as e:
                raise Undelivered(str(e), slowly=e.slowly) from None
            homed.append(each)
            self.tally.dead_letters += 1
            log.error(
                "message_set_aside",
                route=self.route,
                reason=reason,
                where=where,
                message_id=each.message.descriptor.message_id.hex(),
            )


def _places(error: BaseException) -> list[str]:
    """Where an error came from, outermost first."""
    return [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
