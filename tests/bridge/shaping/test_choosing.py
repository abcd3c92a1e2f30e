"""Several destinations of one route: each message goes to the first that takes it, and none is lost."""

from __future__ import annotations

import gc
import weakref
from functools import partial
from typing import Any

import pytest

from bridge.errors import Away
from bridge.message import Fault, Message, Property, Rejection
from bridge.shaping.change import Change, Value
from bridge.shaping.choosing import ChoosingSink, chosen
from bridge.shaping.pattern import compiled
from tests.bridge.ends import MemorySink, message


def of_kind(number: int, kind: str) -> Message:
    made = message(number)
    return Message(made.body, made.descriptor, {"kind": Property(kind)})


def when(*kinds: str) -> Any:
    return compiled({"attributes": {"kind": list(kinds)}})


def among(*choices: tuple[MemorySink, Any], change: Change | None = None) -> ChoosingSink:
    sinks, patterns = zip(*choices, strict=True)
    return ChoosingSink(sinks, partial(chosen, patterns), change)


MIXED = [of_kind(n, "abc"[n % 3]) for n in range(9)]


def test_each_goes_to_the_first_that_takes_it_in_order() -> None:
    first, second, rest = MemorySink(), MemorySink(), MemorySink()
    sink = among((first, when("a")), (second, when("a", "b")), (rest, None))
    assert sink.deliver(MIXED) == [None] * 9
    assert (first.arrived, second.arrived, rest.arrived) == (MIXED[::3], MIXED[1::3], MIXED[2::3])


def test_one_that_no_destination_takes_is_rejected_as_its_own_fault() -> None:
    sink = among((MemorySink(), when("a")))
    outcomes = sink.deliver(MIXED[:2])
    assert outcomes[0] is None
    assert outcomes[1]
    assert outcomes[1].fault is Fault.MESSAGE
    assert outcomes[1].reason.startswith("none of the route's destinations takes it: ")


def test_a_destination_that_is_away_keeps_nobody_from_the_others_but_fails_its_own() -> None:
    def away(_message: Message, _attempt: int) -> Away:
        return Away("topic: throttled", slowly=True)

    other = MemorySink()
    sink = among((MemorySink(away), when("a")), (other, None))
    refused = Rejection("topic: throttled", Fault.DESTINATION, slowly=True)
    assert sink.deliver(MIXED[:3]) == [refused, None, None]
    assert other.arrived == MIXED[1:3]
    with pytest.raises(Away, match="throttled"):
        sink.deliver(MIXED[:1])


def test_a_changed_message_is_the_same_one_at_each_attempt() -> None:
    inner = MemorySink()
    sink = among((inner, when("x")), change=Change({"kind": Value("constant", "x")}))
    sent = of_kind(1, "a")
    for _ in range(2):
        assert sink.deliver([sent]) == [None]
    [[one], [again]] = inner.calls
    assert one is again
    assert one.properties == {"kind": Property("x")}
    assert sent.properties == {"kind": Property("a")}


def test_what_is_asked_of_a_message_is_looked_at_once() -> None:
    asked: list[Message] = []

    def choose(message: Message) -> int:
        asked.append(message)
        return 0

    sink = ChoosingSink([MemorySink()], choose)
    for _ in range(3):
        sink.deliver(MIXED)
        sink.group_of(MIXED[0])
        sink.has(MIXED[0])
    assert len(asked) == len(MIXED)


def test_it_keeps_no_message_that_nobody_holds_unchanged_ones_too() -> None:
    inner = MemorySink()
    sink = ChoosingSink([inner], lambda _message: 0)
    sink.deliver([of_kind(1, "a")])
    kept = weakref.ref(inner.arrived[0])
    inner.calls.clear()
    inner.arrived.clear()
    gc.collect()
    assert kept() is None


def test_it_keeps_no_message_that_nobody_holds() -> None:
    inner = MemorySink()
    sink = among((inner, None), change=Change({"kind": Value("constant", "x")}))
    sink.deliver([of_kind(1, "a")])
    changed = weakref.ref(inner.arrived[0])
    inner.calls.clear()
    inner.arrived.clear()
    gc.collect()
    assert changed() is None


def test_a_group_is_the_destinations_and_no_two_share_one() -> None:
    grouping, plain = MemorySink(groups=lambda _message: "g"), MemorySink()
    sink = among((grouping, when("a")), (plain, when("b")), (grouping, when("c")))
    assert [sink.group_of(each) for each in MIXED[:3]] == ["0:g", "", "2:g"]
    nowhere = among((grouping, when("a")))
    assert (nowhere.group_of(MIXED[1]), nowhere.has(MIXED[1])) == ("", False)


def test_it_knows_what_arrived_where_the_destination_does() -> None:
    telling = MemorySink(tells=True)
    sink = among((telling, when("a")), (MemorySink(), None))
    sink.deliver(MIXED)
    assert [sink.has(each) for each in MIXED[:2]] == [True, False]


def test_connecting_and_closing_reach_all_of_them() -> None:
    sinks = [MemorySink(name="sns:a"), MemorySink(name="sqs:b")]
    sink = among(*((each, None) for each in sinks))
    sink.connect()
    sink.close()
    assert [(each.connects, each.closed) for each in sinks] == [(1, 1)] * 2
    assert sink.name == "sns:a or sqs:b"
