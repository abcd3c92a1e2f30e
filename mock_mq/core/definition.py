"""What a queue manager is made of when it starts. The defaults are those of IBM's developer image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from mock_mq.constants import DefinitionType, QueueType
from mock_mq.core.access import Authority, ChannelRule, Right

MAX_MESSAGE_LENGTH = 104_857_600
"""100 MiB: the most that MQ carries."""
COMMAND_QUEUE = "SYSTEM.ADMIN.COMMAND.QUEUE"
"""Where programs put PCF commands."""


@dataclass(frozen=True, slots=True)
class QueueDefinition:
    """A queue's attributes; `max_message_length` in bytes, `max_depth` in messages.

    An alias has a `target`, and of the others its own inhibitions and defaults only; a model gives all of its
    attributes to the queues made from it, whose `definition_type` is the model's. `backout_threshold` and
    `backout_queue` are only told to those who inquire: acting on them is the program's business, as with MQ.
    """

    name: str
    type: QueueType = QueueType.LOCAL
    description: str = ""
    max_depth: int = 5000
    max_message_length: int = MAX_MESSAGE_LENGTH
    get_inhibited: bool = False
    put_inhibited: bool = False
    default_persistence: int = 0
    default_priority: int = 0
    default_put_response: int = 1
    default_read_ahead: int = 0
    shareable: bool = True
    default_input_exclusive: bool = False
    priority_sequence: bool = True
    backout_threshold: int = 0
    backout_queue: str = ""
    harden_backout: bool = True
    property_control: int = 0
    trigger_control: bool = False
    target: str = ""
    definition_type: DefinitionType = DefinitionType.PREDEFINED

    @property
    def temporary(self) -> bool:
        """Whether it goes with the connection that made it."""
        return self.type is QueueType.LOCAL and self.definition_type is DefinitionType.TEMPORARY_DYNAMIC

    def named(self, name: str) -> QueueDefinition:
        """The same attributes for a queue of that name."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel; `max_message_length` in bytes. Clients connect over server-connection channels only.

    `sharing_conversations` is SHARECNV: 0, or 1, which JMS 2.0 needs. `cipher_spec` is SSLCIPH: with one,
    clients without TLS or with another cipher are refused; `peer_name` is SSLPEER, `user` is MCAUSER (whoever
    connects is that user), `max_instances` is MAXINST; one that is `stopped` refuses everybody.
    """

    name: str
    max_message_length: int = MAX_MESSAGE_LENGTH
    server_connection: bool = True
    sharing_conversations: int = 1
    cipher_spec: str = ""
    peer_name: str = ""
    user: str = ""
    max_instances: int = 999_999_999
    stopped: bool = False


def _developer_queues() -> tuple[QueueDefinition, ...]:
    names = ("DEV.QUEUE.1", "DEV.QUEUE.2", "DEV.QUEUE.3", "DEV.DEAD.LETTER.QUEUE")
    return tuple(QueueDefinition(name) for name in names)


def system_queues() -> tuple[QueueDefinition, ...]:
    """The queues that every queue manager has: for commands, and to make reply queues from."""
    models = {
        "SYSTEM.DEFAULT.MODEL.QUEUE": DefinitionType.TEMPORARY_DYNAMIC,
        "SYSTEM.MQEXPLORER.REPLY.MODEL": DefinitionType.TEMPORARY_DYNAMIC,
        "SYSTEM.COMMAND.REPLY.MODEL": DefinitionType.TEMPORARY_DYNAMIC,
        "SYSTEM.JMS.TEMPQ.MODEL": DefinitionType.TEMPORARY_DYNAMIC,
    }
    return (
        QueueDefinition(COMMAND_QUEUE),
        *(
            QueueDefinition(name, QueueType.MODEL, definition_type=kind, default_input_exclusive=True)
            for name, kind in models.items()
        ),
    )


@dataclass(frozen=True, slots=True)
class Definition:
    """A queue manager.

    `rules` are queues made when first opened: definitions whose names are patterns (`TEST.*`). Without
    `users` anybody may connect; with them, only those named, by password. Whoever `authorities` name has
    those rights and no others; `denied` takes a right from a user on the queues whose names match a pattern.
    `channel_rules` say who a client is, or that it is nobody (CHLAUTH). `max_uncommitted` is MAXUMSGS: the
    most messages of a unit of work; `max_handles` is MAXHANDS: the most that one connection has open;
    `max_connections` is the most there are at a time. `mark_interval` is MARKINT, in milliseconds.
    """

    name: str = "QM1"
    channels: tuple[Channel, ...] = (Channel("DEV.APP.SVRCONN"),)
    queues: tuple[QueueDefinition, ...] = field(default_factory=_developer_queues)
    rules: tuple[QueueDefinition, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    authorities: tuple[Authority, ...] = ()
    denied: tuple[tuple[str, str, Right], ...] = ()
    channel_rules: tuple[ChannelRule, ...] = ()
    dead_letter_queue: str = "DEV.DEAD.LETTER.QUEUE"
    max_message_length: int = MAX_MESSAGE_LENGTH
    max_uncommitted: int = 10_000
    max_handles: int = 256
    max_connections: int = 999_999_999
    mark_interval: int = 5000
    ccsid: int = 1208

    def denies(self, user: str, queue: str, right: Right) -> bool:
        """Whether `user` lacks `right` on `queue`; `queue` is empty for the queue manager itself."""
        mine = [each for each in self.authorities if each.user == user]
        if mine and not any(each.gives(queue, right) for each in mine):
            return True
        return any(
            user == who and right is what and fnmatchcase(queue, pattern)
            for who, pattern, what in self.denied
        )
