"""A server that answers garbage: the client says that the connection broke, and quickly."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from mock_mq.client.connection import Connection, Target
from mock_mq.core import Definition, QueueManager
from mock_mq.errors import MQError
from mock_mq.session import Session
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

CONVERSATIONS = 400
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


class Hostile:
    """Speaks as mock-mq does until the reply it was told to spoil; then it hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.chance = random.Random()
        self.spoil = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                with accepted, contextlib.suppress(OSError):
                    self._converse(accepted)

    def _converse(self, accepted: socket.socket) -> None:
        queue_manager = QueueManager(Definition(), time.time)
        session = Session(queue_manager, clock=time.monotonic, wake=lambda: None)
        replies = 0
        while data := accepted.recv(65_536):
            session.receive(data)
            for frame in session.output():
                replies += 1
                if replies == self.spoil:
                    accepted.sendall(mutated(bytes(frame), self.chance))
                    return
                accepted.sendall(frame)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    made = Hostile()
    yield made
    made.close()


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


def test_whatever_a_server_answers_the_client_says_only_mqs_reasons(hostile: Hostile) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    started = time.monotonic()
    refused = 0
    for number in range(CONVERSATIONS):
        hostile.chance, hostile.spoil = random.Random(f"{seed} {number}"), chance.randint(1, 10)
        try:
            converse(hostile.port)
        except MQError:
            refused += 1
        except Exception as e:
            raise AssertionError(f"seed {seed}, conversation {number}") from e
    assert refused > CONVERSATIONS // 2
    assert time.monotonic() - started < 60, "it waits for what does not come"
