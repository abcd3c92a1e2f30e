"""What a queue manager is made of when it starts. The defaults are those of IBM's developer image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase

MAX_MESSAGE_LENGTH = 104_857_600
"""100 MiB: the most that MQ carries."""


class Right(Enum):
    """What a user may be denied on a queue."""

    GET = "get"
    PUT = "put"
    BROWSE = "browse"
    INQUIRE = "inquire"


@dataclass(frozen=True, slots=True)
class QueueDefinition:
    """A local queue's attributes; `max_message_length` in bytes, `max_depth` in messages.

    `backout_threshold` and `backout_queue` are only told to those who inquire: acting on them is the
    program's business, as with MQ.
    """

    name: str
    description: str = ""
    max_depth: int = 5000
    max_message_length: int = MAX_MESSAGE_LENGTH
    get_inhibited: bool = False
    put_inhibited: bool = False
    default_persistence: int = 0
    default_priority: int = 0
    shareable: bool = True
    backout_threshold: int = 0
    backout_queue: str = ""

    def named(self, name: str) -> QueueDefinition:
        """The same attributes for a queue of that name."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel; `max_message_length` in bytes. Clients connect over server-connection channels only.

    `sharing_conversations` is SHARECNV: 0, or 1, which JMS 2.0 needs.
    """

    name: str
    max_message_length: int = MAX_MESSAGE_LENGTH
    sharing_conversations: int = 1
    server_connection: bool = True


def _developer_queues() -> tuple[QueueDefinition, ...]:
    names = ("DEV.QUEUE.1", "DEV.QUEUE.2", "DEV.QUEUE.3", "DEV.DEAD.LETTER.QUEUE")
    return tuple(QueueDefinition(name) for name in names)


@dataclass(frozen=True, slots=True)
class Definition:
    """A queue manager.

    `rules` are queues made when first opened: definitions whose names are patterns (`TEST.*`). Without
    `users` anybody may connect; with them, only those named, by password. `denied` takes a right from a user
    on the queues whose names match a pattern. `max_uncommitted` is MAXUMSGS: the most messages of a unit of
    work; `max_handles` is MAXHANDS: the most that one connection has open.
    """

    name: str = "QM1"
    channels: tuple[Channel, ...] = (Channel("DEV.APP.SVRCONN"),)
    queues: tuple[QueueDefinition, ...] = field(default_factory=_developer_queues)
    rules: tuple[QueueDefinition, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    denied: tuple[tuple[str, str, Right], ...] = ()
    dead_letter_queue: str = "DEV.DEAD.LETTER.QUEUE"
    max_message_length: int = MAX_MESSAGE_LENGTH
    max_uncommitted: int = 10_000
    max_handles: int = 256
    ccsid: int = 1208

    def denies(self, user: str, queue: str, right: Right) -> bool:
        """Whether `user` lacks `right` on `queue`."""
        return any(
            user == who and right is what and fnmatchcase(queue, pattern)
            for who, pattern, what in self.denied
        )
