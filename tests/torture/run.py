"""One direction under fire: messages fed in, blow after blow, and an account of every message in the end."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.assembly import BESIDE, FROM_MQ
from bridge.aws.batching import MOST_ENTRIES
from tests.fixtures.bridge import RunningBridge, StartBridge
from tests.fixtures.fault_proxy import FaultProxy
from tests.torture.breaking import break_at
from tests.torture.cells import Deed, Verdict
from tests.torture.plan import Blow
from tests.torture.routes import LONGEST, THRESHOLD, Route

_POLL = 0.05
_SAMPLE_EVERY = 0.5
_AHEAD = 150
"""Messages sent and not moved yet: an emulator's deep queue is a slow one."""
_AT_A_TIME = 10
_MOVES_WITHIN, _EMPTY_WITHIN = 90.0, 300.0
"""Seconds. A payload that S3 did not give out is left alone for half a minute, and longer each time."""
_USED_UP_WITHIN = 3.0
"""Seconds for further calls to meet a fault: some are not made again."""
_HANDFUL = 5
"""Messages sent where nothing moves; and one in so many is what a fault needs."""
_EVERY_LARGE = 25
"""Of the others one in so many goes through S3."""
_REFUSED = "InvalidParameterValue"
_IN_HAND = FROM_MQ * (1 + BESIDE)
"""Messages at the most: a unit of work a connection."""
_LOST_ANSWERS = (Deed.DROP_AFTER, Deed.HANG, Deed.HALF, Deed.NONSENSE)


@dataclass(frozen=True, slots=True)
class Sample:
    """How it stood so many seconds after the start."""

    at: float
    moved: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Struck:
    """A blow that fell `at` seconds after the start, on `times` calls.

    `recovered_after` is how long until messages moved again, beyond those that were in hand.
    """

    blow: Blow
    at: float
    times: int
    recovered_after: float


@dataclass(frozen=True, slots=True)
class Account:
    """What came of a run. `early`: the reasons of messages set aside though nothing was wrong with them."""

    route: str
    seed: int
    verdict: Verdict
    early: Sequence[str]
    struck: Sequence[Struck]
    samples: Sequence[Sample]

    @property
    def kills(self) -> int:
        """How often the bridge's process was ended."""
        return sum(each.blow.deed.kills for each in self.struck)

    @property
    def may_double(self) -> int:
        """The messages that may have arrived twice at SNS: a kill's in hand, a lost answer's request."""
        lost_answers = sum(
            each.times
            for each in self.struck
            if each.blow.point.call == "PublishBatch" and each.blow.deed in _LOST_ANSWERS
        )
        return _IN_HAND * self.kills + MOST_ENTRIES * lost_answers


class Run:
    """A route's run: `perform` does it all; the rest may be looked at meanwhile, from another thread."""

    def __init__(
        self,
        route: Route,
        proxy: FaultProxy,
        start_bridge: StartBridge,
        blows: Sequence[Blow],
        *,
        messages: int,
        seed: int,
    ) -> None:
        self.route = route
        self.messages = messages
        self.moved = 0
        self.struck: list[Struck] = []
        self._proxy = proxy
        self._start_bridge = start_bridge
        self._blows = blows
        self._seed = seed
        self._chance = random.Random(f"{seed} {route.name} texts")
        self._texts: list[str] = []
        self._hopeless: set[str] = set()
        self._special = ""
        self._samples: list[Sample] = []
        self._up_to = 0
        self._ending = False
        self._began = 0.0
        self._pause = threading.Event()

    def perform(self) -> Account:
        """Sends everything, strikes every blow, waits until all has a home, and counts."""
        self._began = time.monotonic()
        bridge = self._start()
        up_to = [*(each.after for each in self._blows[1:]), self.messages]
        for blow, next_one in zip(self._blows, up_to, strict=True):
            self._up_to = max(self._up_to, blow.after)
            self._go_on(lambda blow=blow: self.moved >= blow.after, f"{blow.after} moved")  # type: ignore[misc]
            self._up_to, self._special = max(self._up_to, next_one), blow.point.special
            bridge = self._strike(blow, bridge)
        self._special = ""
        self._up_to = max(self.messages, self.route.sent)
        self._ending = True
        self._go_on(self._is_done, "nothing left at the source", within=_EMPTY_WITHIN)
        assert bridge.stop() == 0, bridge.output
        return self._account()

    def _strike(self, blow: Blow, bridge: RunningBridge) -> RunningBridge:
        """Breaks what is to break and waits until the route has got over it; the bridge that runs then."""
        with_it = []
        if blow.point.special == "hopeless" and blow.point.route == "out":
            with_it.append(self._proxy.fail_entries("PublishBatch", {0: (_REFUSED, True)}))
        broken = break_at(
            blow.point,
            blow.deed,
            self.route,
            self._proxy,
            reason=blow.reason,
            places=blow.places,
            times=blow.times,
        )
        self._go_on(lambda: broken.happened() > 0, f"{blow} to happen")
        at = time.monotonic()
        if blow.deed.kills:
            bridge.close()
            bridge = self._start()
        if broken.lasts:
            self._go_on(lambda: time.monotonic() >= at + broken.lasts, "a while")
            broken.mend()
        enough = min(self.moved + _IN_HAND, self.route.sent) + 1
        self._go_on(lambda: self.moved >= enough, f"messages to move after {blow}")
        recovered_after = time.monotonic() - at
        self._go_on(
            lambda: broken.happened() >= blow.times or time.monotonic() >= at + _USED_UP_WITHIN,
            f"{blow} to be over",
        )
        times = broken.happened()
        if not broken.lasts:
            broken.mend()
        for each in with_it:
            each.left = 0
        self.struck.append(Struck(blow, at - self._began, times, recovered_after))
        return bridge

    def _start(self) -> RunningBridge:
        return self._start_bridge(
            self.route.queue_manager,
            self.route.settings,
            dead_letters=self.route.letters,
            binding=self._chance.choice(("pymqi", "ibmmq")),
            heartbeat=1,
            environment={"AWS_ENDPOINT_URL": self._proxy.url},
            offload={
                "bucket": self.route.payloads,
                "threshold": THRESHOLD,
                "delete_after_delivery": True,
            },
        )

    def _go_on(self, until: Callable[[], bool], what: str, *, within: float = _MOVES_WITHIN) -> None:
        """Feeds, empties and measures until it is true."""
        deadline = time.monotonic() + within
        while not until():
            assert time.monotonic() < deadline, (
                f"seed {self._seed}, {self.route.name}: not within {within} s: {what}"
            )
            self._feed()
            self.moved = self.route.sent - self.route.left()
            now = time.monotonic() - self._began
            if not self._samples or now - self._samples[-1].at >= _SAMPLE_EVERY:
                if self._samples and self._samples[-1].moved == self.moved and not self._ending:
                    # Nothing is left to meet the fault, or only what S3 did not give out and is left alone.
                    self._up_to = max(self._up_to, self.route.sent + _HANDFUL)
                self._samples.append(Sample(now, self.moved, self.route.sent - self.moved))
                self.route.empty()
            self._pause.wait(_POLL)

    def _feed(self) -> None:
        """Sends what may be sent by now."""
        while self.route.sent < self._up_to and self.route.sent - self.moved < _AHEAD:
            several = range(self.route.sent, min(self.route.sent + _AT_A_TIME, self._up_to))
            texts = [self._text(number) for number in several]
            self._texts += texts
            self.route.send(*texts)

    def _is_done(self) -> bool:
        return self.route.sent >= self.messages and self.route.left() == 0

    def _text(self, number: int) -> str:
        special = self._special if number % _HANDFUL == 0 else ""
        hopeless = special == "hopeless" and self.route.name == "in"
        length = self._chance.randrange(200)
        if special == "large" or number % _EVERY_LARGE == 0:
            length = self._chance.randrange(THRESHOLD + 1, 10_000)
        if hopeless:
            length = LONGEST + 10_000
        text = f"{self.route.name} message {number} zażółć €".ljust(length, "·" if number % 2 else ".")
        if hopeless:
            self._hopeless.add(text)
        return text

    def _account(self) -> Account:
        aside = self.route.set_aside()
        early = [
            reason
            for text, reasons in aside.items()
            for reason in reasons
            if text not in self._hopeless and _REFUSED not in reason
        ]
        verdict = Verdict(
            frozenset(self._texts),
            Counter(self.route.found()),
            Counter({text: len(reasons) for text, reasons in aside.items()}),
            self.route.left(),
            len(self.struck),
            time.monotonic() - self._began,
        )
        return Account(self.route.name, self._seed, verdict, early, self.struck, self._samples)
