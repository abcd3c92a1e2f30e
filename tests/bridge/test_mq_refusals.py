"""Every reason code at every call that the bridge makes: what is told, and that it goes on afterwards."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest

from bridge import mq_reasons
from bridge.aws.session import Clients
from bridge.aws.sqs_source import SqsSource
from bridge.binding import Binding, load_binding
from bridge.circuit import Circuit
from bridge.errors import Away
from bridge.message import Fault, Message
from bridge.mq_reasons import Action
from bridge.mq_source import MqSource
from bridge.pump import Pump
from bridge.retry import Retry
from bridge.route import run
from mock_mq.constants import Reason
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.bridge.ends import MemoryDeadLetters, MemorySink, MemorySource
from tests.bridge.mq_ends import QUEUE, connection, sink
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import eventually
from tests.fixtures.fault_proxy import FaultProxy

LASTING = (
    ("MQCONN", 2059),
    ("MQOPEN", 2046),
    ("MQGET", 2016),
    ("MQGET", 2195),
    ("MQPUT", 2053),
    ("MQPUT", 2195),
    ("MQCMIT", 2003),
    ("MQCMIT", 2124),
)
UNLISTED = (2046, 2298)
CODES = [code for code in sorted(Reason) if mq_reasons.reason(code).name or code in UNLISTED]
"""Those in use that mock-mq can be told to answer with, and two that the bridge does not know."""


def test_the_codes_are_nearly_all_that_are_listed_and_some_that_are_not() -> None:
    assert len(CODES) > 70
    assert {mq_reasons.reason(code).action for code in CODES} == set(Action)


def refused(queue_manager: RunningQueueManager, call: str, code: int, do: Callable[[], object]) -> None:
    """`do` is refused once, and says so: with the code, and whether a person has to mend it."""
    number = queue_manager.fault("fail", call=call, reason=code, times=1)
    with pytest.raises(Away, match=rf"\({code}[ )]") as away:
        do()
    assert queue_manager.happened(number) == 1
    assert away.value.slowly == (mq_reasons.reason(code).action is Action.PERSON)


@pytest.mark.parametrize("call", ["MQCONN", "MQOPEN"])
def test_whatever_refuses_to_connect_or_open_is_waited_for(
    binding: Binding, queue_manager: RunningQueueManager, call: str
) -> None:
    for code in CODES:
        end = sink(binding, queue_manager)
        refused(queue_manager, call, code, end.connect)
        end.connect()
        end.close()


@pytest.mark.parametrize("call", ["MQGET", "MQCMIT"])
def test_whatever_refuses_to_get_or_commit_leaves_the_message_and_it_comes_again(
    binding: Binding, queue_manager: RunningQueueManager, call: str
) -> None:
    made = connection(binding, queue_manager)
    taking = MqSource(made, QUEUE, stop=threading.Event(), wait=1.0)
    taking.connect()
    for code in CODES:
        queue_manager.put(QUEUE, str(code))
        before = made.connects
        if call == "MQCMIT":
            taking.take(1)
        refused(queue_manager, call, code, taking.commit if call == "MQCMIT" else partial(taking.take, 1))
        taking.connect()
        (again,) = taking.take(1)
        assert again.message.body == str(code).encode()
        taking.commit()
        assert (made.connects > before) == (mq_reasons.reason(code).action is not Action.WAIT), code
    assert queue_manager.depth(QUEUE) == 0


def test_whatever_refuses_a_put_is_the_messages_fault_or_takes_nothing_of_the_unit(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    putting = sink(binding, queue_manager)
    faults = {Action.SET_ASIDE: Fault.MESSAGE, Action.UNCLEAR: Fault.UNCLEAR}
    for code in CODES:
        unit = [Message(b"a"), Message(b"b")]
        putting.connect()
        action = mq_reasons.reason(code).action
        if action in faults:
            queue_manager.fault("fail", call="MQPUT", reason=code, times=1)
            rejection, accepted = putting.deliver(unit)
            assert accepted is None
            assert rejection is not None
            assert rejection.fault is faults[action]
            assert f"({code}" in rejection.reason
            unit.pop(0)
        else:
            refused(queue_manager, "MQPUT", code, partial(putting.deliver, unit))
            assert queue_manager.depth(QUEUE) == 0
            putting.connect()
            assert putting.deliver(unit) == [None, None]
        assert [each.data for each in queue_manager.browse(QUEUE)] == [each.body for each in unit]
        while queue_manager.get(QUEUE):
            pass


def test_whatever_refuses_to_commit_what_was_put_acknowledges_nothing(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    putting = sink(binding, queue_manager)
    for code in CODES:
        putting.connect()
        refused(queue_manager, "MQCMIT", code, partial(putting.deliver, [Message(b"a")]))
        assert queue_manager.browse(QUEUE) == []
        putting.connect()
        assert putting.deliver([Message(b"a")]) == [None]
        queue_manager.get(QUEUE)


@pytest.mark.parametrize("code", [2051, 2053, 2056, 2192])
def test_a_queue_that_takes_nothing_now_keeps_the_messages_in_sqs_and_sets_none_aside(
    aws: Aws, fault_proxy: FaultProxy, binding: Binding, queue_manager: RunningQueueManager, code: int
) -> None:
    queue = aws.make_queue()
    for number in range(3):
        aws.sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    letters, putting = MemoryDeadLetters(), sink(binding, queue_manager)
    taking = SqsSource(Clients(), queue, ccsid=1208, format="MQSTR", wait=0)
    retry = Retry(0, threading.Event())
    pump = Pump("in", taking, putting, letters, retry, Circuit("in"), backout_threshold=2)
    fault = queue_manager.fault("fail", call="MQPUT", reason=code)
    for _ in range(4):
        with pytest.raises(Away, match=rf"\({code} "):
            pump.move()
        assert aws.counts(queue) == (3, 0)
    queue_manager.mend(fault)
    while any(aws.counts(queue)):
        pump.move()
    assert sorted(each.data for each in queue_manager.browse(QUEUE)) == [b"0", b"1", b"2"]
    assert fault_proxy.count("DeleteMessageBatch") == 1
    assert letters.letters == []
    taking.close()


def test_a_unit_of_work_that_is_too_large_to_put_goes_in_smaller_ones(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = start_queue_manager(max_uncommitted=3)
    taking = MemorySource.of(*(Message(b"%d" % number) for number in range(10)))
    letters, putting = MemoryDeadLetters(), sink(binding, queue_manager)
    retry = Retry(0, threading.Event())
    pump = Pump("in", taking, putting, letters, retry, Circuit("in"), backout_threshold=2)
    tries = 0
    while taking.waiting:
        tries += 1
        try:
            pump.move()
        except Away as e:
            pump.circuit.failed(str(e), delivering=True)
    assert sorted(each.data for each in queue_manager.browse(QUEUE)) == [b"%d" % each for each in range(10)]
    assert letters.letters == []
    assert tries <= 20, taking.units


def test_what_is_refused_again_and_again_is_not_tried_in_a_busy_loop(
    start_queue_manager: StartQueueManager,
) -> None:
    """Each on a queue manager of its own, all at once."""
    binding, stop, started = load_binding(), threading.Event(), time.monotonic()
    with ExitStack() as running:
        faults: dict[tuple[str, int], tuple[RunningQueueManager, int]] = {}
        for call, code in LASTING:
            queue_manager = start_queue_manager()
            faults[call, code] = queue_manager, queue_manager.fault("fail", call=call, reason=code)
            from_mq = MqSource(connection(binding, queue_manager), QUEUE, stop=stop, wait=1.0)
            incoming = call in ("MQPUT", "MQCMIT")
            pump = Pump(
                "route",
                MemorySource.of(Message(b"a")) if incoming else from_mq,
                sink(binding, queue_manager) if incoming else MemorySink(),
                MemoryDeadLetters(),
                Retry(0, stop),
                Circuit("route"),
                backout_threshold=9,
            )
            thread = threading.Thread(target=run, args=(pump, stop))
            thread.start()
            running.callback(thread.join, 10)
            running.callback(stop.set)
        tries: dict[tuple[str, int], list[int]] = {case: [] for case in faults}

        def each_tried_three_times() -> bool:
            for case, (queue_manager, number) in faults.items():
                tries[case].append(queue_manager.happened(number))
            return all(counts[-1] >= 3 for counts in tries.values())

        eventually(each_tried_three_times, what="each refused three times")
        seconds = time.monotonic() - started
    # A first wait of a quarter of a second at least, and each twice as long as the one before.
    for case, counts in tries.items():
        assert 3 <= counts[-1] <= 2 + math.log2(1 + seconds / 0.25), case
