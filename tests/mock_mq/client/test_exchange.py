"""MQGET and MQPUT in C do what they do in Python: on a handle that is one thread's, and on a shared one."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from bridge.binding import load_binding
from bridge.key_repository import KeyRepository
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from mock_mq.wire.handshake import InitialData
from tests.fixtures.certificates import Certificates
from tests.mock_mq.client.program import Program, connect, refused, tls_options

PYMQI = load_binding("pymqi")
ITS_OWN = (slice(48, 72), slice(304, 320))
"""MQMD's MsgId, PutDate and PutTime: each message has others."""
Both = Callable[[Callable[[Program, Any], Any]], list[Any]]


@pytest.fixture(params=["TCP", "TLS"])
def programs(
    request: pytest.FixtureRequest,
    queue_manager: RunningQueueManager,
    secure: RunningQueueManager,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Program]:
    """One whose handle is one thread's, and one whose handle is shared, over TCP."""
    shared = Program(PYMQI, queue_manager, opts=PYMQI.constants.MQCNO_HANDLE_SHARE_BLOCK)
    if request.param == "TCP":
        return [Program(PYMQI, queue_manager), shared]
    return [connect(PYMQI, secure, tls_options(PYMQI, keys, monkeypatch)), shared]


@pytest.fixture
def both(programs: list[Program]) -> Both:
    """Does the same over a connection of either kind."""

    def each(doing: Callable[[Program, Any], Any]) -> list[Any]:
        return [doing(program, program.open()) for program in programs]

    return each


def handles(program: Program, queue: Any) -> tuple[int, int]:
    return program.connection.get_handle(), queue.get_handle()


def anonymous(md: bytes) -> bytes:
    for part in ITS_OWN:
        md = md[: part.start] + bytes(part.stop - part.start) + md[part.stop :]
    return md


@pytest.mark.parametrize("md_version", [1, 2])
@pytest.mark.parametrize("format_", [b"MQSTR", b"MQSTR   ", b"", b"ORDER"])
@pytest.mark.parametrize("length", [0, 1_000, 32_203, 32_204, 32_205, 40_000])
def test_a_put_gives_back_the_same_structures(
    both: Both, md_version: int, format_: bytes, length: int
) -> None:
    def put(program: Program, queue: Any) -> tuple[Any, ...]:
        md, pmo = program.mq.MD(Version=md_version, Format=format_), program.mq.PMO(Options=0x2)
        told = program.mq.pymqe.MQPUT(*handles(program, queue), md.pack(), pmo.pack(), bytes(length))
        program.connection.backout()
        return anonymous(told[0]), told[1], told[-2:]

    in_c, in_python = both(put)
    assert in_c == in_python
    assert in_c[-1] == (0, 0)


@pytest.mark.parametrize("gmo_version", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("length", "room"), [(0, 0), (0, 10), (1_000, 1_000), (1_000, 999), (40_000, 65_536)]
)
@pytest.mark.parametrize("options", [0x2, 0x2 | 0x40, 0x2 | 0x1, 0x4], ids=["", "cut", "waiting", "no unit"])
def test_a_get_gives_back_the_same_message_and_structures(
    both: Both, gmo_version: int, length: int, room: int, options: int
) -> None:
    def get(program: Program, queue: Any) -> tuple[Any, ...]:
        md = program.put(queue, b"x" * length)
        wanted, gmo = program.mq.MD(), program.mq.GMO(Version=gmo_version, Options=options, MatchOptions=1)
        wanted.MsgId, gmo.WaitInterval = md.MsgId, 2_000
        told = program.mq.pymqe.MQGET(*handles(program, queue), wanted.pack(), gmo.pack(), room)
        program.connection.commit()
        while True:
            try:
                program.get(queue)
            except PYMQI.mq.MQMIError:
                break
        return told[0], anonymous(told[1]), told[2][:80], told[3:]

    in_c, in_python = both(get)
    assert in_c == in_python
    assert len(in_c[0]) == min(length, room)


def lengths() -> list[int]:
    """Of data that just fills so many frames, put and got with either MQMD, or a byte more or less."""
    frame = InitialData().max_transmission - 28
    before = [16 + md + options + 4 for md in (324, 364) for options in (112, 128)]
    filled = [frames * frame - each for frames in (1, 2, 16, 17, 18, 33) for each in before]
    return sorted({each + more for each in filled for more in (-1, 0, 1)} | {10 * 1024 * 1024})


@pytest.mark.parametrize("puts", [0, 1], ids=["put in C", "put in Python"])
@pytest.mark.parametrize("gets", [0, 1], ids=["got in C", "got in Python"])
def test_data_of_any_length_is_got_as_it_was_put(
    queue_manager: RunningQueueManager, puts: int, gets: int
) -> None:
    shared = PYMQI.constants.MQCNO_HANDLE_SHARE_BLOCK
    programs = [Program(PYMQI, queue_manager), Program(PYMQI, queue_manager, opts=shared)]
    put_and_get(programs[puts], programs[gets])


def test_so_is_it_over_tls(
    secure: RunningQueueManager, keys: KeyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = connect(PYMQI, secure, tls_options(PYMQI, keys, monkeypatch))
    put_and_get(program, program)


def put_and_get(putting: Program, getting: Program) -> None:
    to, source = putting.open(), getting.open()
    anything = random.Random(1).randbytes(10 * 1024 * 1024 + 1)
    for length in lengths():
        data = anything[-length:]
        md, pmo = putting.mq.MD(Version=1 + length % 2), putting.mq.PMO(Options=0x4)
        putting.mq.pymqe.MQPUT(*handles(putting, to), md.pack(), pmo.pack(), data)
        md, gmo = getting.mq.MD(Version=1 + length % 2), getting.mq.GMO(Version=4, Options=0x4)
        got = getting.mq.pymqe.MQGET(*handles(getting, source), md.pack(), gmo.pack(), length)
        assert got[0] == data
        assert got[3:] == (length, 0, 0)


def test_another_thread_may_not_use_it(queue_manager: RunningQueueManager) -> None:
    program = Program(PYMQI, queue_manager, opts=PYMQI.constants.MQCNO_HANDLE_SHARE_NONE)
    queue = program.open()
    refusals = []

    def use() -> None:
        try:
            program.put(queue, b"body")
        except PYMQI.mq.MQMIError as e:
            refusals.append(e.reason)

    thread = Thread(target=use)
    thread.start()
    thread.join()
    program.put(queue, b"mine")
    assert program.get(queue)[0] == b"mine"
    assert refusals == [2018]


@pytest.mark.parametrize("call", ["MQPUT", "MQGET"])
@pytest.mark.parametrize("deed", ["drop", "drop-after", "half", "silence", "wrong"])
def test_over_tls_a_call_that_breaks_off_is_said_and_ends_the_connection(
    start_queue_manager: StartQueueManager,
    certificates: Certificates,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    deed: str,
) -> None:
    tls = TLS(certificates.server_certificate, certificates.server_key, certificates.ca)
    secure = start_queue_manager(tls=tls, heartbeat=1)
    options = tls_options(PYMQI, keys, monkeypatch)
    program = connect(PYMQI, secure, options, HeartbeatInterval=1)
    queue = program.open()
    program.put(queue, b"first")
    secure.fault(deed, call=call)
    with refused(PYMQI, 2009):
        program.put(queue, b"second") if call == "MQPUT" else program.get(queue)
    with refused(PYMQI, 2009):
        program.connection.commit()
