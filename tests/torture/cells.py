"""What is broken, and how: the matrix of points and deeds, and what must come of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Deed(StrEnum):
    """What happens at a point. Before: the call had no effect; after: it had, and the bridge wasn't told."""

    KILL_BEFORE = "kill -9 before"
    KILL_AFTER = "kill -9 after"
    DROP_BEFORE = "connection drops before"
    DROP_AFTER = "connection drops after"
    HANG = "hangs past the time-out"
    ERROR = "an error"
    SLOW = "a slow answer"
    HALF = "half an answer"
    NONSENSE = "an answer that makes no sense"
    THROTTLED = "throttled"
    FAILING = "500"
    UNAVAILABLE = "503"
    PARTIAL = "partial failure"
    EXPIRED = "expired credentials"
    DENIED = "access denied"
    KMS = "the key is refused"
    GONE = "topic, queue or bucket gone"
    SKEW = "clock skew"

    @property
    def kills(self) -> bool:
        """Whether the bridge's process ends."""
        return self in (Deed.KILL_BEFORE, Deed.KILL_AFTER)


SINGLY = (
    Deed.KILL_BEFORE,
    Deed.KILL_AFTER,
    Deed.DROP_BEFORE,
    Deed.DROP_AFTER,
    Deed.HANG,
    Deed.ERROR,
)
"""Those that are tried one at a time, with processes of its own for each point."""


@dataclass(frozen=True, slots=True)
class Point:
    """A call of a route's: `out` goes from MQ to SNS, `in` from SQS to MQ.

    `special` is what has to be among the messages for the call to be made. The error is an MQ reason, or an
    HTTP status and a code of AWS's.
    """

    route: str
    call: str
    special: str = ""
    reason: int = 0
    status: int = 500
    code: str = "InternalError"

    @property
    def is_mq(self) -> bool:
        """Whether it is a call to the queue manager."""
        return self.call.startswith("MQ")

    def __str__(self) -> str:
        what = {
            "large": ", of a payload",
            "hopeless": ", of a dead letter",
            "ledger": ", of the ledger",
        }.get(self.special, "")
        return f"{self.route}: {self.call}{what}"


POINTS = (
    Point("out", "MQGET", reason=2102),
    Point("out", "PutObject", "large", status=503, code="SlowDown"),
    Point("out", "PublishBatch", status=429, code="Throttled"),
    Point("out", "PutObject", "hopeless", status=503, code="SlowDown"),
    Point("out", "MQCMIT", reason=2003),
    Point("in", "ReceiveMessage"),
    Point("in", "GetObject", "large", status=503, code="SlowDown"),
    Point("in", "MQPUT", reason=2053),
    Point("in", "MQCMIT", reason=2003),
    Point("in", "PutObject", "hopeless", status=503, code="SlowDown"),
    Point("in", "DeleteMessageBatch"),
    Point("in", "DeleteObject", "large", status=503, code="SlowDown"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One point broken in one way."""

    point: Point
    deed: Deed

    def __str__(self) -> str:
        return f"{self.point}, {self.deed}"


CELLS = tuple(Cell(point, deed) for point in POINTS for deed in SINGLY)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in the end; a message is the text that was sent. `seconds` is how long it took."""

    sent: frozenset[str]
    arrived: Counter[str] = field(repr=False)
    set_aside: Counter[str] = field(repr=False)
    still_there: int
    happened: int
    seconds: float

    @property
    def lost(self) -> set[str]:
        """Sent, and neither arrived nor set aside."""
        return set(self.sent - set(self.arrived) - set(self.set_aside))

    @property
    def unexpected(self) -> set[str]:
        """Found, and never sent."""
        return {*self.arrived, *self.set_aside} - self.sent

    @property
    def duplicates(self) -> int:
        """Copies beyond the first, of what arrived and of what was set aside though it had arrived."""
        return sum((self.arrived + self.set_aside).values()) - len({*self.arrived, *self.set_aside})


def problems(cell: Cell, verdict: Verdict, hopeless: Iterable[str]) -> list[str]:
    """What is not as it must be; empty for all well."""
    found = []
    if not verdict.happened:
        found.append("the fault never happened")
    if verdict.lost:
        found.append(f"lost {len(verdict.lost)}")
    if verdict.unexpected:
        found.append(f"unexpected {len(verdict.unexpected)}")
    if verdict.still_there:
        found.append(f"{verdict.still_there} still at the source")
    if set(verdict.set_aside) != set(hopeless):
        found.append(f"set aside {len(verdict.set_aside)}")
    if verdict.duplicates and not _may_double(cell):
        found.append(f"{verdict.duplicates} duplicates")
    return found


def _may_double(cell: Cell) -> bool:
    """Into MQ there is a ledger. Out of MQ a lost answer may double, and a crash once something is published.

    A process that lives on remembers what was confirmed: with it nothing later than that does.
    """
    point, deed = cell.point, cell.deed
    if point.route != "out":
        return False
    if point.call == "PublishBatch":
        return deed in (Deed.KILL_AFTER, Deed.DROP_AFTER, Deed.HANG)
    return deed.kills and (point.call == "MQCMIT" or point.special == "hopeless")
