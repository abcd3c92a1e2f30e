"""Faults on demand: which calls go wrong, and how. Who asks is told what to do, and does it himself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from mock_mq.constants import Reason

CONTROL_QUEUE = "SYSTEM.MOCK.CONTROL.QUEUE"
"""Where faults are set from afar, by messages."""
CONTROL_APPLICATION = "mock-mq fault"
"""The program that sets them so: none happens to it."""


class Deed(StrEnum):
    """What happens to a call."""

    FAIL = "fail"
    """It is answered with a reason, and has no effect; with 2003 the unit of work is backed out."""
    DELAY = "delay"
    """It waits, and then goes on; whatever its connection says meanwhile waits behind it."""
    DROP = "drop"
    """The connection breaks before the call takes effect."""
    DROP_AFTER = "drop-after"
    """The call takes effect, and the connection breaks before its answer: its program can't know."""
    HALF = "half"
    """It takes effect, half of its answer's first segment is sent, then silence on an open connection."""
    SILENCE = "silence"
    """It takes effect and is never answered, on an open connection."""
    WRONG = "wrong"
    """It takes effect and is answered with a segment that answers another call."""


class FaultError(ValueError):
    """A fault that can't be: what is wrong with it, and what would be right."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule: which calls, and what happens to them.

    `call` is the MQI's name (`MQCMIT`; `MQGET` is any way to get, `MQCONN` the connecting); it, the queue,
    user, application and channel are patterns (`ORDERS.*`). Of the calls that match it takes the `nth` of a
    connection, `every` so many of a connection, or each with a `probability`; and at most so many `times` in
    all, 0 for no end. `seconds` is a delay's, `reason` the one to fail with. Raises `FaultError`.
    """

    do: Deed
    call: str = "*"
    queue: str = "*"
    user: str = "*"
    application: str = "*"
    channel: str = "*"
    nth: int = 0
    every: int = 0
    probability: float = 1.0
    times: int = 0
    seconds: float = 0.0
    reason: int = 0

    def __post_init__(self) -> None:
        if min(self.nth, self.every, self.times, self.seconds) < 0:
            raise FaultError("nth, every, times and seconds are not below 0")
        if not 0 <= self.probability <= 1:
            raise FaultError(f"probability {self.probability}: from 0 to 1")
        if self.nth and self.every:
            raise FaultError("nth and every exclude each other")
        if (self.do is Deed.FAIL) != bool(self.reason):
            raise FaultError("fail needs a reason, and only fail has one: 2053 for a full queue")
        if self.reason and self.reason not in Reason._value2member_map_:
            raise FaultError(f"reason {self.reason} is none that is known here")
        if (self.do is Deed.DELAY) != bool(self.seconds):
            raise FaultError("delay needs seconds, and only delay has them")


@dataclass(frozen=True, slots=True)
class Event:
    """A call that is about to be made, on the connection with that key."""

    connection: int
    call: str
    queue: str = ""
    user: str = ""
    application: str = ""
    channel: str = ""


@dataclass(slots=True)
class Rule:
    """A fault that is set, with the number it goes by and how often it has happened."""

    number: int
    fault: Fault
    happened: int = 0


class Faults:
    """The rules that are set; the first that takes a call has it. The same `seed` gives the same chances."""

    def __init__(self, seed: int = 0) -> None:
        self._rules: dict[int, Rule] = {}
        self._counts: dict[int, dict[int, int]] = {}
        self._chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self._last = 0

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, fault: Fault) -> int:
        """Sets a fault, and gives the number to remove it by."""
        self._last += 1
        self._rules[self._last] = Rule(self._last, fault)
        self._counts[self._last] = {}
        return self._last

    def remove(self, number: int) -> None:
        """Takes a fault back; raises `FaultError` where there is none of that number."""
        if self._rules.pop(number, None) is None:
            raise FaultError(f"there is no fault {number}")
        self._counts.pop(number, None)

    def clear(self) -> None:
        """Takes all faults back."""
        self._rules.clear()
        self._counts.clear()

    def choose(self, event: Event) -> Fault | None:
        """What happens to a call, if anything."""
        for rule in self._rules.values():
            if self._takes(rule, event):
                rule.happened += 1
                return rule.fault
        return None

    def forget(self, connection: int) -> None:
        """A connection has ended: what was counted of it is not needed any more."""
        for counts in self._counts.values():
            counts.pop(connection, None)

    def _takes(self, rule: Rule, event: Event) -> bool:
        fault = rule.fault
        if fault.times and rule.happened >= fault.times:
            return False
        if not (
            fnmatchcase(event.call, fault.call.upper())
            and fnmatchcase(event.queue, fault.queue)
            and fnmatchcase(event.user, fault.user)
            and fnmatchcase(event.application, fault.application)
            and fnmatchcase(event.channel, fault.channel)
        ):
            return False
        counts = self._counts[rule.number]
        count = counts[event.connection] = counts.get(event.connection, 0) + 1
        if fault.nth and count != fault.nth:
            return False
        if fault.every and count % fault.every:
            return False
        return fault.probability >= 1 or self._chance.random() < fault.probability
