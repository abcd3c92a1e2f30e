"""A queue manager whose clock stands still until told to move, and short words for what its clients do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest

from mock_mq.constants import CompletionCode, GetOption, OpenOption, PutOption, Reason
from mock_mq.core import Connection, Definition, Got, QueueDefinition, QueueManager
from mock_mq.errors import MQError
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

QUEUE = "DEV.QUEUE.1"
EVERYTHING = OpenOption.INPUT_SHARED | OpenOption.BROWSE | OpenOption.OUTPUT | OpenOption.INQUIRE
ROOM = 1_000_000


@dataclass
class House:
    """`now` is 2023-11-14 22:13:20.5 GMT."""

    definition: Definition = field(default_factory=Definition)
    now: float = 1_700_000_000.5

    def __post_init__(self) -> None:
        self.queue_manager = QueueManager(self.definition, lambda: self.now)

    def connect(self, **given: Any) -> Connection:
        asked = {
            "channel": "DEV.APP.SVRCONN",
            "queue_manager": "QM1",
            "user": "app",
            "password": "",
            "application": "tests",
        }
        return self.queue_manager.connect(**(asked | given))

    def client(self, queue: str = QUEUE, options: int = EVERYTHING, **given: Any) -> Client:
        return Client(self.connect(**given), queue, options)


def of_queue(**attributes: Any) -> House:
    """A house with one queue of these attributes."""
    return House(Definition(queues=(QueueDefinition(QUEUE, **attributes),)))


class Client:
    """A connection with a queue open."""

    def __init__(self, connection: Connection, queue: str, options: int) -> None:
        self.connection = connection
        self.handle = connection.open(ObjectDescriptor(object_name=queue), options)

    def put(
        self, data: bytes, options: int = PutOption.NO_SYNCPOINT, context: int = 0, **descriptor: Any
    ) -> MessageDescriptor:
        pmo = PutMessageOptions(options=options, context=context)
        return self.connection.put(self.handle, MessageDescriptor(**descriptor), pmo, data)

    def get(
        self, options: int = GetOption.NO_SYNCPOINT, room: int = ROOM, match: int = 3, **descriptor: Any
    ) -> Got:
        gmo = GetMessageOptions(2, options, match_options=match)
        return self.connection.get(self.handle, MessageDescriptor(**descriptor), gmo, room)

    def bodies(
        self, options: int = GetOption.NO_SYNCPOINT, limit: int | None = None, **descriptor: Any
    ) -> list[bytes]:
        """The bodies of all, or so many, that can be got, in order."""
        return list(islice(self._all(options, descriptor), limit))

    def _all(self, options: int, descriptor: dict[str, Any]) -> Iterator[bytes]:
        while True:
            try:
                yield bytes(self.get(options, **descriptor).data)
            except MQError as e:
                if e.reason is not Reason.NO_MSG_AVAILABLE:
                    raise
                return

    def browse(self) -> list[bytes]:
        """The bodies of all that can be seen, in order."""
        return [*self.bodies(GetOption.BROWSE_FIRST, limit=1), *self.bodies(GetOption.BROWSE_NEXT)]

    def inquire(self, *selectors: int) -> tuple[int, ...]:
        return self.connection.inquire(self.handle, selectors, len(selectors), 0).integers


@contextmanager
def refused(reason: int) -> Iterator[None]:
    """What happens here is refused with that reason."""
    with pytest.raises(MQError) as caught:
        yield
    assert (caught.value.reason, caught.value.completion) == (reason, CompletionCode.FAILED)
