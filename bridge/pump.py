"""One route at work. The guarantee is in `Pump.move`: a message has a home before it leaves its source."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from bridge.circuit import Circuit
from bridge.errors import Away, BridgeError
from bridge.message import DeadLetter, Delivery, Fault, Rejection
from bridge.ports import DeadLetters, Sink, Source
from bridge.redelivery import Redeliveries
from bridge.retry import Retry

log = structlog.get_logger(__name__)

UNIT_OF_WORK = 10
"""Messages: what one request to SNS or SQS takes."""
_UNCLEAR_IN_A_ROW = 3


class _Undelivered(Away):
    """It is the destination, or the dead-letter bucket, that is away, and not the source."""


@dataclass(slots=True)
class Tally:
    """What a route has done since it started; `bytes` are bodies'."""

    units: int = 0
    messages: int = 0
    bytes: int = 0
    dead_letters: int = 0
    back_outs: int = 0


@dataclass(slots=True)
class Pump:
    """Moves a route's messages until told to stop. `backout_threshold` is a number of attempts."""

    route: str
    source: Source
    sink: Sink
    dead_letters: DeadLetters
    retry: Retry
    circuit: Circuit
    backout_threshold: int
    tally: Tally = field(default_factory=Tally)
    _redeliveries: Redeliveries = field(default_factory=Redeliveries)
    _unclear: int = 0
    """Units of work in a row in which nothing arrived and it was not clear why."""

    def run(self, stop: threading.Event) -> None:
        """Moves units of work until `stop` is set; whatever is away is waited for. Raises `Stop`."""
        try:
            while not stop.is_set():
                try:
                    self.move()
                except Away as e:
                    delivering = isinstance(e, _Undelivered)
                    stop.wait(self.circuit.failed(str(e), delivering=delivering, slowly=e.slowly))
                except BridgeError:
                    raise
                except Exception as e:  # a bug of ours must not end the route, nor spin
                    self.source.close()
                    log.exception("route_failed", route=self.route, error=type(e).__name__)
                    stop.wait(self.circuit.failed(f"internal error: {type(e).__name__}", delivering=False))
        finally:
            self.source.close()
            self.sink.close()

    def move(self) -> None:
        """Moves one unit of work. Raises `Away` once everything is back at the source."""
        self.sink.connect()
        self.source.connect()
        # A crash from here on to the commit: the source hands the whole unit out again.
        unit = self.source.take(UNIT_OF_WORK if self.circuit.closed else 1)
        if not unit:
            self.circuit.idle()
            return
        try:
            self._find_homes(unit)
        except BaseException:
            self.source.back_out()
            self.tally.back_outs += 1
            raise
        # Each message is at the destination or among the dead letters now. A crash before the commit takes
        # effect means duplicates; a commit whose outcome is unknown may mean them, so remember what is done.
        try:
            self.source.commit()
        except Away:
            self._redeliveries.confirm(unit)
            raise
        self._redeliveries.settle(unit)
        self.circuit.succeeded()
        self.tally.units += 1
        self.tally.messages += len(unit)
        self.tally.bytes += sum(len(each.message.body) for each in unit)
        log.debug("unit_of_work_committed", route=self.route, messages=len(unit))

    def _find_homes(self, unit: Sequence[Delivery]) -> None:
        """Sees each message to its destination or to the dead letters; raises `Away` if one has neither."""
        confirmed: list[Delivery] = []
        try:
            hopeless, hopeful = self._judge(unit)
            outcomes = self.retry.deliver(self.sink, [each.message for each in hopeful])
            results = list(zip(hopeful, outcomes, strict=True))
            confirmed += [each for each, outcome in results if outcome is None]
            refused = [(each, outcome) for each, outcome in results if outcome is not None]
            self._hold_if_away([outcome for _, outcome in refused], delivered=len(confirmed))
            for each, why, tries in (
                *((each, why, 0) for each, why in hopeless),
                *((each, outcome.reason, self._tries(outcome)) for each, outcome in refused),
            ):
                self._set_aside(each, why, tries)
                confirmed.append(each)
        except Away as e:
            self._redeliveries.confirm(confirmed)
            self._redeliveries.excuse(unit)
            raise _Undelivered(str(e), slowly=e.slowly) from None

    def _judge(self, unit: Sequence[Delivery]) -> tuple[list[tuple[Delivery, str]], list[Delivery]]:
        """Those that are not to be tried, with the reason, and those that are."""
        hopeless: list[tuple[Delivery, str]] = []
        hopeful: list[Delivery] = []
        for each in unit:
            if each.fault:
                hopeless.append((each, each.fault))
            elif self._redeliveries.has_a_home(each):
                continue
            elif (attempts := self._redeliveries.attempts(each)) >= self.backout_threshold:
                hopeless.append(
                    (each, f"backed out {attempts} times: the threshold is {self.backout_threshold}")
                )
            else:
                hopeful.append(each)
        return hopeless, hopeful

    def _hold_if_away(self, refused: Sequence[Rejection], *, delivered: int) -> None:
        """Raises `Away` where it is the destination that fails, and not a message."""
        for each in refused:
            if each.fault is Fault.DESTINATION:
                raise Away(each.reason, slowly=each.slowly)
        unclear = [each for each in refused if each.fault is Fault.UNCLEAR]
        if delivered or not unclear:
            self._unclear = 0 if delivered else self._unclear
            return
        # One message that nobody can take is set aside; one after another is no fault of theirs.
        self._unclear += 1
        if self._unclear > _UNCLEAR_IN_A_ROW:
            raise Away(unclear[0].reason)

    def _tries(self, outcome: Rejection) -> int:
        return 1 if outcome.fault is Fault.MESSAGE else self.retry.retries + 1

    def _set_aside(self, delivery: Delivery, reason: str, tries: int) -> None:
        letter = DeadLetter(
            self.route,
            self.source.name,
            self.sink.name,
            reason,
            delivery.deliveries + tries,
            delivery.message,
        )
        where = self.dead_letters.keep(letter)
        self.tally.dead_letters += 1
        log.error(
            "message_set_aside",
            route=self.route,
            reason=reason,
            where=where,
            message_id=delivery.message.descriptor.message_id.hex(),
        )
