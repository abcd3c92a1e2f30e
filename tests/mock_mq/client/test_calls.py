"""The MQI through pymqi and ibmmq, over the stand-in library and a socket, to mock-mq."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bridge.binding import Binding, load_binding
from mock_mq.core import QueueDefinition, Right
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.mock_mq.client.program import QUEUE, Program, channel, refused


@pytest.fixture
def program(binding: Binding, queue_manager: RunningQueueManager) -> Program:
    return Program(binding, queue_manager)


def test_what_is_put_is_got_with_its_descriptor(program: Program) -> None:
    queue = program.open()
    put = program.put(queue, b"body", Format=b"MQSTR", CorrelId=b"c" * 24, ReplyToQ=b"REPLIES", Persistence=1)
    assert put.MsgId.startswith(b"AMQ QM1")
    body, md = program.get(queue)
    assert body == b"body"
    assert (md.MsgId, md.CorrelId, md.Persistence) == (put.MsgId, b"c" * 24, 1)
    assert (md.Format.strip(), md.ReplyToQ.strip(), md.ReplyToQMgr.strip()) == (b"MQSTR", b"REPLIES", b"QM1")
    assert md.Encoding == 546


def test_put1_puts_without_opening(program: Program) -> None:
    program.connection.put1(QUEUE.encode(), b"at once")
    assert program.get(program.open())[0] == b"at once"


@pytest.mark.parametrize("size", [0, 1, 32_720, 32_748, 100_000, 5_000_000])
def test_bodies_of_any_size_are_got_byte_for_byte(program: Program, size: int) -> None:
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    queue = program.open()
    program.put(queue, body)
    assert program.get(queue, length=None)[0] == body


def test_a_message_of_100_mb(program: Program, queue_manager: RunningQueueManager) -> None:
    body = bytes(104_857_600)
    queue = program.open()
    program.put(queue, body)
    assert len(program.get(queue, length=len(body))[0]) == len(body)
    assert queue_manager.depth(QUEUE) == 0


def test_nothing_there_is_2033_at_once_or_after_the_wait(program: Program) -> None:
    queue = program.open()
    with refused(program.binding, 2033):
        program.get(queue)
    with refused(program.binding, 2033):
        program.get(queue, program.constants.MQGMO_WAIT, WaitInterval=50)


def test_a_message_that_comes_during_the_wait_is_got(
    program: Program, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    waiting = program.open()

    def put_later() -> None:
        other = Program(binding, queue_manager)
        other.put(other.open(), b"at last")

    thread = threading.Thread(target=put_later)
    thread.start()
    assert program.get(waiting, program.constants.MQGMO_WAIT, WaitInterval=20_000)[0] == b"at last"
    thread.join()


def test_a_buffer_too_small_leaves_the_message_and_tells_its_length(program: Program) -> None:
    queue = program.open()
    program.put(queue, b"0123456789")
    with refused(program.binding, 2080) as error:
        program.get(queue, length=4)
    assert error.value.original_length == 10
    with refused(program.binding, 2079) as error:
        program.get(queue, program.constants.MQGMO_ACCEPT_TRUNCATED_MSG, length=4)
    assert error.value.message == b"0123"
    with refused(program.binding, 2033):
        program.get(queue)


def test_messages_are_got_by_their_ids(program: Program) -> None:
    queue = program.open()
    for number in range(3):
        program.put(queue, b"%d" % number, MsgId=b"%d" % number * 24, CorrelId=b"c%d" % number * 12)
    assert program.get(queue, MsgId=b"1" * 24)[0] == b"1"
    assert program.get(queue, CorrelId=b"c2" * 12)[0] == b"2"
    with refused(program.binding, 2033):
        program.get(queue, MsgId=b"9" * 24)
    assert program.get(queue)[0] == b"0"


def test_browsing_goes_along_and_takes_nothing(program: Program, queue_manager: RunningQueueManager) -> None:
    constants = program.constants
    queue = program.open()
    for number in range(3):
        program.put(queue, b"%d" % number)
    seen = [program.get(queue, constants.MQGMO_BROWSE_FIRST)[0]]
    seen += [program.get(queue, constants.MQGMO_BROWSE_NEXT)[0] for _ in range(2)]
    assert seen == [b"0", b"1", b"2"]
    with refused(program.binding, 2033):
        program.get(queue, constants.MQGMO_BROWSE_NEXT)
    assert queue_manager.depth(QUEUE) == 3
    assert program.get(queue, constants.MQGMO_MSG_UNDER_CURSOR)[0] == b"2"


def test_a_unit_of_work_is_committed_or_backed_out_as_a_whole(
    program: Program, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    queue, syncpoint = program.open(), program.constants.MQGMO_SYNCPOINT
    other = Program(binding, queue_manager)
    elsewhere = other.open()
    program.put(queue, b"unseen", syncpoint=True)
    with refused(binding, 2033):
        other.get(elsewhere)
    program.connection.commit()
    assert program.get(queue, syncpoint)[1].BackoutCount == 0
    program.connection.backout()
    body, md = other.get(elsewhere, syncpoint)
    assert (body, md.BackoutCount) == (b"unseen", 1)
    other.connection.commit()
    assert queue_manager.depth(QUEUE) == 0


def test_disconnecting_commits_and_a_lost_connection_backs_out(
    program: Program, binding: Binding, queue_manager: RunningQueueManager
) -> None:
    program.put(program.open(), b"kept", syncpoint=True)
    program.connection.disconnect()
    assert queue_manager.depth(QUEUE) == 1
    lost = Program(binding, queue_manager)
    lost.put(lost.open(), b"gone", syncpoint=True)
    queue_manager.stop()
    with refused(binding, 2009):
        lost.connection.commit()
    with refused(binding, 2009):
        lost.connection.commit()
    queue_manager.start()
    assert queue_manager.depth(QUEUE) == 1


def test_the_depth_is_inquired(program: Program) -> None:
    queue = program.open()
    program.put(queue, b"")
    assert queue.inquire(program.constants.MQIA_CURRENT_Q_DEPTH) == 1
    assert queue.inquire(program.constants.MQCA_Q_NAME).strip() == QUEUE.encode()


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({"queues": ()}, 2085),
        ({"denied": (("app", "*", Right.PUT),), "users": {"app": "right"}}, 2035),
        ({"queues": (QueueDefinition(QUEUE, put_inhibited=True),)}, 2051),
        ({"queues": (QueueDefinition(QUEUE, max_depth=0),)}, 2053),
        ({"queues": (QueueDefinition(QUEUE, max_message_length=3),)}, 2030),
        ({"max_message_length": 3}, 2031),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_a_refused_put_has_mqs_reason(
    binding: Binding, start_queue_manager: StartQueueManager, definition: dict[str, Any], reason: int
) -> None:
    program = Program(binding, start_queue_manager(**definition), user="app", password="right")
    with refused(binding, reason):
        program.put(program.open(options=program.constants.MQOO_OUTPUT), b"body")


def test_a_refused_connection_has_mqs_reason(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queue_manager = start_queue_manager(users={"app": "right"})
    with refused(binding, 2035):
        Program(binding, queue_manager, user="app", password="wrong")
    with refused(binding, 2035):
        Program(binding, queue_manager)
    with refused(binding, 2058):
        Program(binding, queue_manager, name="QM2", user="app", password="right")
    with refused(binding, 2540):
        Program(binding, queue_manager, cd=channel(binding, queue_manager, ChannelName=b"NO.SUCH"))
    queue_manager.stop()
    with refused(binding, 2538):
        Program(binding, queue_manager, user="app", password="right")


def test_a_connection_list_is_tried_in_order(binding: Binding, queue_manager: RunningQueueManager) -> None:
    names = f"127.0.0.1(1),{queue_manager.connection_name}".encode()
    program = Program(binding, queue_manager, cd=channel(binding, queue_manager, ConnectionName=names))
    assert program.connection.inquire(program.constants.MQCA_Q_MGR_NAME).strip() == b"QM1"


def test_mqserver_tells_the_channel_where_the_program_does_not(
    binding: Binding, queue_manager: RunningQueueManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQSERVER", f"{queue_manager.channel}/TCP/{queue_manager.connection_name}")
    connection: Any = binding.mq.QueueManager(None)
    connection.connect(b"QM1")
    assert connection.inquire(binding.constants.MQCA_Q_MGR_NAME).strip() == b"QM1"
    connection.disconnect()


def test_a_handle_is_its_threads_own_unless_it_is_shared(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    def commit_elsewhere(program: Program) -> int:
        found: list[int] = []

        def commit() -> None:
            try:
                program.connection.commit()
                found.append(0)
            except binding.mq.MQMIError as e:
                found.append(e.reason)

        thread = threading.Thread(target=commit)
        thread.start()
        thread.join()
        return found[0]

    if binding.name == "pymqi":  # ibmmq asks for shared handles by itself
        assert commit_elsewhere(Program(binding, queue_manager)) == 2018
    shared = Program(binding, queue_manager, opts=binding.constants.MQCNO_HANDLE_SHARE_BLOCK)
    assert commit_elsewhere(shared) == 0


def test_what_is_not_there_is_refused_with_2298(program: Program) -> None:
    mq = program.mq
    calls: list[Callable[[], Any]] = [
        program.connection.begin,
        lambda: mq.Subscription(program.connection).sub(
            mq.SD(Options=program.constants.MQSO_CREATE | program.constants.MQSO_MANAGED)
        ),
    ]
    for call in calls:
        with refused(program.binding, 2298):
            call()
    program.connection.commit()


def test_gets_are_inhibited_and_allowed_by_mqset(program: Program) -> None:
    queue = program.open(options=program.constants.MQOO_SET | program.constants.MQOO_INPUT_SHARED)
    queue.set(program.constants.MQIA_INHIBIT_GET, 1)
    with refused(program.binding, 2016):
        program.get(queue)
    queue.set(program.constants.MQIA_INHIBIT_GET, 0)
    with refused(program.binding, 2033):
        program.get(queue)
    with refused(program.binding, 2067):
        queue.set(program.constants.MQIA_MAX_Q_DEPTH, 7)


def test_mqstat_tells_of_no_put_that_failed(queue_manager: RunningQueueManager) -> None:
    program = Program(load_binding("ibmmq"), queue_manager)  # pymqi does not know it
    status = program.connection.stat(program.constants.MQSTAT_TYPE_ASYNC_ERROR)
    assert (status.CompCode, status.Reason, status.PutFailureCount) == (0, 0, 0)


def test_a_queue_opened_with_a_selector_gives_what_is_selected(
    program: Program, queue_manager: RunningQueueManager
) -> None:
    for priority in (1, 7, 3):
        queue_manager.put(QUEUE, f"priority {priority}", priority=priority)
    selecting = program.mq.OD(ObjectName=QUEUE.encode(), Version=4)
    selecting.set_vs("SelectionString", b"JMSPriority BETWEEN 2 AND 4")
    queue = program.mq.Queue(program.connection)
    queue.open(selecting, program.constants.MQOO_INPUT_SHARED)
    assert program.get(queue)[0] == b"priority 3"
    with refused(program.binding, 2033):
        program.get(queue)
    assert queue_manager.depth(QUEUE) == 2


def test_a_message_handle_that_nobody_made_is_refused_with_2460(program: Program) -> None:
    queue = program.open()
    with refused(program.binding, 2460):
        program.get(queue, Version=4, MsgHandle=7)
    pmo = program.mq.PMO(Version=3, OriginalMsgHandle=7)
    with refused(program.binding, 2460):
        queue.put(b"body", program.mq.MD(), pmo)


def test_gets_inhibited_are_refused_with_2016(
    binding: Binding, start_queue_manager: StartQueueManager
) -> None:
    queues = (QueueDefinition(QUEUE, get_inhibited=True),)
    program = Program(binding, start_queue_manager(queues=queues))
    with refused(binding, 2016):
        program.get(program.open())


def test_two_connections_on_two_threads_do_not_hold_each_other_up(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    wait, bodies = 20_000, [b"%d" % number for number in range(200)]
    answered: list[bytes] = []

    def answer() -> None:
        program = Program(binding, queue_manager)
        requests, replies = program.open("DEV.QUEUE.1"), program.open("DEV.QUEUE.2")
        for _ in bodies:
            program.put(replies, program.get(requests, program.constants.MQGMO_WAIT, WaitInterval=wait)[0])
        program.connection.disconnect()

    thread = threading.Thread(target=answer)
    thread.start()
    program = Program(binding, queue_manager)
    requests, replies = program.open("DEV.QUEUE.1"), program.open("DEV.QUEUE.2")
    for body in bodies:
        program.put(requests, body)
        answered.append(program.get(replies, program.constants.MQGMO_WAIT, WaitInterval=wait)[0])
    thread.join()
    assert answered == bodies


def test_the_program_is_named_to_the_queue_manager(program: Program) -> None:
    queue = program.open()
    put = program.put(queue, b"")
    assert put.PutApplName.strip(b" \0")
    assert put.PutDate.strip()
