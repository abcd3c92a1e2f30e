"""The replay's loop, with a sink and letters in memory; tests/system kills the real one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from bridge.errors import Away
from bridge.letters import DamagedLetter, Found, Particulars
from bridge.message import Fault, Message, Rejection
from bridge.ports import Sink
from bridge.replay import AlreadyReplayed, InHand, Kept, Nowhere, Outcome, Pace, Plan, Replay
from bridge.retry import Retry
from tests.bridge.ends import MemorySink, message

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def particulars(number: int, route: str = "orders", minute: int = 0) -> Particulars:
    one = message(number)
    return Particulars(
        route=route,
        source="mq:A",
        destination="sns:test",
        reason="refused",
        attempts=3,
        when=NOON.replace(minute=minute),
        length=len(one.body),
        sha256=sha256(one.body).hexdigest(),
        descriptor=one.descriptor,
        properties={},
        source_id="",
        as_received=False,
    )


@dataclass
class MemoryLetters:
    """Letters 1, 2, ... by their numbers; `events` is all that was done with them, in order."""

    damaged: set[str] = field(default_factory=set)
    marked: set[str] = field(default_factory=set)
    in_hand: dict[str, deque[float]] = field(default_factory=dict)
    mark_errors: deque[Exception] = field(default_factory=deque)
    events: list[tuple[str, ...]] = field(default_factory=list)

    def load(self, prefix: str) -> Kept:
        if prefix in self.damaged:
            raise DamagedLetter("the body is missing")
        about = particulars(int(prefix))
        return Kept(prefix, "etag", about, about.letter(message(int(prefix)).body))

    def take(self, kept: Kept, to: str, patience: float) -> None:
        if kept.prefix in self.marked:
            raise AlreadyReplayed
        if left := self.in_hand.get(kept.prefix):
            raise InHand("another has had it in hand", left.popleft())
        self.events.append(("take", kept.prefix))

    def put_back(self, kept: Kept, to: str, reason: str) -> None:
        self.events.append(("put back", kept.prefix, reason))

    def mark(self, kept: Kept, to: str) -> None:
        if self.mark_errors:
            raise self.mark_errors.popleft()
        self.events.append(("mark", kept.prefix))


@dataclass
class Stand:
    """A replay of the letters 1 to n, all to one sink."""

    verdict: Callable[[Message], Rejection | None] = lambda _: None
    letters: MemoryLetters = field(default_factory=MemoryLetters)
    stop: threading.Event = field(default_factory=threading.Event)
    told: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    now: float = 100.0
    rate: float = 0.0

    def run(self, count: int) -> None:
        def judged(one: Message, _attempt: int) -> Rejection | None:
            self.letters.events.append(("deliver", str(int.from_bytes(one.descriptor.message_id))))
            return self.verdict(one)

        def wait(seconds: float) -> None:
            self.waits.append(seconds)
            self.now += seconds

        sink = MemorySink(judged)
        replay = Replay(
            self.letters,
            lambda _: sink,
            Retry(0, self.stop),
            Pace(self.rate, wait, lambda: self.now),
            self.stop,
            60.0,
            lambda prefix, outcome, reason: self.told.update({prefix: (outcome, reason)}),
        )
        replay.run([(str(number), sink.name) for number in range(1, count + 1)])
        assert replay.outcomes.total() == len(self.told)


def refusal(fault: Fault, *numbers: int) -> Callable[[Message], Rejection | None]:
    refused = {message(number).body for number in numbers}
    return lambda one: Rejection("sns:test: refused", fault) if one.body in refused else None


def test_each_letter_is_taken_delivered_and_marked_before_the_next_is_touched() -> None:
    stand = Stand()
    stand.run(2)
    steps = ["take", "deliver", "mark"]
    assert stand.letters.events == [(step, number) for number in "12" for step in steps]


def test_what_the_destination_refuses_stays_with_its_reason_and_the_others_go_on() -> None:
    stand = Stand(refusal(Fault.MESSAGE, 2))
    stand.run(3)
    assert stand.told["2"] == (Outcome.REFUSED, "sns:test: refused")
    assert ("put back", "2", "sns:test: refused") in stand.letters.events
    assert [name for name, (outcome, _) in stand.told.items() if outcome is Outcome.SENT] == ["1", "3"]


def test_a_destination_that_is_away_is_asked_no_more_than_once() -> None:
    stand = Stand(refusal(Fault.DESTINATION, 2, 3, 4, 5))
    stand.run(5)
    assert {name: outcome for name, (outcome, _) in stand.told.items()} == {
        "1": Outcome.SENT,
        **dict.fromkeys("2345", Outcome.UNTRIED),
    }
    assert [event for event in stand.letters.events if event[0] == "deliver"] == [
        ("deliver", "1"),
        ("deliver", "2"),
    ]


def test_a_damaged_letter_is_named_and_the_others_go_on() -> None:
    stand = Stand(letters=MemoryLetters(damaged={"1"}))
    stand.run(2)
    assert stand.told == {"1": (Outcome.DAMAGED, "the body is missing"), "2": (Outcome.SENT, "")}


def test_what_another_replay_has_marked_meanwhile_is_not_sent() -> None:
    stand = Stand(letters=MemoryLetters(marked={"1"}))
    stand.run(1)
    assert stand.told == {"1": (Outcome.ALREADY, "")}
    assert stand.letters.events == []


def test_what_another_has_in_hand_comes_last_and_stays_if_he_still_has_it() -> None:
    stand = Stand(letters=MemoryLetters(in_hand={"1": deque([5.0, 3.0]), "2": deque([5.0] + [60.0] * 9)}))
    stand.run(3)
    assert [event for event in stand.letters.events if event[0] == "deliver"] == [
        ("deliver", "3"),
        ("deliver", "1"),
    ]
    assert stand.told["2"] == (Outcome.IN_HAND, "another has had it in hand: run it again later")


def test_a_mark_that_fails_ends_the_replay_and_says_what_comes_of_it() -> None:
    stand = Stand(letters=MemoryLetters(mark_errors=deque([Away("s3://b: refused")])))
    with pytest.raises(Away, match=r"^1: it has arrived, but could not be marked .*s3://b: refused$"):
        stand.run(2)
    assert ("deliver", "2") not in stand.letters.events


def test_a_stop_ends_it_after_the_letter_in_hand() -> None:
    stand = Stand()

    def verdict(_: Message) -> None:
        stand.stop.set()

    stand.verdict = verdict
    stand.run(3)
    assert stand.letters.events == [("take", "1"), ("deliver", "1"), ("mark", "1")]


def test_a_rate_spaces_the_letters_evenly() -> None:
    stand = Stand(rate=4.0)
    stand.run(4)
    assert stand.waits == [0.0, 0.25, 0.25, 0.25]


def test_a_plan_has_the_order_in_which_they_were_set_aside_and_says_what_stays() -> None:
    sink = MemorySink()

    def sink_for(about: Particulars) -> Sink:
        if about.route == "gone":
            raise Nowhere("route gone is not in the configuration")
        return sink

    found = [
        Found("a", particulars(1, minute=5)),
        Found("b", particulars(2, minute=1)),
        Found("c", particulars(3, "gone")),
        Found("d", wrong="the body is missing"),
        Found("e", replayed=True),
    ]
    plan = Plan.of(found, sink_for)
    assert plan.letters == [("b", "sns:test"), ("a", "sns:test")]
    assert plan.counts == {("orders", "sns:test"): 2}
    assert plan.nowhere == {"route gone is not in the configuration": 1}
    assert plan.damaged == {"d": "the body is missing"}
    assert plan.outcomes == {Outcome.ALREADY: 1, Outcome.DAMAGED: 1, Outcome.NOWHERE: 1}
