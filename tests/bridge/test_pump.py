"""The pump between ends in memory: whatever fails, a message has a home before it leaves its source."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs
from tenacity import wait_fixed, wait_none

from bridge.circuit import Circuit
from bridge.errors import Away, Stop
from bridge.message import DeadLetter, Delivery, Fault, Message, Rejection
from bridge.pump import Pump, Undelivered
from bridge.retry import Retry
from bridge.route import run
from tests.bridge.ends import MemoryDeadLetters, MemorySink, MemorySource, Outcome, message

RETRIES = 2
THRESHOLD = 5
REFUSED = Rejection("refused", Fault.MESSAGE)
UNCLEAR = Rejection("failed", Fault.UNCLEAR)
AWAY = Rejection("throttled", Fault.DESTINATION)


@dataclass
class Rig:
    source: MemorySource
    sink: MemorySink
    letters: MemoryDeadLetters
    pump: Pump

    def move(self, times: int = 1) -> list[str]:
        """Moves units of work; what was away, in words."""
        said = []
        for _ in range(times):
            try:
                self.pump.move()
            except Away as e:
                said.append(str(e))
                self.pump.circuit.failed(str(e), delivering=isinstance(e, Undelivered))
        return said

    @property
    def homes(self) -> Counter[bytes]:
        """How often each body has a home."""
        return Counter([each.body for each in self.sink.arrived]) + Counter(
            [each.message.body for each in self.letters.letters]
        )


def rig(source: MemorySource, sink: MemorySink | None = None, *, holds: bool = True) -> Rig:
    sink, letters = sink or MemorySink(), MemoryDeadLetters()
    retry = Retry(RETRIES, threading.Event(), wait_none(), sleep=lambda _seconds: None)
    pump = Pump("route", source, sink, letters, retry, Circuit("route"), THRESHOLD, holds=holds)
    return Rig(source, sink, letters, pump)


def test_a_unit_of_work_is_up_to_ten_messages_and_one_delivery() -> None:
    made = rig(MemorySource.of(*(message(n) for n in range(25))))
    made.move(3)
    assert made.source.units == [10, 10, 5]
    assert [len(call) for call in made.sink.calls] == [10, 10, 5]
    assert len(made.source.gone) == 25
    assert (made.pump.tally.units, made.pump.tally.messages, made.pump.tally.dead_letters) == (3, 25, 0)


@pytest.mark.parametrize("mask", list(itertools.product([None, REFUSED, UNCLEAR], repeat=4)))
def test_whatever_part_of_a_unit_is_refused_each_message_has_one_home(mask: tuple[Outcome, ...]) -> None:
    messages = [message(n) for n in range(4)]
    verdicts = dict(zip((each.body for each in messages), mask, strict=True))
    made = rig(MemorySource.of(*messages), MemorySink(lambda each, _attempt: verdicts[each.body]))
    made.move()
    assert made.homes == Counter({each.body: 1 for each in messages})
    assert {each.message.body for each in made.letters.letters} == {
        body for body, verdict in verdicts.items() if verdict
    }
    assert len(made.source.gone) == 4


def test_only_what_failed_is_sent_again_and_in_order() -> None:
    messages = [message(n) for n in range(5)]
    bad = {messages[1].body, messages[3].body}
    sink = MemorySink(lambda each, attempt: UNCLEAR if each.body in bad and attempt < 3 else None)
    made = rig(MemorySource.of(*messages), sink)
    made.move()
    assert [[each.body for each in call] for call in sink.calls] == [
        [each.body for each in messages],
        [messages[1].body, messages[3].body],
        [messages[1].body, messages[3].body],
    ]
    assert made.letters.letters == []
    assert len(made.source.gone) == 5


def test_a_message_of_its_own_fault_is_set_aside_without_another_try() -> None:
    made = rig(MemorySource.of(message(1)), MemorySink(lambda _each, _attempt: REFUSED))
    made.move()
    (letter,) = made.letters.letters
    assert (letter.reason, letter.attempts, letter.route) == ("refused", 1, "route")
    assert (letter.source, letter.destination) == ("mq:TEST", "sns:test")
    assert len(made.sink.calls) == 1


def test_two_retries_and_then_the_dead_letters() -> None:
    made = rig(MemorySource.of(message(1)), MemorySink(lambda _each, _attempt: UNCLEAR))
    made.move()
    assert len(made.sink.calls) == 1 + RETRIES
    assert made.letters.letters[0].attempts == 1 + RETRIES


@pytest.mark.parametrize("failing", [AWAY, Away("no connection")], ids=["each rejected", "raised"])
def test_a_destination_that_is_away_costs_no_message_its_place(failing: Rejection | Away) -> None:
    made = rig(MemorySource.of(*(message(n) for n in range(30))), MemorySink(lambda _each, _attempt: failing))
    said = made.move(40)
    assert said[-1] in {"throttled", "no connection"}
    assert len(said) == 40
    assert made.letters.letters == []
    assert made.source.gone == []
    # It was tried with one message at a time after the first unit.
    assert set(made.source.units[1:]) == {1}
    assert not made.pump.circuit.closed


def test_while_it_is_away_it_is_asked_with_one_request_at_a_time() -> None:
    made = rig(MemorySource.of(*(message(n) for n in range(30))), MemorySink(lambda _each, _attempt: AWAY))
    made.move(1)
    assert len(made.sink.calls) == 1 + RETRIES
    made.move(5)
    assert [len(call) for call in made.sink.calls[1 + RETRIES :]] == [1] * 5


def test_it_goes_on_by_itself_when_the_destination_is_back_whatever_the_backout_counts_are() -> None:
    away = threading.Event()
    away.set()
    sink = MemorySink(lambda _each, _attempt: AWAY if away.is_set() else None)
    made = rig(MemorySource.of(*(message(n) for n in range(12))), sink)
    made.move(4 * THRESHOLD)
    away.clear()
    made.move(5)
    assert made.homes == Counter({message(n).body: 1 for n in range(12)})
    assert made.letters.letters == []
    assert made.pump.circuit.closed


def test_what_was_confirmed_before_the_destination_went_away_is_not_sent_twice() -> None:
    messages = [message(n) for n in range(4)]
    away = threading.Event()
    away.set()
    sink = MemorySink(
        lambda each, _attempt: AWAY if away.is_set() and each.body == messages[2].body else None
    )
    made = rig(MemorySource.of(*messages), sink)
    assert made.move() == ["throttled"]
    assert made.source.gone == []
    away.clear()
    made.move(5)
    assert made.homes == Counter({each.body: 1 for each in messages})
    assert len(made.source.gone) == 4


def test_a_unit_that_nobody_can_take_opens_the_circuit_and_nothing_of_it_is_set_aside() -> None:
    messages = [message(n) for n in range(50)]
    made = rig(MemorySource.of(*messages), MemorySink(lambda _each, _attempt: UNCLEAR))
    assert made.move(4) == ["failed"] * 4
    assert not made.pump.circuit.closed
    assert made.letters.letters == []
    assert len(made.source.waiting) == 50


def test_one_message_after_another_that_nobody_can_take_opens_the_circuit_after_the_first_few() -> None:
    made = rig(MemorySource(), MemorySink(lambda _each, _attempt: UNCLEAR))
    for number in range(5):
        made.source.waiting.append(Delivery(message(number), identity=str(number)))
        assert made.move() == []
    made.source.waiting.append(Delivery(message(5), identity="5"))
    assert made.move() == ["failed"], "it went on setting messages aside"
    assert not made.pump.circuit.closed
    assert len(made.letters.letters) == 5


def test_what_may_be_the_destinations_fault_is_tried_slowly_lest_each_message_reach_its_threshold() -> None:
    made = rig(MemorySource.of(*(message(n) for n in range(10))), MemorySink(lambda _each, _n: UNCLEAR))
    with pytest.raises(Away) as away:
        made.pump.move()
    assert away.value.slowly


def test_messages_that_nobody_can_take_do_not_add_up_over_those_that_arrive() -> None:
    bad = {message(n).body for n in range(0, 20, 2)}
    sink = MemorySink(lambda each, _attempt: UNCLEAR if each.body in bad else None)
    made = rig(MemorySource(), sink)
    for number in range(20):
        made.source.waiting.append(Delivery(message(number), identity=str(number)))
        assert made.move() == []
    assert {each.message.body for each in made.letters.letters} == bad


def test_a_message_that_is_unclear_while_the_circuit_is_open_is_set_aside_at_the_threshold() -> None:
    # Else four bad messages in a row would hold up the good ones behind them for ever.
    bad = [message(n) for n in range(41)]
    good = message(99)
    sink = MemorySink(lambda each, _attempt: UNCLEAR if each.body != good.body else None)
    made = rig(MemorySource.of(*bad, good), sink)
    said = made.move(300)
    assert made.homes == Counter({each.body: 1 for each in [*bad, good]})
    # Ten went back together and then four times singly, the others five times: with a wait after each.
    assert len(said) == 1 + 10 * (THRESHOLD - 1) + 31 * THRESHOLD
    assert made.pump.circuit.closed


def test_without_a_place_for_dead_letters_nothing_is_committed() -> None:
    messages = [message(n) for n in range(3)]
    made = rig(
        MemorySource.of(*messages),
        MemorySink(lambda each, _attempt: REFUSED if each.body == messages[1].body else None),
    )
    made.letters.errors.append(Away("bucket away"))
    assert made.move() == ["bucket away"]
    assert made.source.gone == []
    made.pump.circuit.idle()
    assert not made.pump.circuit.closed, "that the source is empty proves nothing about the bucket"
    made.move(4)
    assert made.homes == Counter({each.body: 1 for each in messages})
    assert len(made.source.gone) == 3


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_commit_in_doubt_loses_nothing_and_sends_nothing_twice(*, took_effect: bool) -> None:
    source = MemorySource.of(*(message(n) for n in range(3)))
    source.commit_errors.append(Away("2009"))
    source.commit_takes_effect = took_effect
    made = rig(source)
    assert made.move() == ["2009"]
    made.move(5)
    assert made.homes == Counter({message(n).body: 1 for n in range(3)})
    assert {each.message.body for each in source.gone} == {message(n).body for n in range(3)}


def test_of_two_messages_alike_to_the_last_byte_neither_is_taken_for_the_other() -> None:
    twins = [Delivery(message(1), identity="1"), Delivery(message(1), identity="1")]
    tries = itertools.count(1)
    # The first arrives; the second does not, whatever the retries; then all is well again.
    sink = MemorySink(lambda _each, _attempt: AWAY if 2 <= next(tries) <= 2 + RETRIES else None)
    made = rig(MemorySource(deque(twins)), sink)
    assert made.move() == ["throttled"]
    made.move(3)
    assert len(made.source.gone) == 2
    assert made.homes == Counter({message(1).body: 2})


def test_after_a_commit_in_doubt_that_took_effect_one_alike_is_delivered() -> None:
    source = MemorySource.of(message(1))
    source.commit_errors.append(Away("2009"))
    source.commit_takes_effect = True
    made = rig(source)
    made.move()
    source.waiting.append(Delivery(message(1), identity=source.gone[0].identity))
    made.move()
    assert made.homes == Counter({message(1).body: 2})


@pytest.mark.parametrize("commit", ["works", "takes effect unseen", "fails"])
@pytest.mark.parametrize("bucket", [0, 1, 2], ids=lambda times: f"bucket away {times} times")
def test_whatever_fails_at_once_each_message_gets_one_home_before_it_leaves(commit: str, bucket: int) -> None:
    for mask in itertools.product([None, REFUSED, UNCLEAR, AWAY], repeat=3):
        messages = [message(n) for n in range(3)]
        verdicts = dict(zip((each.body for each in messages), mask, strict=True))

        def verdict(each: Message, attempt: int, verdicts: dict[bytes, Outcome] = verdicts) -> Outcome:
            transient = verdicts[each.body] is AWAY and attempt > 1 + RETRIES
            return None if transient else verdicts[each.body]

        source = MemorySource.of(*messages)
        made = rig(source, MemorySink(verdict))
        made.letters.errors.extend(Away("bucket away") for _ in range(bucket))
        if commit != "works":
            source.commit_errors.append(Away("2009"))
            source.commit_takes_effect = commit == "takes effect unseen"
        for _ in range(30):
            made.move()
            assert made.homes.keys() >= {each.message.body for each in source.gone}
        assert not source.waiting, mask
        assert made.homes == Counter({each.body: 1 for each in messages}), mask


def test_what_was_set_aside_before_the_unit_was_given_back_is_not_set_aside_twice() -> None:
    hopeless = [Delivery(message(n), identity=str(n), fault="pointer: no such object") for n in range(2)]
    made = rig(MemorySource(deque(hopeless)))
    keep, calls = made.letters.keep, itertools.count()
    made.letters.errors.clear()

    def second_fails(letter: DeadLetter) -> str:
        if next(calls) == 1:
            raise Away("bucket away")
        return keep(letter)

    made.letters.keep = second_fails  # type: ignore[method-assign]
    assert made.move() == ["bucket away"]
    made.move(2)
    assert made.homes == Counter({each.message.body: 1 for each in hopeless})


def test_a_message_that_keeps_coming_back_is_set_aside_at_the_threshold_without_a_try() -> None:
    made = rig(MemorySource.of(message(1), deliveries=THRESHOLD))
    made.move()
    assert made.sink.calls == []
    assert "backed out 5 times" in made.letters.letters[0].reason
    assert len(made.source.gone) == 1


@pytest.mark.parametrize("fault", ["", "a pointer to nothing"])
def test_a_hopeless_one_that_arrived_before_a_crash_is_no_dead_letter(fault: str) -> None:
    again = Delivery(message(1), THRESHOLD, "1", fault=fault)
    made = rig(MemorySource(deque([again])), MemorySink(arrived=[message(1)], tells=True))
    assert made.move() == []
    assert made.source.gone == [again]
    assert (made.sink.calls, made.letters.letters) == ([], [])


def test_one_that_its_source_would_move_away_next_is_set_aside_where_it_was_backed_out_and_else_tried() -> (
    None
):
    source = MemorySource(
        deque(
            Delivery(message(count), count, f"{count}", last=last)
            for count in (0, 1)
            for last in ("it would be moved away", "")
        )
    )
    made = rig(source)
    made.move()
    assert [(each.message.body, each.reason) for each in made.letters.letters] == [
        (message(1).body, "backed out 1 times, and it would be moved away")
    ]
    assert [each.body for each in made.sink.arrived] == [message(n).body for n in (0, 0, 1)]


def test_one_below_the_threshold_is_tried() -> None:
    made = rig(MemorySource.of(message(1), deliveries=THRESHOLD - 1))
    made.move()
    assert [each.body for each in made.sink.arrived] == [message(1).body]


def test_what_can_not_be_delivered_at_all_never_blocks_its_siblings() -> None:
    bad = Delivery(message(9), identity="9", fault="pointer: no such object")
    source = MemorySource(
        deque([Delivery(message(1), identity="1"), bad, Delivery(message(2), identity="2")])
    )
    made = rig(source)
    made.move()
    assert [each.body for each in made.sink.arrived] == [message(1).body, message(2).body]
    assert made.letters.letters[0].reason == "pointer: no such object"
    assert made.letters.letters[0].attempts == 0


def test_a_bug_of_ours_backs_out_starts_both_ends_anew_and_the_route_goes_on() -> None:
    stop = threading.Event()
    broken = deque([RuntimeError("a bug with message 1 in its text")])

    def verdict(_each: Message, _attempt: int) -> Outcome:
        if broken:
            raise broken.popleft()
        stop.set()
        return None

    made = rig(MemorySource.of(message(1)), MemorySink(verdict))
    made.pump.circuit.jitter = lambda: -1.0  # no wait
    with capture_logs() as logs:
        run(made.pump, stop)
    assert made.homes == Counter({message(1).body: 1})
    assert len(made.source.gone) == 1
    # Once for the bug, once at the end: half a unit may be open on either.
    assert (made.source.closed, made.sink.closed) == (2, 2)
    (said,) = [each for each in logs if each["event"] == "route_failed"]
    assert said["error"] == "RuntimeError"
    assert any("test_pump.py" in place for place in said["at"])
    assert "message 1" not in str(logs)


def test_a_message_that_trips_a_bug_every_time_ends_among_the_dead_letters_and_its_siblings_arrive() -> None:
    stop = threading.Event()
    messages = [message(n) for n in range(12)]

    def verdict(each: Message, _attempt: int) -> Outcome:
        if each.body == messages[4].body:
            raise UnicodeDecodeError("utf-8", each.body, 0, 1, "a bug")
        return None

    source = MemorySource.of(*messages)
    source.after_take = lambda: None if source.taken else stop.set()
    made = rig(source, MemorySink(verdict))
    made.pump.circuit.jitter = lambda: -1.0
    with capture_logs() as logs:
        run(made.pump, stop)
    assert [each.message.body for each in made.letters.letters] == [messages[4].body]
    assert {each.body for each in made.sink.arrived} == {each.body for each in messages} - {messages[4].body}
    assert len(source.gone) == 12
    assert messages[4].body.decode() not in str([each for each in logs if each["event"] == "route_failed"])


def test_a_source_that_is_away_at_start_is_waited_for() -> None:
    stop = threading.Event()
    source = MemorySource.of(message(1))
    source.connect_errors.extend(Away("no queue manager") for _ in range(3))
    made = rig(source, MemorySink(lambda _each, _attempt: stop.set()))
    made.pump.circuit.jitter = lambda: -1.0
    run(made.pump, stop)
    assert len(source.gone) == 1


def test_what_a_person_has_to_mend_is_waited_for_slowly() -> None:
    denied = Away("not authorised to publish", slowly=True)
    made = rig(MemorySource.of(message(1)), MemorySink(lambda _each, _attempt: denied))
    with pytest.raises(Away) as away:
        made.pump.move()
    assert away.value.slowly


def test_stop_ends_the_route_with_everything_back_at_the_source() -> None:
    source = MemorySource.of(message(1))
    source.connect_errors.append(Stop("the queue's name is wrong"))
    made = rig(source)
    with pytest.raises(Stop):
        run(made.pump, threading.Event())
    assert (source.closed, made.sink.closed) == (1, 1)
    assert len(source.waiting) == 1


def test_a_stop_in_the_middle_of_retries_gives_the_messages_back_and_judges_none() -> None:
    stop = threading.Event()

    def verdict(_each: Message, _attempt: int) -> Outcome:
        stop.set()
        return UNCLEAR

    source, sink, letters = MemorySource.of(message(1), message(2)), MemorySink(verdict), MemoryDeadLetters()
    pump = Pump("route", source, sink, letters, Retry(RETRIES, stop), Circuit("route"), THRESHOLD)
    with capture_logs() as logs:
        run(pump, stop)
    assert letters.letters == []
    assert len(source.waiting) == 2
    assert logs == [], "a stop is no trouble"


def test_a_stop_in_the_middle_of_a_unit_that_arrived_in_part_finishes_it() -> None:
    stop = threading.Event()

    def verdict(each: Message, attempt: int) -> Outcome:
        stop.set()
        return UNCLEAR if each.body == message(2).body and attempt == 1 else None

    source, sink, letters = MemorySource.of(message(1), message(2)), MemorySink(verdict), MemoryDeadLetters()
    retry = Retry(RETRIES, stop, wait_fixed(3600))
    run(Pump("route", source, sink, letters, retry, Circuit("route"), THRESHOLD), stop)
    assert [each.body for each in sink.arrived] == [message(1).body, message(2).body]
    assert len(source.gone) == 2


def draining(count: int, verdict: Callable[[Message, int], Outcome | Away]) -> Rig:
    """A route that sets messages aside while its destination is away."""
    return rig(MemorySource.of(*(message(n) for n in range(count))), MemorySink(verdict), holds=False)


@pytest.mark.parametrize("failing", [AWAY, Away("no authority", slowly=True)], ids=["rejected", "raised"])
def test_a_route_told_to_set_aside_drains_its_source_after_the_retries_and_then_one_try_a_unit(
    failing: Rejection | Away,
) -> None:
    made = draining(35, lambda _each, _attempt: failing)
    assert made.move(4) == []
    assert not made.source.waiting
    assert made.homes == Counter({message(n).body: 1 for n in range(35)})
    assert [len(call) for call in made.sink.calls] == [10] * (1 + RETRIES) + [10, 10, 5]
    assert [each.attempts for each in made.letters.letters] == [1 + RETRIES] * 10 + [1] * 25
    assert made.pump.tally.back_outs == 0
    assert not made.pump.circuit.closed
    assert not made.pump.circuit.waiting


def test_once_it_is_back_what_comes_is_delivered_and_the_route_is_well() -> None:
    back = threading.Event()
    made = draining(40, lambda _each, _attempt: None if back.is_set() else AWAY)
    made.move(2)
    back.set()
    made.move(1)
    assert made.pump.circuit.closed
    made.move(1)
    assert [each.message.body for each in made.letters.letters] == [message(n).body for n in range(20)]
    assert [each.body for each in made.sink.arrived] == [message(n).body for n in range(20, 40)]


def test_what_part_of_a_unit_is_throttled_for_gets_its_retries_though_the_route_sets_aside() -> None:
    made = draining(
        30, lambda each, attempt: AWAY if each.body.endswith(b"3") and attempt <= RETRIES else None
    )
    assert made.move(3) == []
    assert made.letters.letters == []
    assert made.homes == Counter({message(n).body: 1 for n in range(30)})


def test_a_route_that_sets_aside_holds_where_the_dead_letter_bucket_is_away_too() -> None:
    made = draining(12, lambda _each, _attempt: AWAY)
    made.letters.errors.extend(Away("bucket away") for _ in range(3))
    assert made.move(3) == ["bucket away"] * 3
    assert made.source.gone == []
    assert made.pump.circuit.waiting
    made.move(2)
    assert made.homes == Counter({message(n).body: 1 for n in range(12)})
    assert len(made.source.gone) == 12


def test_a_route_that_sets_aside_waits_for_a_source_that_is_away() -> None:
    made = draining(3, lambda _each, _attempt: AWAY)
    made.source.connect_errors.append(Away("no queue manager"))
    assert made.move(1) == ["no queue manager"]
    assert made.letters.letters == []


def test_of_messages_in_order_the_others_are_not_tried_once_their_destination_is_found_away() -> None:
    made = draining(10, lambda _each, _attempt: AWAY)
    made.sink.groups = lambda _message: "one group"
    made.move(1)
    assert [[each.body for each in call] for call in made.sink.calls] == [[message(0).body]] * (1 + RETRIES)
    assert [each.message.body for each in made.letters.letters] == [message(n).body for n in range(10)]


def test_a_stop_in_the_middle_of_retries_sets_nothing_aside() -> None:
    stop = threading.Event()

    def verdict(_each: Message, _attempt: int) -> Outcome:
        stop.set()
        return AWAY

    source, sink, letters = MemorySource.of(message(1)), MemorySink(verdict), MemoryDeadLetters()
    pump = Pump("r", source, sink, letters, Retry(RETRIES, stop), Circuit("r"), THRESHOLD, holds=False)
    run(pump, stop)
    assert letters.letters == []
    assert len(source.waiting) == 1


def test_a_destination_that_can_not_even_be_connected_to_is_set_aside_for_and_asked_while_nothing_comes() -> (
    None
):
    stop = threading.Event()
    made = draining(25, lambda _each, _attempt: None)
    refused = Away("no queue manager")
    made.sink.connect_errors = deque([refused] * 1000)
    made.source.after_take = lambda: None if made.source.taken else stop.set()
    made.pump.circuit.jitter = lambda: -1.0  # no wait
    run(made.pump, stop)
    assert not made.sink.calls
    assert len(made.letters.letters) == 25
    assert not made.pump.connected
    assert made.pump.circuit.reason == "no queue manager"
