"""Put once, however often it is delivered: the ledger, on both bindings, through commits in doubt."""

from __future__ import annotations

import pytest

from bridge.binding import Binding
from bridge.errors import Away
from bridge.message import Message
from bridge.mq_sink import MqSink
from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import QUEUE, Program, sink

LEDGER = "DEV.QUEUE.2"
FIFTEEN_DAYS = 15 * 24 * 60 * 60 * 10  # in MQ's tenths of a second


def messages(*names: str) -> list[Message]:
    return [Message(name.encode(), source_id=f"id of {name}") for name in names]


def bodies(queue_manager: RunningQueueManager, queue: str = QUEUE) -> list[str]:
    return [each.data.decode() for each in queue_manager.browse(queue)]


@pytest.fixture
def putting(binding: Binding, queue_manager: RunningQueueManager) -> MqSink:
    made = sink(binding, queue_manager, ledger=LEDGER)
    made.connect()
    return made


def test_what_comes_again_is_confirmed_and_not_put_again(
    putting: MqSink, queue_manager: RunningQueueManager
) -> None:
    assert putting.deliver(messages("a", "b")) == [None, None]
    assert putting.deliver(messages("b", "c", "a")) == [None] * 3
    assert bodies(queue_manager) == ["a", "b", "c"]


def test_two_of_one_unit_of_work_with_one_id_are_one(
    putting: MqSink, queue_manager: RunningQueueManager
) -> None:
    assert putting.deliver(messages("a", "b", "a")) == [None] * 3
    assert bodies(queue_manager) == ["a", "b"]


def test_another_process_knows_it_too(
    binding: Binding, putting: MqSink, queue_manager: RunningQueueManager
) -> None:
    putting.deliver(messages("a"))
    putting.close()
    assert sink(binding, queue_manager, ledger=LEDGER).deliver(messages("a", "b")) == [None, None]
    assert bodies(queue_manager) == ["a", "b"]


def test_a_message_without_an_id_is_put_as_ever(putting: MqSink, queue_manager: RunningQueueManager) -> None:
    putting.deliver([Message(b"a"), Message(b"a")])
    assert bodies(queue_manager) == ["a", "a"]
    assert queue_manager.depth(LEDGER) == 0


@pytest.mark.parametrize("deed", ["drop", "drop-after"])
@pytest.mark.parametrize("commit", [1, 2])
def test_a_commit_in_doubt_puts_it_once_whichever_way_it_went(
    putting: MqSink, queue_manager: RunningQueueManager, deed: str, commit: int
) -> None:
    queue_manager.fault(deed, call="MQCMIT", nth=commit, times=1)
    for unit in (("a", "b"), ("c", "d")):
        try:
            outcomes = putting.deliver(messages(*unit))
        except Away:
            outcomes = putting.deliver(messages(*unit))
        assert outcomes == [None, None]
    assert bodies(queue_manager) == ["a", "b", "c", "d"]
    assert queue_manager.depth(LEDGER) == 4


@pytest.mark.parametrize("call", ["MQGET", "MQPUT", "MQCMIT", "MQOPEN"])
@pytest.mark.parametrize("deed", ["drop", "drop-after"])
def test_a_connection_that_breaks_at_any_call_leaves_all_or_nothing(
    binding: Binding, queue_manager: RunningQueueManager, call: str, deed: str
) -> None:
    for nth in range(1, 5):
        putting = sink(binding, queue_manager, ledger=LEDGER)
        number = queue_manager.fault(deed, call=call, nth=nth, times=1)
        unit = messages(f"{nth} a", f"{nth} b")
        for _ in range(3):
            try:
                putting.connect()
                assert putting.deliver(unit) == [None, None]
                break
            except Away:
                assert queue_manager.depth(QUEUE) == queue_manager.depth(LEDGER)
        queue_manager.mend(number)
        putting.close()
    assert bodies(queue_manager) == [f"{nth} {name}" for nth in range(1, 5) for name in "ab"]


def test_what_mq_refuses_is_not_remembered(binding: Binding, start_queue_manager: StartQueueManager) -> None:
    small = QueueDefinition(QUEUE, max_message_length=10)
    queue_manager = start_queue_manager(queues=(small, QueueDefinition(LEDGER)))
    unit = [*messages("a"), Message(bytes(11), source_id="big"), *messages("b")]
    outcomes = sink(binding, queue_manager, ledger=LEDGER).deliver(unit)
    assert [each is None for each in outcomes] == [True, False, True]
    assert bodies(queue_manager) == ["a", "b"]
    assert bodies(queue_manager, LEDGER) == ["id of a", "id of b"]


def test_a_ledger_that_is_full_holds_the_messages_back_and_is_named(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = start_queue_manager(queues=(QueueDefinition(QUEUE), QueueDefinition(LEDGER, max_depth=1)))
    putting = sink(binding, queue_manager, ledger=LEDGER)
    with pytest.raises(Away, match=rf"queue {LEDGER} on QM1: the queue is full \(2053 MQRC_Q_FULL\)"):
        putting.deliver(messages("a", "b"))
    assert (bodies(queue_manager), bodies(queue_manager, LEDGER)) == ([], [])


def test_a_ledger_that_is_not_there_is_named(binding: Binding, queue_manager: RunningQueueManager) -> None:
    with pytest.raises(Away, match=r"queue NO.SUCH.LEDGER on QM1: there is no such queue \(2085"):
        sink(binding, queue_manager, ledger="NO.SUCH.LEDGER").connect()
    assert queue_manager.depth(QUEUE) == 0


def test_a_second_one_waits_until_the_first_has_gone(
    binding: Binding, putting: MqSink, queue_manager: RunningQueueManager
) -> None:
    second = sink(binding, queue_manager, ledger=LEDGER)
    with pytest.raises(Away, match=rf"queue {LEDGER} on QM1: another program has it open.*2042"):
        second.connect()
    putting.close()
    second.connect()
    assert second.deliver(messages("a")) == [None]


def test_an_entry_is_persistent_and_outlives_what_sqs_keeps(
    binding: Binding, putting: MqSink, queue_manager: RunningQueueManager
) -> None:
    putting.deliver(messages("a"))
    putting.close()
    body, md = Program(binding, queue_manager).get(LEDGER)
    assert body == b"id of a"
    assert md.Persistence == 1
    assert FIFTEEN_DAYS - 600 < md.Expiry <= FIFTEEN_DAYS
