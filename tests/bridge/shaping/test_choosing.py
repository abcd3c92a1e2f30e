"""Several destinations of one route: each message goes to the first that takes it, and none is lost."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from bridge.errors import Away
from bridge.message import Fault, Message, Property, Rejection
from bridge.shaping.change import Change, Value
from bridge.shaping.choosing import Choice, ChoosingSink
from bridge.shaping.pattern import compiled
from tests.bridge.ends import MemorySink, message


def of_kind(number: int, kind: str) -> Message:
    made = message(number)
    return Message(made.body, made.descriptor, {"kind": Property(kind)})


def when(*kinds: str) -> Any:
    return compiled({"attributes": {"kind": list(kinds)}})


MIXED = [of_kind(n, "abc"[n % 3]) for n in range(9)]


def test_each_goes_to_the_first_that_takes_it_in_order() -> None:
    first, second, rest = MemorySink(), MemorySink(), MemorySink()
    sink = ChoosingSink([Choice(first, when("a")), Choice(second, when("a", "b")), Choice(rest)], Change())
    assert sink.deliver(MIXED) == [None] * 9
    assert (first.arrived, second.arrived, rest.arrived) == (MIXED[::3], MIXED[1::3], MIXED[2::3])


def test_one_that_no_destination_takes_is_rejected_as_its_own_fault() -> None:
    sink = ChoosingSink([Choice(MemorySink(), when("a"))], Change())
    outcomes = sink.deliver(MIXED[:2])
    assert outcomes[0] is None
    assert outcomes[1]
    assert outcomes[1].fault is Fault.MESSAGE
    assert outcomes[1].reason.startswith("none of the route's destinations takes it: ")


def test_a_destination_that_is_away_keeps_nobody_from_the_others_but_fails_its_own() -> None:
    def away(_message: Message, _attempt: int) -> Away:
        return Away("topic: throttled", slowly=True)

    other = MemorySink()
    sink = ChoosingSink([Choice(MemorySink(away), when("a")), Choice(other)], Change())
    refused = Rejection("topic: throttled", Fault.DESTINATION, slowly=True)
    assert sink.deliver(MIXED[:3]) == [refused, None, None]
    assert other.arrived == MIXED[1:3]
    with pytest.raises(Away, match="throttled"):
        sink.deliver(MIXED[:1])


def test_a_changed_message_is_the_same_one_at_each_attempt() -> None:
    inner = MemorySink()
    sink = ChoosingSink([Choice(inner, when("x"))], Change({"kind": Value("constant", "x")}))
    sent = of_kind(1, "a")
    for _ in range(2):
        assert sink.deliver([sent]) == [None]
    [[one], [again]] = inner.calls
    assert one is again
    assert one.properties == {"kind": Property("x")}
    assert sent.properties == {"kind": Property("a")}


def test_it_keeps_no_message_that_nobody_holds() -> None:
    inner = MemorySink()
    sink = ChoosingSink([Choice(inner)], Change({"kind": Value("constant", "x")}))
    sink.deliver([of_kind(1, "a")])
    changed = weakref.ref(inner.arrived[0])
    inner.calls.clear()
    inner.arrived.clear()
    gc.collect()
    assert changed() is None


def test_a_group_is_the_destinations_and_no_two_share_one() -> None:
    grouping, plain = MemorySink(groups=lambda _message: "g"), MemorySink()
    sink = ChoosingSink(
        [Choice(grouping, when("a")), Choice(plain, when("b")), Choice(grouping, when("c"))], Change()
    )
    assert [sink.group_of(each) for each in MIXED[:3]] == ["0:g", "", "2:g"]
    nowhere = ChoosingSink([Choice(grouping, when("a"))], Change())
    assert (nowhere.group_of(MIXED[1]), nowhere.has(MIXED[1])) == ("", False)


def test_it_knows_what_arrived_where_the_destination_does() -> None:
    telling = MemorySink(tells=True)
    sink = ChoosingSink([Choice(telling, when("a")), Choice(MemorySink())], Change())
    sink.deliver(MIXED)
    assert [sink.has(each) for each in MIXED[:2]] == [True, False]


def test_connecting_and_closing_reach_all_of_them() -> None:
    sinks = [MemorySink(name="sns:a"), MemorySink(name="sqs:b")]
    sink = ChoosingSink([Choice(each) for each in sinks], Change())
    sink.connect()
    sink.close()
    assert [(each.connects, each.closed) for each in sinks] == [(1, 1)] * 2
    assert sink.name == "sns:a or sqs:b"
