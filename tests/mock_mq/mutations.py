"""Frames as clients send them, spoiled in every way that comes to mind, against a queue manager in memory.

`python -m tests.mock_mq.mutations` runs a million of them, in slices whose seeds say all. A slice ends with
`Disturbed` where anything but the spoiled connection notices, and with whatever else is raised on the way.
"""

from __future__ import annotations

import argparse
import logging
import random
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from mock_mq.constants import PutOption
from mock_mq.core import Definition, QueueDefinition, QueueManager
from mock_mq.core.definition import COMMAND_QUEUE
from mock_mq.pcf.numbers import Command
from mock_mq.pcf.server import CommandServer
from mock_mq.pcf.structures import Header, Message, Parameter
from mock_mq.session import Session
from mock_mq.wire.calls import ApiHeader, Inquire, Open, Plain, Put, Put1, Set, Stat
from mock_mq.wire.consuming import CONNECTION_STATE, Notification, RequestMessages, Selection
from mock_mq.wire.fields import ByteOrder
from mock_mq.wire.segment import Control, SegmentType
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor, PutMessageOptions, StatusReport
from tests.mock_mq.caller import Caller, SharingCaller, in_memory
from tests.mock_mq.wire.captured import RAW

SLICE = 10_000
NEIGHBOUR = "NEIGHBOUR.ALONE"
_PER_SESSION = 12
_HEAD = 28
_ANY = 0.1  # how often any frame is sent, and not one that would be right
_LONGEST_STEP = 5.0  # seconds that one frame may take
_MOST_MEMORY = 16 * 1024 * 1024
_NUMBERS = (0, 1, 2, 3, 4, 12, 28, 36, 127, 255, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


class Disturbed(AssertionError):
    """Somebody else noticed, or too much was kept or took too long."""


@dataclass(frozen=True)
class Start:
    """How far a connection has come before it sends what is spoiled, and what would be right to send then."""

    frames: tuple[bytes, ...]
    then: tuple[bytes, ...]


class Recording:
    """An exchange that keeps what was sent."""

    def __init__(self, session: Session) -> None:
        self._exchange = in_memory(session)
        self.sent: list[bytes] = []

    def __call__(self, data: bytes) -> list[bytes]:
        self.sent.append(data)
        return [bytes(each) for each in self._exchange(data)]


def queue_manager() -> QueueManager:
    queues = (QueueDefinition("DEV.QUEUE.1", max_depth=200), QueueDefinition(NEIGHBOUR))
    made = QueueManager(Definition(queues=queues), monotonic)
    made.serve(COMMAND_QUEUE, CommandServer(made).serve)
    return made


def session(core: QueueManager) -> Session:
    return Session(core, clock=monotonic, wake=lambda: None)


def conversations() -> tuple[list[Start], list[bytes]]:
    """How connections begin and go on, in both byte orders, shared and not; and all frames, IBM's own too."""
    starts = [Start((), tuple(each for name, each in RAW.items() if name.startswith("initial")))]
    frames = list(RAW.values())
    for kind in (Caller, SharingCaller):
        for order in ByteOrder:
            recording = Recording(session(queue_manager()))
            caller = kind(recording, order)
            caller.agree(conversations=int(kind is SharingCaller))
            agreed = len(recording.sent)
            caller.connect()
            handle = caller.open().header.handle
            connected = len(recording.sent)
            _make_calls(caller, handle)
            sent = tuple(recording.sent)
            starts.append(Start(sent[:agreed], sent[agreed:connected]))
            starts += [Start(sent[:connected], sent[connected:])] * 3
            frames += sent
    return starts, frames


def _make_calls(caller: Caller, handle: int) -> None:
    """One of each kind."""
    header = ApiHeader(handle=handle)
    for body in (b"text", bytes(40_000)):
        caller.put(handle, body)
    caller.get(handle)
    caller.inquire(handle, 3, 15, 2016)
    one = Put1(
        ObjectDescriptor(object_name="DEV.QUEUE.1"), MessageDescriptor(), PutMessageOptions(), 2, b"ab"
    )
    caller.send(SegmentType.MQPUT1, one)
    caller.send(SegmentType.MQSET, Set((9,), (0,), header=header))
    caller.send(SegmentType.MQSTAT, Stat(0, StatusReport()))
    caller.send(SegmentType.MQINQ, Inquire((2015, 31), 1, 48, header=header))
    command = Message(Header(command=Command.INQUIRE_QUEUE), (Parameter(2016, "DEV.*"),)).pack(1208, 546)
    admin = caller.open("SYSTEM.ADMIN.COMMAND.QUEUE", 0x10).header.handle
    put = Put(
        MessageDescriptor(
            format="MQADMIN", encoding=546, ccsid=1208, message_type=1, reply_to_queue="DEV.QUEUE.1"
        ),
        PutMessageOptions(),
        len(command),
        command,
        header=ApiHeader(handle=admin),
    )
    caller.send(SegmentType.MQPUT, put)
    model = ObjectDescriptor(object_name="SYSTEM.DEFAULT.MODEL.QUEUE", dynamic_queue_name="MADE.*")
    caller.send(SegmentType.MQOPEN, Open(model, 0x10))
    if isinstance(caller, SharingCaller):
        for flags in (0x10, 0x11):
            selection = Selection(1, MessageDescriptor(), 0)
            asked = RequestMessages(handle, 0x1, 100, flags=flags, selection=selection)
            caller.send(SegmentType.REQUEST_MSGS, asked, Control.WHOLE | Control.CONFIRM)
            caller.send(SegmentType.NOTIFICATION, Notification(handle=handle, code=CONNECTION_STATE))
    caller.send(SegmentType.HEARTBEAT)
    for kind in (SegmentType.MQCMIT, SegmentType.MQBACK):
        caller.send(kind, Plain())
    caller.close(handle)


def spoiled(frame: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """A frame with something wrong in it."""
    data = bytearray(frame)
    for _ in range(chance.choice((1, 1, 2, 4))):
        # A segment whose head is wrong goes no further: most are wrong behind it.
        head = _HEAD if chance.random() < 0.8 and len(data) > _HEAD else 0
        at = chance.randrange(head, len(data)) if data else 0
        kind = chance.randrange(8)
        if kind == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[at] = chance.randrange(256)
        elif kind in (2, 3):
            number = chance.choice((*_NUMBERS, len(data), len(data) - 1, len(data) + 1))
            data[at : at + 4] = (number & 0xFFFFFFFF).to_bytes(4, chance.choice(("big", "little")))
        elif kind == 4:
            del data[at:]
        elif kind == 5:
            del data[at : at + chance.randrange(1, 40)]
        elif kind == 6:
            data[at:at] = chance.randbytes(chance.randrange(1, 40))
        else:
            other = chance.choice(others)
            data[at:] = other[chance.randrange(len(other)) :]
    if len(data) >= 8 and chance.random() < 0.9:
        # Most are to get past the reader of segments, with their length as it should be.
        data[4:8] = len(data).to_bytes(4, "big")
    return bytes(data)


def run_slice(seed: int, frames: int = SLICE) -> int:
    """Spoils so many frames; gives how many connections they took. Raises `Disturbed`."""
    chance = random.Random(seed)
    starts, originals = conversations()
    core = queue_manager()
    neighbour = Caller(in_memory(session(core))).start()
    queue = neighbour.open(NEIGHBOUR).header.handle
    left, connections = frames, 0
    while left:
        connections += 1
        left = _spoil_one(core, chance.choice(starts), originals, chance, left)
        if connections % 20 == 0:
            _check(neighbour, queue, chance)
    _check(neighbour, queue, chance)
    return connections


def _spoil_one(
    core: QueueManager, start: Start, originals: list[bytes], chance: random.Random, left: int
) -> int:
    connected = session(core)
    for frame in start.frames:
        _feed(connected, frame)
    for _ in range(min(left, _PER_SESSION)):
        left -= 1
        frames = originals if chance.random() < _ANY else start.then
        _feed(connected, spoiled(chance.choice(frames), originals, chance))
        if connected.closed:
            break
    connected.lose()
    return left


def _feed(connected: Session, frame: bytes) -> None:
    with _within(_LONGEST_STEP):
        connected.receive(frame)
        if not connected.closed:
            connected.tick()
        sent = sum(len(each) for each in connected.output())
    if sent > _MOST_MEMORY:
        raise Disturbed(f"a frame of {len(frame)} bytes was answered with {sent}")


def _check(neighbour: Caller, queue: int, chance: random.Random) -> None:
    body = chance.randbytes(500)
    neighbour.put(queue, body, PutOption.NO_SYNCPOINT)
    got = neighbour.get(queue)
    if bytes(got.data) != body or neighbour.commit().header.reason:
        raise Disturbed("another connection did not get what it put")


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def late(*_signal: object) -> None:
        raise Disturbed(f"a frame took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def growth(seed: int, frames: int = SLICE) -> int:
    """How many bytes more are in use after a slice than before it."""
    conversations()
    tracemalloc.start()
    try:
        run_slice(seed, frames)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if peak > _MOST_MEMORY:
        raise Disturbed(f"{peak} bytes in use at the most")
    return kept


def main() -> None:
    """A million, or as many as asked for."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--first-seed", type=int, default=0)
    asked = parser.parse_args()
    slices = (asked.frames + SLICE - 1) // SLICE
    logging.getLogger("mock_mq").setLevel(logging.CRITICAL)
    progress = sys.stderr.write
    began, connections = monotonic(), 0
    for number in range(slices):
        connections += run_slice(asked.first_seed + number)
        progress(f"\r{(number + 1) * SLICE:>9,} frames, {connections:,} connections")
    progress(f", {monotonic() - began:.0f} s: no crash, no hang, nobody else disturbed\n")


if __name__ == "__main__":
    main()
