"""The queue manager: its channels, users and queues, and who connects."""

from __future__ import annotations

import hmac
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from mock_mq.constants import Reason
from mock_mq.core.attributes import of_queue_manager
from mock_mq.core.connection import Connection
from mock_mq.core.context import Putter
from mock_mq.core.definition import Channel, Definition
from mock_mq.core.queue import Queue
from mock_mq.errors import MQError

_UNIX = 6  # MQAT_UNIX


class QueueManager:
    """A running queue manager. `clock` gives seconds since the epoch; one thread uses it at a time."""

    def __init__(self, definition: Definition, clock: Callable[[], float]) -> None:
        self.definition = definition
        self.clock = clock
        started = datetime.fromtimestamp(clock(), UTC)
        self._identifier = f"{definition.name}_{started:%Y-%m-%d_%H.%M.%S}"
        self._queues = {each.name: Queue(each, clock) for each in definition.queues}
        self._channels = {each.name: each for each in definition.channels}
        # As MQ's own: 'AMQ ', the queue manager's name cut to 12, then 8 bytes that never come again.
        self._id_start = b"AMQ " + definition.name.encode("latin-1", "replace")[:12].ljust(12)
        self._id_counter = itertools.count(int(clock() * 1_000_000) & 0xFFFF_FFFF_FFFF)
        self._connection_keys = itertools.count(1)
        self.attributes = of_queue_manager(definition, self._identifier, clock())

    @property
    def name(self) -> str:
        """The queue manager's name."""
        return self.definition.name

    def channel(self, name: str) -> Channel:
        """The channel that a client may connect over; raises 2540 (unknown) and 2539 (of another type)."""
        channel = self._channels.get(name)
        if channel is None:
            raise MQError(Reason.UNKNOWN_CHANNEL_NAME, name)
        if not channel.server_connection:
            raise MQError(Reason.CHANNEL_CONFIG_ERROR, f"{name} is not a server-connection channel")
        return channel

    def connect(
        self,
        channel: str,
        queue_manager: str,
        *,
        user: str,
        password: str,
        application: str,
        application_type: int = _UNIX,
    ) -> Connection:
        """MQCONN over `channel`; an empty `queue_manager`, or one that starts with `*`, is any.

        Raises 2540 and 2539 (channel), 2058 (name) and 2035 (user or password).
        """
        self.channel(channel)
        if queue_manager and not queue_manager.startswith("*") and queue_manager != self.name:
            raise MQError(Reason.Q_MGR_NAME_ERROR, queue_manager)
        if self.definition.users:
            expected = self.definition.users.get(user)
            if expected is None or not hmac.compare_digest(expected.encode(), password.encode()):
                raise MQError(Reason.NOT_AUTHORIZED, f"user {user!r}: unknown, or a wrong password")
        return Connection(self, next(self._connection_keys), Putter(user, application, application_type))

    def queue(self, name: str) -> Queue:
        """The queue of that name, made by rule if need be; raises 2085."""
        queue = self._queues.get(name)
        if queue is not None:
            return queue
        if re.fullmatch(r"[A-Za-z0-9./_%]{1,48}", name):
            for rule in self.definition.rules:
                if fnmatchcase(name, rule.name):
                    return self._queues.setdefault(name, Queue(rule.named(name), self.clock))
        raise MQError(Reason.UNKNOWN_OBJECT_NAME, name)

    def alter_queue(self, name: str, **attributes: Any) -> None:
        """ALTER QLOCAL: gives a queue other attributes, fields of `QueueDefinition`; raises 2085."""
        queue = self.queue(name)
        queue.alter(replace(queue.definition, **attributes))

    def new_id(self) -> bytes:
        """24 bytes that no other message of this queue manager has had as its MsgId."""
        return self._id_start + next(self._id_counter).to_bytes(8, "big")
