"""What is measured: the cases, and what each brought."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

from benchmarks.bodies import MIXED, mean

LARGEST_REQUEST = 262_144
"""Bytes of the bodies in one PublishBatch."""
KIB = 1024
MIB = 1024 * KIB
Direction = Literal["out", "in"]
"""MQ to SNS, or SQS to MQ."""
ENDS: dict[Direction, str] = {"out": "MQ -> SNS", "in": "SQS -> MQ"}


_USUAL_LATENCY = 0.010


@dataclass(frozen=True, slots=True)
class Case:
    """One set of circumstances. `size` is a body's bytes or `MIXED`, `latency` each AWS answer's seconds.

    What comes from MQ goes to a topic, or `to_queue`.
    """

    direction: Direction
    size: int
    routes: int = 1
    tls: bool = False
    latency: float = _USUAL_LATENCY
    to_queue: bool = False

    def __str__(self) -> str:
        size = f"{self.size // MIB} MB" if self.size >= MIB else f"{self.size // KIB} KB"
        size = "mixed sizes" if self.size == MIXED else size
        more = [f"{self.routes} routes"] * (self.routes > 1) + ["TLS"] * self.tls
        ends = "MQ -> SQS" if self.to_queue else ENDS[self.direction]
        return ", ".join([ends, size, f"{self.latency * 1000:.0f} ms", *more])

    @property
    def beside(self) -> Case | None:
        """What the bridge does in this case is compared with, in the same turns: over TCP, or near AWS."""
        usual = replace(self, tls=False, latency=_USUAL_LATENCY)
        return usual if usual != self else None

    @property
    def floor(self) -> float:
        """AWS requests that 1,000 messages take at the least, where S3 has no part in it."""
        if self.direction == "in":
            return 1000 * 2 / 10  # a receive and a delete
        return 1000 * max(1 / 10, mean(self.size) / LARGEST_REQUEST)


_SIZES = (KIB, 10 * KIB, 200 * KIB, MIB, 10 * MIB)
CASES = [
    case
    for direction in ENDS
    for case in (
        *(Case(direction, size) for size in _SIZES),
        *([Case(direction, MIXED), Case(direction, KIB, to_queue=True)] if direction == "out" else []),
        Case(direction, KIB, routes=4),
        Case(direction, KIB, tls=True),
        Case(direction, KIB, latency=0.050),
    )
]
CROSSED = [
    Case(direction, size, routes, tls)
    for direction, size, routes, tls in product(ENDS, _SIZES, (1, 4), (False, True))
]
"""Each size in each direction, over one route and four, over TCP and TLS."""


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one contender. `seconds` from the first message's being there until the last was through.

    `cpu` is in seconds, of its processes; `others` that of AWS's stub and of the queue manager. `arrived` are
    messages; `doubled` how often one came again.
    """

    messages: int
    seconds: float
    cpu: float
    others: list[float]
    requests: dict[str, int]
    commits: int
    arrived: int
    doubled: int

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


@dataclass(slots=True)
class Contender:
    """What came of the bridge, or of the plain loop. `memory` are bytes at the most.

    `latencies` are seconds, of those that arrived of the messages `offered` at half load.
    """

    rounds: list[Round] = field(default_factory=list)
    offered: int = 0
    latencies: list[float] = field(default_factory=list)
    memory: int = 0

    @property
    def rate(self) -> float:
        """Messages a second, the median's."""
        return statistics.median(each.rate for each in self.rounds)

    @property
    def cpu(self) -> float:
        """CPU-ms a message, over all rounds: a single one is too short for the kernel's clock."""
        return sum(each.cpu for each in self.rounds) * 1000 / self.messages

    @property
    def busy(self) -> list[float]:
        """How busy AWS's stub and the queue manager were, of one core each."""
        seconds = sum(each.seconds for each in self.rounds)
        return [sum(each.others[which] for each in self.rounds) / seconds for which in (0, 1)]

    @property
    def wrong(self) -> int:
        """Messages that did not arrive, or more than once."""
        lost = self.offered - len(self.latencies)
        return lost + sum(each.messages - each.arrived + each.doubled for each in self.rounds)

    @property
    def messages(self) -> int:
        """In all rounds."""
        return sum(each.messages for each in self.rounds)

    @property
    def requests(self) -> float:
        """AWS requests per 1,000 messages."""
        return sum(sum(each.requests.values()) for each in self.rounds) * 1000 / self.messages

    @property
    def commits(self) -> float:
        """MQCMITs per 1,000 messages."""
        return sum(each.commits for each in self.rounds) * 1000 / self.messages

    def percentile(self, share: float) -> float:
        """A percentile of the latencies, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(slots=True)
class Result:
    """What came of a case. `beside` is the bridge in the case's `beside`."""

    case: Case
    plain: Contender = field(default_factory=Contender)
    bridge: Contender = field(default_factory=Contender)
    beside: Contender | None = None

    @property
    def contenders(self) -> list[Contender]:
        """All that there are."""
        return [self.plain, self.bridge, *([self.beside] if self.beside else [])]


@dataclass(frozen=True, slots=True)
class Bare:
    """What a bare loop takes: CPU-ms a message, and messages a second."""

    cpu: float
    rate: float


@dataclass(slots=True)
class Findings:
    """All that a run brought. `ceiling` is the stub's: requests a second, and CPU-ms for one.

    `bare` are the bare loops at 1 KB, without latency. `lone` are seconds from a lone message's put to its
    arrival, by direction. `idle` are SQS requests an hour of an idle route, extrapolated from `idle_seconds`.
    `through` is the share of a quota that got through where twice as much was offered, `refused` how many
    requests were throttled for each that was not.
    """

    ceiling: tuple[float, float] = (0.0, 0.0)
    results: list[Result] = field(default_factory=list)
    bare: dict[str, Bare] = field(default_factory=dict)
    lone: dict[Direction, list[float]] = field(default_factory=dict)
    idle: float = 0.0
    idle_seconds: float = 0.0
    through: float = 0.0
    refused: float = 0.0
    quota: float = 0.0

    def of(self, direction: Direction, size: int = KIB, **other: Any) -> Result | None:
        """What came of a case; None where it was not measured."""
        case = Case(direction, size, **other)
        return next((each for each in self.results if each.case == case), None)
