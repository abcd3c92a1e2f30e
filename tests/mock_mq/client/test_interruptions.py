"""What cuts a call short: another thread's call, a server that stops, Ctrl-C. The program is told so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import pytest

from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.fixtures.bridge import eventually
from tests.mock_mq.client.program import QUEUE, Program, refused

T = TypeVar("T")
FOR_EVER = -1
INTERRUPTED = """
import signal
import sys
from bridge.binding import load_binding
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts the tests behind it ignores it
binding = load_binding(sys.argv[1])
mq = binding.mq
definition = mq.CD(Version=11, ChannelName=sys.argv[2].encode(), ConnectionName=sys.argv[3].encode())
connection = mq.QueueManager(None)
connection.connect_with_options("QM1", cd=definition)
queue = mq.Queue(connection, b"DEV.QUEUE.1")
try:
    queue.get(None, mq.MD(), mq.GMO(Options=binding.constants.MQGMO_WAIT, WaitInterval=-1))
except KeyboardInterrupt:
    try:
        connection.commit()
    except mq.MQMIError as e:
        print("interrupted, then", e.reason)
"""


def in_a_thread(call: Callable[[], T]) -> Future[T]:
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as e:  # noqa: BLE001 - it is raised where the outcome is asked for
            outcome.set_exception(e)

    threading.Thread(target=run, daemon=True).start()
    return outcome


def until_somebody_waits(queue_manager: RunningQueueManager) -> None:
    eventually(
        lambda: queue_manager.ask(lambda core: bool(core.queue(QUEUE)._waiting)), what="an MQGET that waits"
    )


def wait_for_a_message(program: Program) -> bytes:
    queue = program.open()
    return program.get(queue, program.constants.MQGMO_WAIT, WaitInterval=FOR_EVER)[0]


def put(binding: Binding, queue_manager: RunningQueueManager) -> None:
    other = Program(binding, queue_manager)
    other.put(other.open(), b"at last")
    other.connection.disconnect()


def test_a_shared_handles_second_call_waits_its_turn(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    program = Program(binding, queue_manager, opts=binding.constants.MQCNO_HANDLE_SHARE_BLOCK)
    first = in_a_thread(lambda: wait_for_a_message(program))
    until_somebody_waits(queue_manager)
    second = in_a_thread(program.connection.commit)
    put(binding, queue_manager)
    assert first.result(20) == b"at last"
    second.result(20)
    program.connection.disconnect()


def test_a_handle_shared_without_blocking_is_in_use_and_stays_so(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    program = Program(binding, queue_manager, opts=binding.constants.MQCNO_HANDLE_SHARE_NO_BLOCK)
    first = in_a_thread(lambda: wait_for_a_message(program))
    until_somebody_waits(queue_manager)
    with refused(binding, 2219):
        program.connection.commit()
    if binding.name == "ibmmq":  # pymqi does not look at what MQDISC answers
        with refused(binding, 2219):
            program.connection.disconnect()
    put(binding, queue_manager)
    assert first.result(20) == b"at last"
    program.connection.commit()


def test_a_server_that_stops_ends_the_wait_and_backs_out(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    def lose_it() -> list[int]:
        program = Program(binding, queue_manager)
        queue = program.open()
        program.put(queue, b"kept")
        program.get(queue, program.constants.MQGMO_SYNCPOINT)
        program.put(queue, b"never committed", syncpoint=True)
        reasons = []
        calls: list[Callable[[], Any]] = [
            lambda: wait_for_a_message(program),
            program.connection.commit,
            lambda: program.get(queue),
        ]
        for call in calls:
            with pytest.raises(binding.mq.MQMIError) as error:
                call()
            reasons.append(error.value.reason)
        return reasons

    lost = in_a_thread(lose_it)
    until_somebody_waits(queue_manager)
    queue_manager.stop()
    first, *rest = lost.result(20)
    assert first in {2009, 2162}
    assert rest == [2009, 2009]
    queue_manager.start()
    program = Program(binding, queue_manager)
    queue = program.open()
    body, md = program.get(queue)
    assert (body, md.BackoutCount) == (b"kept", 1)
    with refused(binding, 2033):
        program.get(queue)


def test_ctrl_c_in_the_middle_of_a_wait_is_a_keyboard_interrupt_and_a_broken_connection(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    where = [binding.name, queue_manager.channel, queue_manager.connection_name]
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as program:
        until_somebody_waits(queue_manager)
        program.send_signal(signal.SIGINT)
        said, problems = program.communicate(timeout=30)
    assert said.splitlines()[-1] == "interrupted, then 2009"
    assert problems == ""
