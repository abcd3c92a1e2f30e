"""A server that answers garbage: the client says that the connection broke, and quickly."""

from __future__ import annotations

import logging
import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from bridge.binding import Binding, load_binding
from mock_mq.client.connection import Connection, Target
from mock_mq.errors import MQError
from mock_mq.wire.calls import Got
from mock_mq.wire.fields import ByteOrder
from mock_mq.wire.segment import REPLY, Control, Segment, SegmentReader, SegmentType
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)
from tests.mock_mq.client.program import Program, refused
from tests.mock_mq.client.spoiling import Spoil, SpoilingServer

Serve = Callable[..., SpoilingServer]
CONVERSATIONS = 1000
PROGRAMS = 100
CHANNEL = "DEV.APP.SVRCONN"


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same, but for some bytes, or cut off, or with something in between."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4)])
            case 2:
                del changed[at : at + chance.randint(1, 40)]
            case _:
                changed[at:at] = chance.randbytes(chance.randint(1, 40))
        if not changed:
            return b"?"
    return bytes(changed)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that spoil their replies."""
    with ExitStack() as running:

        def start(spoil: Spoil, *, heartbeat: int = 300) -> SpoilingServer:
            started = SpoilingServer(spoil, heartbeat=heartbeat)
            running.callback(started.close)
            return started

        yield start


def converse(port: int) -> None:
    connection = Connection.connect(Target((("127.0.0.1", port),), CHANNEL, "QM1"))
    try:
        handle, _ = connection.open(ObjectDescriptor(object_name="DEV.QUEUE.1"), 0x2 | 0x10 | 0x20)
        connection.put(handle, MessageDescriptor(), PutMessageOptions(options=0x2), b"body" * 100)
        connection.commit()
        connection.inquire(handle, [3, 2016], 1, 48)
        connection.get(handle, MessageDescriptor(), GetMessageOptions(options=0x2), 4096)
        connection.commit()
        connection.disconnect()
    finally:
        connection.abandon()


def test_whatever_a_server_answers_the_client_says_only_mqs_reasons(serve: Serve) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)

    def spoil(number: int, frame: bytes) -> bytes:
        return frame if number < server.last else mutated(frame, chance)

    server = serve(spoil)
    started = time.monotonic()
    refused = 0
    for number in range(CONVERSATIONS):
        chance, server.last = random.Random(f"{seed} {number}"), number % 10 + 1
        try:
            converse(server.port)
        except MQError:
            refused += 1
        except Exception as e:
            raise AssertionError(f"seed {seed}, conversation {number}") from e
    assert refused > CONVERSATIONS // 2
    assert time.monotonic() - started < 60, "it waits for what does not come"


def test_whatever_a_server_answers_a_program_sees_only_mqs_reasons(binding: Binding, serve: Serve) -> None:
    """As the test before it, through the library that programs load: MQGET and MQPUT are C there."""
    seed = random.randrange(2**32)
    refusals = 0
    for number in range(PROGRAMS):
        chance = random.Random(f"{seed} {number}")
        first = chance.randint(4, 9)  # the connection is made by then, and the queue is open

        def spoil(at: int, frame: bytes, chance: random.Random = chance, first: int = first) -> bytes:
            return frame if at < first else mutated(frame, chance)

        server = serve(spoil)
        server.last = first  # or the two may wait for each other
        program = program_at(binding, server.port)
        try:
            queue = program.open()
            for _ in range(10):
                program.put(queue, chance.randbytes(chance.choice([0, 10, 5_000])))
                program.get(queue, length=chance.choice([4, 65_536]))
        except binding.mq.MQMIError:
            refusals += 1
        except Exception as e:
            raise AssertionError(f"seed {seed}, program {number}") from e
        server.close()
    assert refusals == PROGRAMS


def test_a_flood_of_parts_that_never_end_costs_no_more_than_the_longest_message(serve: Serve) -> None:
    part = Segment(SegmentType.MQOPEN + REPLY, bytes(32_720), ByteOrder.LITTLE, control=0).pack()

    def spoil(number: int, frame: bytes) -> bytes:
        if number < 3:
            return frame
        first = bytearray(part)
        first[10] = Control.FIRST
        return bytes(first) + part * 4000

    server = serve(spoil)
    before = memory()
    with pytest.raises(MQError, match=r"2009.*a body of more than"):
        converse(server.port)
    assert memory() - before < 400_000_000


def memory() -> int:
    """The most memory this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def got(**changes: Any) -> Spoil:
    """Changes the reply to MQGET."""

    def spoil(_number: int, frame: bytes) -> bytes:
        segment = SegmentReader().feed(frame)[0]
        if segment.type != SegmentType.MQGET + REPLY:
            return frame
        reply = Got.unpack(segment.body, segment.order)
        return replace(segment, body=replace(reply, **changes).pack(segment.order)).pack()

    return spoil


@pytest.mark.parametrize(
    "changes",
    [
        {"descriptor": MessageDescriptor(version=2)},
        {"options": GetMessageOptions(version=4)},
        {"length": 4096},
        {"length": 2**31 - 1},
        {"length": -1},
    ],
    ids=["longer MQMD", "longer MQGMO", "shorter data than told", "absurd length", "negative length"],
)
def test_a_reply_that_does_not_fit_the_programs_memory_never_gets_there(
    binding: Binding, serve: Serve, changes: dict[str, Any]
) -> None:
    program = program_at(binding, serve(got(**changes)).port)
    queue = program.open()
    program.put(queue, b"body")
    md, gmo = program.mq.MD(Version=1), program.mq.GMO(Version=1)
    with refused(binding, 2009):
        queue.get(4096, md, gmo)
    with refused(binding, 2009):
        program.connection.commit()


def test_what_the_memory_held_before_does_not_pass_for_a_messages_beginning(
    binding: Binding, serve: Serve
) -> None:
    program = program_at(binding, serve(got(data=b"")).port)
    queue = program.open()
    program.put(queue, b"0123456789")
    with refused(binding, 2080) as error:
        program.get(queue, length=4)
    assert error.value.message == bytes(4)


def part(at: int, what: Callable[[bytes], bytes]) -> Spoil:
    """Changes the part `at` of the reply to MQGET, the first being 1."""
    seen = 0

    def spoil(_number: int, frame: bytes) -> bytes:
        nonlocal seen
        if frame[9] != SegmentType.MQGET + REPLY:
            return frame
        seen += 1
        return what(frame) if seen == at else frame

    return spoil


def patched(at: int, *values: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:at] + bytes(values) + frame[at + len(values) :]


@pytest.mark.parametrize(
    "what",
    [
        patched(0, *b"HTTP"),
        patched(9, SegmentType.MQPUT + REPLY),
        patched(10, Control.FIRST),
        patched(10, Control.LAST),
        patched(10, Control.WHOLE),
        patched(4, 0, 0, 0, 27),
        patched(4, 0, 0, 0, 28),
        patched(4, 0, 0, 0, 100),
        patched(4, 0, 0, 255, 255),
        patched(4, 255, 255, 255, 255),
        lambda frame: frame[:-1],
        lambda frame: frame + b"\0",
        lambda frame: frame * 2,
        lambda _frame: b"",
    ],
    ids=[
        *("name", "type", "first", "last", "whole", "27 bytes", "28 bytes", "100 bytes", "65,535 bytes"),
        *("-1 bytes", "shorter", "longer", "twice", "none"),
    ],
)
@pytest.mark.parametrize("at", [2, 3])
def test_a_part_that_is_not_the_next_one_breaks_the_connection(
    serve: Serve, at: int, what: Callable[[bytes], bytes]
) -> None:
    binding = load_binding("pymqi")  # whose handles are one thread's: in C
    program = program_at(binding, serve(part(at, what), heartbeat=1).port, HeartbeatInterval=1)
    queue = program.open()
    program.put(queue, b"0123456789" * 10_000)
    with refused(binding, 2009):
        program.get(queue, length=100_000)
    with refused(binding, 2009):
        program.connection.commit()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_garbage_is_a_broken_connection_and_no_traceback(
    binding: Binding, serve: Serve, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(lambda at, frame: b"HTTP/1.1 400 Bad Request\r\n\r\n" if at == number else frame)
    with refused(binding, 2009):
        program_at(binding, server.port).open()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_server_that_says_nothing_more_is_given_up_within_heartbeats(
    binding: Binding, serve: Serve
) -> None:
    server = serve(lambda number, frame: frame if number < 4 else b"", heartbeat=1)
    program = program_at(binding, server.port, HeartbeatInterval=1)
    queue = program.open()
    started = time.monotonic()
    with refused(binding, 2009):
        program.get(queue, program.constants.MQGMO_WAIT, WaitInterval=-1)
    assert 2 <= time.monotonic() - started < 10
    with refused(binding, 2009):
        program.connection.commit()


def program_at(binding: Binding, port: int, **fields: Any) -> Program:
    definition = binding.mq.CD()
    definition.Version = 11
    definition.ChannelName = CHANNEL.encode()
    definition.ConnectionName = f"127.0.0.1({port})".encode()
    for name, value in fields.items():
        setattr(definition, name, value)
    return Program(binding, None, name="QM1", cd=definition)
