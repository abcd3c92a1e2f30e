"""What is tried again, how often, after which waits, and what a stop makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from tenacity import wait_exponential, wait_fixed

from bridge.errors import Away, Stop
from bridge.message import Fault, Message, Rejection
from bridge.retry import DEFAULT_WAIT, Retry
from tests.bridge.ends import MemorySink, Outcome, message

REFUSED = Rejection("refused", Fault.MESSAGE)
UNCLEAR = Rejection("failed", Fault.UNCLEAR)
AWAY = Rejection("throttled", Fault.DESTINATION)
ONE, TWO, THREE = (message(n) for n in (1, 2, 3))


def failing(outcome: Outcome | Away, *messages: Message, tries: int = 99) -> MemorySink:
    """A sink that gives this outcome for these messages, so often."""
    bodies = {each.body for each in messages}
    return MemorySink(
        lambda each, attempt: outcome if each.body in bodies and attempt <= tries else None,
    )


def recorded(retries: int, stop: threading.Event | None = None) -> tuple[Retry, list[float]]:
    """A retry that never waits, and the seconds it would have waited."""
    waits: list[float] = []
    return Retry(retries, stop or threading.Event(), wait_exponential(multiplier=0.25), waits.append), waits


def test_what_is_confirmed_at_once_is_tried_once() -> None:
    retry, waits = recorded(2)
    sink = MemorySink()
    assert retry.deliver(sink, [ONE, TWO]) == [None, None]
    assert (sink.calls, waits) == ([[ONE, TWO]], [])


def test_nothing_to_deliver_asks_nothing_of_the_sink() -> None:
    sink = MemorySink()
    assert recorded(2)[0].deliver(sink, []) == []
    assert sink.calls == []


@pytest.mark.parametrize("retries", [0, 1, 2, 10])
@pytest.mark.parametrize("outcome", [UNCLEAR, AWAY], ids=["unclear", "destination"])
def test_so_many_further_attempts_with_growing_waits_between_them(outcome: Rejection, retries: int) -> None:
    retry, waits = recorded(retries)
    sink = failing(outcome, ONE)
    assert retry.deliver(sink, [ONE]) == [outcome]
    assert len(sink.calls) == 1 + retries
    assert len(waits) == retries
    assert waits == sorted(waits)


def test_a_message_of_its_own_fault_is_not_tried_again() -> None:
    retry, waits = recorded(2)
    sink = failing(REFUSED, ONE)
    assert retry.deliver(sink, [ONE, TWO]) == [REFUSED, None]
    assert (len(sink.calls), waits) == (1, [])


def test_only_what_may_yet_be_taken_is_sent_again_and_outcomes_keep_their_order() -> None:
    verdicts: dict[bytes, Callable[[int], Outcome]] = {
        ONE.body: lambda attempt: UNCLEAR if attempt < 2 else None,
        TWO.body: lambda _attempt: REFUSED,
        THREE.body: lambda attempt: AWAY if attempt < 3 else None,
    }
    sink = MemorySink(lambda each, attempt: verdicts[each.body](attempt))
    assert recorded(2)[0].deliver(sink, [ONE, TWO, THREE]) == [None, REFUSED, None]
    assert sink.calls == [[ONE, TWO, THREE], [ONE, THREE], [THREE]]


def test_the_last_outcome_counts() -> None:
    sink = MemorySink(lambda _each, attempt: UNCLEAR if attempt == 1 else REFUSED)
    assert recorded(2)[0].deliver(sink, [ONE]) == [REFUSED]


def test_a_sink_that_is_away_rejects_all_and_says_whether_a_person_has_to_mend_it() -> None:
    sink = failing(Away("no authority", slowly=True), ONE)
    expected = Rejection("no authority", Fault.DESTINATION, slowly=True)
    assert recorded(0)[0].deliver(sink, [ONE, TWO]) == [expected, expected]


def test_a_sink_that_comes_back_within_the_retries_has_everything_once() -> None:
    sink = failing(Away("reset"), ONE, tries=2)
    assert recorded(2)[0].deliver(sink, [ONE, TWO]) == [None, None]
    assert sink.arrived == [ONE, TWO]
    assert sink.connects == 3, "it may have lost its connection each time"


def test_a_probe_of_a_destination_that_is_still_away_is_one_attempt() -> None:
    retry, waits = recorded(2)
    sink = failing(AWAY, ONE, TWO)
    assert retry.deliver(sink, [ONE, TWO], probing=True) == [AWAY, AWAY]
    assert (len(sink.calls), waits) == (1, [])


@pytest.mark.parametrize("outcome", [UNCLEAR, AWAY], ids=["unclear", "destination"])
def test_a_probe_that_finds_it_back_gives_the_others_their_retries(outcome: Rejection) -> None:
    sink = failing(outcome, ONE)
    assert recorded(2)[0].deliver(sink, [ONE, TWO], probing=True) == [outcome, None]
    assert sink.calls == [[ONE, TWO], [ONE], [ONE]]


def test_a_probe_that_fails_by_its_own_fault_perhaps_gets_its_retries() -> None:
    sink = failing(UNCLEAR, ONE)
    assert recorded(2)[0].deliver(sink, [ONE], probing=True) == [UNCLEAR]
    assert len(sink.calls) == 3


def test_what_waiting_will_not_mend_ends_it() -> None:
    def verdict(_each: Message, _attempt: int) -> Outcome:
        raise Stop("no such thing")

    with pytest.raises(Stop):
        recorded(2)[0].deliver(MemorySink(verdict), [ONE])


def stopping(stop: threading.Event, verdict: Callable[[Message, int], Outcome]) -> MemorySink:
    """A sink during whose first try the bridge is told to stop."""

    def told(each: Message, attempt: int) -> Outcome:
        stop.set()
        return verdict(each, attempt)

    return MemorySink(told)


def test_a_stop_ends_the_waiting_and_is_no_verdict_on_what_was_not_tried_often_enough() -> None:
    stop = threading.Event()
    sink = stopping(stop, lambda each, _attempt: REFUSED if each.body == TWO.body else UNCLEAR)
    outcomes = Retry(2, stop, wait_fixed(3600)).deliver(sink, [ONE, TWO])
    assert len(sink.calls) == 1
    assert outcomes == [Rejection("the bridge is stopping", Fault.DESTINATION), REFUSED]


def test_a_stop_after_part_has_arrived_gives_the_others_their_tries_without_waiting() -> None:
    stop = threading.Event()
    sink = stopping(stop, lambda each, _attempt: UNCLEAR if each.body == TWO.body else None)
    assert Retry(2, stop, wait_fixed(3600)).deliver(sink, [ONE, TWO]) == [None, UNCLEAR]
    assert sink.calls == [[ONE, TWO], [TWO], [TWO]]


def test_a_stop_during_a_wait_ends_it() -> None:
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    retry = Retry(2, stop, wait_fixed(3600))
    assert retry.deliver(failing(UNCLEAR, ONE), [ONE]) != [UNCLEAR]


def test_waits_are_at_random_grow_and_are_capped() -> None:
    waits: list[float] = []
    Retry(40, threading.Event(), DEFAULT_WAIT, waits.append).deliver(failing(AWAY, ONE), [ONE])
    assert len(set(waits)) > 1
    assert waits[0] <= 0.25
    assert waits[1] <= 0.5
    assert max(waits) <= 5
    assert max(waits) > 0.5
