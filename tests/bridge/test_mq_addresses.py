"""Requests and their answers, on both bindings: MQ programs answer, and each answer finds its requester."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from bridge.binding import Binding
from bridge.errors import Away
from bridge.message import NO_ID, Delivery, Descriptor, Fault, Message, Property
from bridge.mq_addresses import MqAddresses, MqReplies
from bridge.mq_connection import MqConnection
from bridge.mq_ledger import MqLedger
from bridge.mq_sink import MqSink
from bridge.mq_source import MqSource
from bridge.requesting import Requesting
from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import Answering, connection

QUOTES, REPLIES, ADDRESSES, LEDGER = "QUOTES", "QUOTES.REPLIES", "BRIDGE.ADDRESSES", "LEDGER"
REQUESTING = Requesting("quotes", REPLIES, ADDRESSES)
A_DAY = 24 * 60 * 60 * 10  # in MQ's tenths of a second
COA, COD_WITH_DATA = 256, 6144


@pytest.fixture
def queue_manager(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    return start_queue_manager(
        queues=tuple(QueueDefinition(name) for name in (QUOTES, REPLIES, ADDRESSES, LEDGER))
    )


def requesting(on: MqConnection, *, ledger: bool = False) -> MqSink:
    return MqSink(on, QUOTES, MqLedger(on, LEDGER) if ledger else None, REQUESTING)


def replies(on: MqConnection) -> MqReplies:
    source = MqSource(on, REPLIES, stop=threading.Event(), wait=1.0)
    return MqReplies(source, MqAddresses(on, ADDRESSES))


def asking(name: str, address: str = "", correlation: str = "", **descriptor: Any) -> Message:
    """As `SqsSource` hands it on: of `name` are its body and its id."""
    told = {"ReplyTo": address, "CorrelationId": correlation, "colour": "red"}
    given = {key: Property(value) for key, value in told.items() if value}
    return Message(name.encode(), Descriptor(format="MQSTR", **descriptor), given, f"id of {name}")


class Ends:
    """Both routes' MQ ends, each with its connection, and the program between them."""

    def __init__(self, binding: Binding, queue_manager: RunningQueueManager) -> None:
        self.binding, self.queue_manager = binding, queue_manager
        self.sink = requesting(connection(binding, queue_manager))
        self.source = replies(connection(binding, queue_manager))
        self.program = Answering(binding, queue_manager)

    def ask(self, *messages: Message) -> None:
        assert self.sink.deliver(messages) == [None] * len(messages)

    def take(self) -> list[Delivery]:
        self.source.connect()
        taken = list(self.source.take(10))
        self.source.commit()
        return taken

    def answers(self) -> list[tuple[str, Mapping[str, str]]]:
        """Bodies and what they say of their requester."""
        taken = self.take()
        assert [each.fault for each in taken] == [""] * len(taken)
        return [(each.message.body.decode(), said(each.message)) for each in taken]


def said(message: Message) -> Mapping[str, Any]:
    return {name: each.value for name, each in message.properties.items()}


@pytest.fixture
def ends(binding: Binding, queue_manager: RunningQueueManager) -> Iterator[Ends]:
    made = Ends(binding, queue_manager)
    yield made
    made.sink.close()
    made.source.close()


@pytest.mark.parametrize("passes_correlation", [False, True], ids=["copies MsgId", "passes CorrelId"])
def test_each_answer_comes_with_the_address_and_the_correlation_of_its_request(
    ends: Ends, passes_correlation: bool
) -> None:
    ends.ask(asking("a", "to-a", "grüße 1"), asking("b", "to-b"), asking("c", "to-a", "2"))
    for _ in range(3):
        ends.program.answer(QUOTES, passes_correlation=passes_correlation)
    assert ends.answers() == [
        ("A", {"ReplyTo": "to-a", "CorrelationId": "grüße 1"}),
        ("B", {"ReplyTo": "to-b"}),
        ("C", {"ReplyTo": "to-a", "CorrelationId": "2"}),
    ]


@pytest.mark.parametrize("passes_correlation", [False, True], ids=["copies MsgId", "passes CorrelId"])
def test_ids_that_the_sender_gave_stay_and_lead_back_to_him(ends: Ends, passes_correlation: bool) -> None:
    given = {"message_id": b"m" * 24, "correlation_id": b"c" * 24}
    ends.ask(asking("a", "to-a", "1"), asking("b", "to-b", "2", **given))
    ends.program.answer(QUOTES, passes_correlation=passes_correlation)
    md = ends.program.answer(QUOTES, passes_correlation=passes_correlation)
    assert (md.MsgId, md.CorrelId) == (b"m" * 24, b"c" * 24)
    assert [each for _, each in ends.answers()] == [
        {"ReplyTo": "to-a", "CorrelationId": "1"},
        {"ReplyTo": "to-b", "CorrelationId": "2"},
    ]


def test_a_request_says_so_and_keeps_all_but_what_its_note_has(ends: Ends) -> None:
    asked = asking("a", "to-a", "1", reply_to_queue="ELSEWHERE", reply_to_queue_manager="QM9", report=COA)
    wants_none = asking("b", "", "2", message_id=b"m" * 24)
    ends.ask(asked, wants_none)
    taking = MqSource(connection(ends.binding, ends.queue_manager), QUOTES, stop=threading.Event(), wait=1.0)
    taking.connect()
    request, datagram = (each.message for each in taking.take(2))
    taking.close()
    assert (request.body, said(request)) == (b"a", {"colour": "red"})
    got = request.descriptor
    assert (got.message_type, got.reply_to_queue, got.reply_to_queue_manager) == (1, REPLIES, "QM1")
    assert (got.report, got.format) == (COA, "MQSTR")
    assert got.message_id != NO_ID
    assert got.correlation_id == got.message_id
    assert (datagram.body, datagram.properties) == (b"b", wants_none.properties)
    assert (datagram.descriptor.message_type, datagram.descriptor.reply_to_queue) == (8, "")
    [note] = ends.queue_manager.browse(ADDRESSES)
    assert (note.descriptor.message_id, note.descriptor.correlation_id) == (got.message_id,) * 2


@pytest.mark.parametrize(("expiry", "kept"), [(-1, A_DAY), (600, A_DAY + 600), (999_999_000, 999_999_999)])
def test_a_note_is_persistent_and_outlives_its_request_by_a_day(ends: Ends, expiry: int, kept: int) -> None:
    ends.ask(asking("a", "to-a", expiry=expiry))
    _, md = ends.program.get(ADDRESSES)
    assert md.Persistence == 1
    assert kept - 300 < md.Expiry <= kept


def test_further_answers_and_reports_find_it_too(ends: Ends) -> None:
    ends.ask(asking("a", "to-a", "1", report=COA | COD_WITH_DATA))
    ends.program.answer(QUOTES, times=2)
    taken = ends.take()
    assert [each.message.descriptor.message_type for each in taken] == [4, 2, 2, 4]
    assert [taken[place].message.descriptor.feedback for place in (0, 3)] == [259, 260]
    assert {(said(each.message)["ReplyTo"], said(each.message)["CorrelationId"]) for each in taken} == {
        ("to-a", "1")
    }
    assert ends.queue_manager.depth(ADDRESSES) == 1


def test_what_an_answer_says_for_itself_does_not_count(ends: Ends) -> None:
    ends.ask(asking("a", "to-a", "1"))
    _, md = ends.program.get(QUOTES)
    mine = Message(
        b"A",
        Descriptor(format="MQSTR", correlation_id=md.MsgId),
        {"colour": Property("blue"), "ReplyTo": Property("evil"), "CorrelationId": Property("0")},
    )
    MqSink(connection(ends.binding, ends.queue_manager), REPLIES).deliver([mine])
    [(_, told)] = ends.answers()
    assert list(told.items()) == [("ReplyTo", "to-a"), ("CorrelationId", "1"), ("colour", "blue")]


def test_an_answer_to_nothing_that_is_known_has_the_reason_and_its_neighbours_their_address(
    ends: Ends,
) -> None:
    ends.ask(asking("late", "to-a"), asking("a", "to-a"))
    ends.program.answer(QUOTES)
    ends.queue_manager.get(ADDRESSES)  # as if it had expired
    ends.program.put(b"stray", REPLIES, CorrelId=b"x" * 24)
    ends.program.put(b"without", REPLIES)
    ends.program.answer(QUOTES)
    taken = ends.take()
    for each in taken[:3]:
        assert each.fault.startswith("no request is known that it answers: it came more than a day after")
        assert not each.as_received
    assert (taken[3].fault, said(taken[3].message)) == ("", {"ReplyTo": "to-a"})


def test_where_senders_share_a_correlation_id_nobody_gets_an_answer_that_may_be_anothers(ends: Ends) -> None:
    shared = {"correlation_id": b"c" * 24}
    ends.ask(asking("a", "to-a", "1", **shared), asking("b", "to-b", "1", **shared))
    ends.ask(asking("c", "to-c", "1", correlation_id=b"d" * 24))
    for _ in range(3):
        ends.program.answer(QUOTES, passes_correlation=True)
    taken = ends.take()
    assert [each.fault[:48] for each in taken] == ["it could answer one request as well as another: "] * 2 + [
        ""
    ]
    ends.ask(asking("a", "to-a", "1", **shared), asking("b", "to-b", "1", **shared))
    ends.program.answer(QUOTES)
    ends.program.answer(QUOTES)
    assert [told["ReplyTo"] for _, told in ends.answers()] == ["to-a", "to-b"]


def test_more_requests_of_one_correlation_id_than_are_looked_at_are_none_to_be_sure_of(ends: Ends) -> None:
    ends.ask(*(asking(str(number), "to-a", "1", correlation_id=b"c" * 24) for number in range(10)))
    ends.program.answer(QUOTES, passes_correlation=True)
    assert ends.take()[0].fault.startswith("it could answer one request as well as another")


def test_a_note_of_another_program_is_told_of(ends: Ends) -> None:
    ends.program.put(b"\xffnot ours", ADDRESSES, MsgId=b"n" * 24)
    ends.program.put(b"a", REPLIES, CorrelId=b"n" * 24)
    assert ends.take()[0].fault.startswith("the note of the request that it answers is none of the bridge's")


def test_who_asks_with_an_address_that_is_none_is_refused_alone_and_before_anything_is_put(
    ends: Ends,
) -> None:
    outcomes = ends.sink.deliver(
        [asking("a", "to-a"), asking("b", "no address"), asking("c", "arn:aws:s3:::x")]
    )
    assert outcomes[0] is None
    for refused in outcomes[1:]:
        assert refused is not None
        assert refused.fault is Fault.MESSAGE
        assert refused.reason.startswith(
            "attribute ReplyTo: neither an SQS queue's name, URL or ARN nor an SNS"
        )
    assert (ends.queue_manager.depth(QUOTES), ends.queue_manager.depth(ADDRESSES)) == (1, 1)


def test_a_note_that_its_queue_does_not_take_sets_its_request_aside_alone(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    small = QueueDefinition(ADDRESSES, max_message_length=200)
    queue_manager = start_queue_manager(queues=(QueueDefinition(QUOTES), small))
    putting = requesting(connection(binding, queue_manager))
    outcomes = putting.deliver([asking("a", "to-a"), asking("b", "to-b", "1" * 200), asking("c", "to-c")])
    assert [each is None for each in outcomes] == [True, False, True]
    refused = outcomes[1]
    assert refused is not None
    assert refused.reason.startswith(f"queue {ADDRESSES} on QM1: too big for the queue (2030 ")
    assert (queue_manager.depth(QUOTES), queue_manager.depth(ADDRESSES)) == (2, 2)


def test_without_room_for_notes_no_request_is_put(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = start_queue_manager(
        queues=(QueueDefinition(QUOTES), QueueDefinition(ADDRESSES, max_depth=1))
    )
    putting = requesting(connection(binding, queue_manager))
    with pytest.raises(Away, match=rf"queue {ADDRESSES} on QM1: the queue is full \(2053 MQRC_Q_FULL\)"):
        putting.deliver([asking("a", "to-a"), asking("b", "to-b")])
    assert (queue_manager.depth(QUOTES), queue_manager.depth(ADDRESSES)) == (0, 0)


@pytest.mark.parametrize("ledger", [False, True], ids=["without a ledger", "with a ledger"])
def test_a_request_whose_commit_was_in_doubt_comes_again_as_the_same_and_its_answers_find_their_way(
    ends: Ends, ledger: bool
) -> None:
    ends.queue_manager.fault("drop-after", call="MQCMIT", nth=1, times=1)
    unit = [asking("a", "to-a", "1"), asking("b", "to-b", "2")]
    putting = requesting(connection(ends.binding, ends.queue_manager), ledger=ledger)
    with pytest.raises(Away):
        putting.deliver(unit)
    putting = requesting(connection(ends.binding, ends.queue_manager), ledger=ledger)  # another process
    assert putting.deliver(unit) == [None, None]
    putting.close()
    ids = [ends.program.answer(QUOTES).MsgId for _ in range(ends.queue_manager.depth(QUOTES))]
    assert len(set(ids)) == 2
    assert len(ids) == (2 if ledger else 4)
    wanted = [{"ReplyTo": "to-a", "CorrelationId": "1"}, {"ReplyTo": "to-b", "CorrelationId": "2"}]
    assert [told for _, told in ends.answers()] == wanted * (1 if ledger else 2)


@pytest.mark.parametrize("call", ["MQOPEN", "MQPUT", "MQCMIT"])
@pytest.mark.parametrize("deed", ["drop", "drop-after"])
def test_a_connection_that_breaks_at_any_call_leaves_no_request_without_its_note(
    binding: Binding, queue_manager: RunningQueueManager, call: str, deed: str
) -> None:
    for nth in range(1, 5):
        putting = requesting(connection(binding, queue_manager))
        number = queue_manager.fault(deed, call=call, nth=nth, times=1)
        for _ in range(3):
            with suppress(Away):
                assert putting.deliver([asking(f"{nth} a", "to-a"), asking(f"{nth} b", "to-b")]) == [None] * 2
                break
            requests = [each.descriptor.message_id for each in queue_manager.browse(QUOTES)]
            assert requests == [each.descriptor.message_id for each in queue_manager.browse(ADDRESSES)]
        queue_manager.mend(number)
        putting.close()
    assert {each.data[-3:] for each in queue_manager.browse(QUOTES)} == {
        f"{nth} {name}".encode() for nth in range(1, 5) for name in "ab"
    }
    assert len({each.descriptor.message_id for each in queue_manager.browse(QUOTES)}) == 8


@pytest.mark.parametrize(("deed", "reason"), [("drop", 0), ("drop-after", 0), ("fail", 2016)])
def test_an_answer_whose_address_could_not_be_looked_up_comes_again(
    ends: Ends, deed: str, reason: int
) -> None:
    ends.ask(asking("a", "to-a"), asking("b", "to-b"))
    ends.program.answer(QUOTES)
    ends.program.answer(QUOTES)
    ends.queue_manager.fault(deed, call="MQGET", queue=ADDRESSES, nth=3, times=1, reason=reason)
    ends.source.connect()
    with pytest.raises(Away, match=rf"queue {ADDRESSES} on QM1"):
        ends.source.take(10)
    assert ends.queue_manager.depth(REPLIES) == 2
    assert [ends.answers()[0][1] for _ in range(2)] == [{"ReplyTo": "to-a"}, {"ReplyTo": "to-b"}]


def test_two_routes_whose_sources_have_the_same_ids_make_different_requests(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    for route in ("quotes", "others"):
        on = connection(binding, queue_manager)
        assert MqSink(on, QUOTES, None, replace(REQUESTING, route=route)).deliver([asking("a", "x")]) == [
            None
        ]
    assert len({each.descriptor.message_id for each in queue_manager.browse(QUOTES)}) == 2
