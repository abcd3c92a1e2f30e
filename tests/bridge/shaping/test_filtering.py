"""A filter between a source and the pump: what it leaves out is counted once, what it can't judge is kept."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from tenacity import wait_none

from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.large_text import LARGE
from bridge.message import Delivery, Message, Property
from bridge.pump import Pump
from bridge.retry import Retry
from bridge.shaping.filtering import FilteringSource
from bridge.shaping.pattern import compiled
from bridge.tally import Tally
from tests.bridge.ends import MemoryDeadLetters, MemorySink, MemorySource, message

KIND = compiled({"attributes": {"kind": ["a"]}})
AMOUNT = compiled({"body": {"amount": [{"numeric": [">", 100]}]}})


def of_kind(number: int, kind: str) -> Message:
    made = message(number)
    return Message(made.body, made.descriptor, {"kind": Property(kind)})


def moving(source: MemorySource, pattern: Any) -> tuple[Pump, MemorySink, MemoryDeadLetters]:
    tally, sink, letters = Tally(), MemorySink(), MemoryDeadLetters()
    retry = Retry(0, threading.Event(), wait_none(), sleep=lambda _seconds: None)
    filtering = FilteringSource(source, pattern, tally.leave_out)
    return Pump("route", filtering, sink, letters, retry, Circuit("route"), 5, tally=tally), sink, letters


def test_what_matches_goes_and_the_rest_leaves_with_it() -> None:
    source = MemorySource.of(*(of_kind(n, "ab"[n % 2]) for n in range(10)))
    pump, sink, letters = moving(source, KIND)
    pump.move()
    assert [each.body for each in sink.arrived] == [message(n).body for n in range(0, 10, 2)]
    assert (len(source.gone), letters.letters) == (10, [])
    assert (pump.tally.delivered, pump.tally.filtered, pump.tally.messages) == (5, 5, 5)
    assert (pump.tally.delivered_bytes, pump.tally.filtered_bytes) == (5 * 9, 5 * 9)


def test_a_unit_of_which_nothing_matches_is_committed_and_nothing_sent() -> None:
    source = MemorySource.of(*(of_kind(n, "b") for n in range(10)))
    pump, sink, _ = moving(source, KIND)
    pump.move()
    assert (sink.calls, len(source.gone), pump.tally.filtered) == ([], 10, 10)
    assert pump.circuit.closed


def test_what_was_backed_out_is_judged_again_and_counted_once() -> None:
    source = MemorySource.of(of_kind(1, "a"), of_kind(2, "b"))
    source.commit_errors = deque([Away("no connection")])
    pump, sink, _ = moving(source, KIND)
    try:
        pump.move()
    except Away as e:
        pump.circuit.failed(str(e), delivering=False)
    assert pump.tally.filtered == 0
    while source.waiting:
        pump.move()
    assert pump.tally.filtered == 1
    assert [each.body for each in sink.arrived] == [message(1).body]


def test_a_body_that_is_no_json_is_set_aside_and_not_dropped() -> None:
    bodies = [b'{"amount": 101}', b'{"amount": 100}', b"not JSON", b"\xff", b"[" * 2000, b" " * LARGE + b"{}"]
    source = MemorySource(deque(Delivery(Message(body), identity=str(n)) for n, body in enumerate(bodies)))
    pump, sink, letters = moving(source, AMOUNT)
    pump.move()
    assert [each.body for each in sink.arrived] == bodies[:1]
    assert [each.message.body for each in letters.letters] == bodies[2:]
    assert [each.as_received for each in letters.letters] == [False] * 4
    reasons = [each.reason for each in letters.letters]
    assert reasons[0] == (
        "the route's filter can't tell: body: not JSON in the message's CCSID, and a pattern of the route "
        "asks what is in it"
    )
    assert "1,048,578 bytes" in reasons[-1]
    assert pump.tally.filtered == 1


def test_a_message_with_a_fault_is_set_aside_for_it_whatever_the_filter() -> None:
    source = MemorySource(deque([Delivery(message(1), identity="1", fault="pointer: no such object")]))
    pump, _, letters = moving(source, KIND)
    pump.move()
    assert [each.reason for each in letters.letters] == ["pointer: no such object"]
