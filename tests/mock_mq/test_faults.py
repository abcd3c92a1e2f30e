"""Faults on demand, as a program meets them: through the stand-in client, over a real socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from mock_mq.client.connection import Connection, Target
from mock_mq.constants import GetOption, OpenOption, PutOption
from mock_mq.errors import MQError
from mock_mq.faults import Deed, Event, Fault, FaultError, Faults
from mock_mq.running import RunningQueueManager
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

QUEUE = "DEV.QUEUE.1"
UNDER_SYNCPOINT = PutMessageOptions(options=PutOption.SYNCPOINT)
Connect = Callable[..., Connection]


@pytest.fixture
def connect(queue_manager: RunningQueueManager) -> Iterator[Connect]:
    opened: list[Connection] = []

    def connected(**options: Any) -> Connection:
        target = Target(((queue_manager.host, queue_manager.port),), queue_manager.channel, **options)
        opened.append(Connection.connect(target))
        return opened[-1]

    yield connected
    for each in opened:
        each.abandon()


def put(connection: Connection, body: bytes = b"x") -> None:
    connection.put1(ObjectDescriptor(object_name=QUEUE), MessageDescriptor(), UNDER_SYNCPOINT, body)


def refusal(call: Callable[[], Any]) -> int:
    with pytest.raises(MQError) as refused:
        call()
    return int(refused.value.reason)


@pytest.mark.parametrize(("do", "left"), [(Deed.DROP, 0), (Deed.DROP_AFTER, 1)])
def test_an_mqcmit_in_doubt_either_took_effect_or_not(
    queue_manager: RunningQueueManager, connect: Connect, do: Deed, left: int
) -> None:
    fault = queue_manager.fault(do, call="MQCMIT")
    connection = connect()
    put(connection)
    assert refusal(connection.commit) == 2009
    assert queue_manager.happened(fault) == 1
    connect()  # answered once the server has seen to the broken one
    assert queue_manager.depth(QUEUE) == left


@pytest.mark.parametrize("reason", [2053, 2003, 2195, 2161, 2202, 2203, 2162, 2024])
def test_any_reason_can_be_had_and_the_call_is_not_made(
    queue_manager: RunningQueueManager, connect: Connect, reason: int
) -> None:
    connection = connect()
    queue_manager.fault(Deed.FAIL, call="MQPUT1", queue="DEV.*", reason=reason, times=1)
    assert refusal(lambda: put(connection)) == reason
    assert queue_manager.depth(QUEUE) == 0
    put(connection)
    connection.commit()
    assert queue_manager.depth(QUEUE) == 1


def test_a_commit_that_is_backed_out_says_so_and_is(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection = connect()
    queue_manager.fault(Deed.FAIL, call="MQCMIT", reason=2003)
    put(connection)
    with pytest.raises(MQError) as refused:
        connection.commit()
    assert (refused.value.reason, refused.value.completion) == (2003, 1)
    assert queue_manager.depth(QUEUE) == 0


def test_a_call_in_a_unit_of_work_that_was_backed_out_fails_and_is_no_warning(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection = connect()
    put(connection)
    queue_manager.fault(Deed.FAIL, call="MQPUT1", reason=2003)
    with pytest.raises(MQError) as refused:
        put(connection)
    assert (refused.value.reason, refused.value.completion) == (2003, 2)
    connection.commit()
    assert queue_manager.depth(QUEUE) == 0


def test_the_third_call_of_a_connection_fails_and_no_other(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    queue_manager.fault(Deed.FAIL, call="MQCMIT", nth=3, reason=2195)
    for connection in (connect(), connect()):
        connection.commit()
        connection.commit()
        assert refusal(connection.commit) == 2195
        connection.commit()


def test_connecting_itself_can_fail(queue_manager: RunningQueueManager, connect: Connect) -> None:
    queue_manager.fault(Deed.FAIL, call="MQCONN", reason=2059, times=2)
    assert [refusal(connect), refusal(connect)] == [2059, 2059]
    connect().commit()


def test_a_delayed_call_takes_its_time_and_then_effect(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection = connect()
    queue_manager.fault(Deed.DELAY, call="MQPUT1", seconds=0.2)
    started = time.monotonic()
    put(connection)
    assert time.monotonic() - started >= 0.2
    connection.commit()
    assert queue_manager.depth(QUEUE) == 1


@pytest.mark.parametrize("do", [Deed.HALF, Deed.SILENCE])
def test_silence_is_noticed_by_the_heartbeat_and_the_call_was_made(
    start_queue_manager: Callable[..., RunningQueueManager], do: Deed
) -> None:
    queue_manager = start_queue_manager(heartbeat=1)
    target = Target(((queue_manager.host, queue_manager.port),), queue_manager.channel, heartbeat=1)
    connection = Connection.connect(target)
    put(connection)
    queue_manager.fault(do, call="MQCMIT")
    assert refusal(connection.commit) == 2009
    assert queue_manager.depth(QUEUE) == 1


def test_a_wrong_answer_breaks_the_connection_and_not_the_program(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection, other = connect(), connect()
    queue_manager.fault(Deed.WRONG, call="MQCMIT", times=1)
    assert refusal(connection.commit) == 2009
    other.commit()


def test_a_get_fails_by_queue(queue_manager: RunningQueueManager, connect: Connect) -> None:
    queue_manager.fault(Deed.FAIL, call="MQGET", queue="DEV.QUEUE.2", reason=2016)
    connection = connect()
    options = GetMessageOptions(options=GetOption.NO_SYNCPOINT)
    reasons = []
    for queue in (QUEUE, "DEV.QUEUE.2"):
        handle, _ = connection.open(ObjectDescriptor(object_name=queue), OpenOption.INPUT_SHARED)
        reasons.append(refusal(partial(connection.get, handle, MessageDescriptor(), options, 10)))
    assert reasons == [2033, 2016]


def test_a_slow_network_is_slow_and_loses_nothing(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection = connect()
    body = bytes(range(256)) * 200
    queue_manager.put(QUEUE, body)
    queue_manager.slow(200_000)
    handle, _ = connection.open(ObjectDescriptor(object_name=QUEUE), OpenOption.INPUT_SHARED)
    options = GetMessageOptions(options=GetOption.NO_SYNCPOINT)
    started = time.monotonic()
    assert connection.get(handle, MessageDescriptor(), options, len(body)).data == body
    assert time.monotonic() - started >= len(body) / 200_000 / 2


def test_a_restart_keeps_what_is_persistent_and_breaks_the_connections(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection = connect()
    queue_manager.put(QUEUE, "kept", persistence=1)
    queue_manager.put(QUEUE, "lost", persistence=0)
    put(connection)
    queue_manager.restart()
    assert refusal(connection.commit) in (2009, 2162)
    assert [each.data for each in queue_manager.browse(QUEUE)] == [b"kept"]
    connect().commit()


def test_a_quiescing_queue_manager_lets_nobody_in(
    queue_manager: RunningQueueManager, connect: Connect
) -> None:
    connection = connect()
    queue_manager.quiesce()
    assert refusal(connect) == 2161
    fails = OpenOption.OUTPUT | OpenOption.FAIL_IF_QUIESCING
    assert refusal(lambda: connection.open(ObjectDescriptor(object_name=QUEUE), fails)) == 2161
    queue_manager.restart()
    connect().commit()


def test_a_stopped_queue_manager_is_not_there(queue_manager: RunningQueueManager, connect: Connect) -> None:
    queue_manager.stop()
    assert refusal(connect) == 2538
    queue_manager.start()
    connect().commit()


def test_connections_are_limited(queue_manager: RunningQueueManager, connect: Connect) -> None:
    queue_manager.limit_connections(2)
    connect(), connect()
    assert refusal(connect) == 2537


def test_calls_are_on_record(queue_manager: RunningQueueManager, connect: Connect) -> None:
    connection = connect(application="payments")
    put(connection)
    connection.commit()
    made = [(each.call, each.queue, each.reason) for each in queue_manager.calls()]
    assert made == [("MQCONN", "", 0), ("MQPUT1", QUEUE, 0), ("MQCMIT", "", 0)]
    assert {each.application for each in queue_manager.calls("MQCMIT")} == {"payments"}


def test_chance_is_the_same_for_the_same_seed() -> None:
    def lot(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault(Deed.DROP, probability=0.5))
        return [faults.choose(Event(1, "MQGET")) is not None for _ in range(100)]

    assert lot(7) == lot(7) != lot(8)
    assert 30 < sum(lot(7)) < 70


@pytest.mark.parametrize(
    "wrong",
    [
        {"do": Deed.FAIL},
        {"do": Deed.FAIL, "reason": 1},
        {"do": Deed.DROP, "reason": 2053},
        {"do": Deed.DELAY},
        {"do": Deed.DROP, "seconds": 1.0},
        {"do": Deed.DROP, "nth": 1, "every": 2},
        {"do": Deed.DROP, "probability": 1.5},
        {"do": Deed.DROP, "times": -1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(FaultError):
        Fault(**wrong)


def test_a_fault_happens_so_many_times_and_every_so_many_calls() -> None:
    faults = Faults()
    faults.add(Fault(Deed.DROP, call="MQGET", every=3, times=2))
    happened = [faults.choose(Event(1, "MQGET")) is not None for _ in range(12)]
    assert [number for number, each in enumerate(happened, 1) if each] == [3, 6]
