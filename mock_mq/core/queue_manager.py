"""The queue manager: its channels, users and queues, and who connects."""

from __future__ import annotations

import hmac
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from mock_mq.constants import DefinitionType, QueueType, Reason
from mock_mq.core import reports
from mock_mq.core.access import Caller, Right, fits, name_matches, user_by_rules
from mock_mq.core.attributes import of_queue_manager
from mock_mq.core.connection import Connection, Identity
from mock_mq.core.context import Putter
from mock_mq.core.definition import Channel, Definition, QueueDefinition, system_queues
from mock_mq.core.message import Message
from mock_mq.core.queue import Match, Queue
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer
from mock_mq.wire.structures import MessageDescriptor

_UNIX = 6  # MQAT_UNIX
_LONGEST_PREFIX = 33
_SERVICE = 0  # the key of who waits on a queue for the queue manager itself
Service = Callable[[MessageDescriptor, Buffer], None]


class QueueManager:
    """A running queue manager. `clock` gives seconds since the epoch; one thread uses it at a time.

    While it is `quiescing` nobody connects, and calls with an option to fail then do.
    """

    def __init__(self, definition: Definition, clock: Callable[[], float]) -> None:
        self.definition = definition
        self.clock = clock
        self.quiescing = False
        started = datetime.fromtimestamp(clock(), UTC)
        self._identifier = f"{definition.name}_{started:%Y-%m-%d_%H.%M.%S}"
        self._queues: dict[str, Queue] = {}
        self._others: dict[str, QueueDefinition] = {}
        for each in (*system_queues(), *definition.queues):
            self.define(each, replace=True)
        self._channels = {each.name: each for each in definition.channels}
        # As MQ's own: 'AMQ ', the queue manager's name cut to 12, then 8 bytes that never come again.
        self._id_start = b"AMQ " + definition.name.encode("latin-1", "replace")[:12].ljust(12)
        self._id_counter = itertools.count(int(clock() * 1_000_000) & 0xFFFF_FFFF_FFFF)
        self._connection_keys = itertools.count(1)
        self._connections: dict[int, Connection] = {}
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

    def admit(self, name: str, caller: Caller) -> Channel:
        """The channel that this client may start.

        Raises what `channel` does, 2537 (stopped, or too many instances), 2393 (not the TLS it wants) and
        2398 (not that peer).
        """
        channel = self.channel(name)
        if channel.stopped:
            raise MQError(Reason.CHANNEL_NOT_AVAILABLE, f"{name} is stopped")
        self._check_room(channel)
        if channel.cipher_spec and not fits(channel.cipher_spec, caller):
            spoken = f"{caller.protocol} {caller.cipher}".strip() or "plain text"
            raise MQError(Reason.SSL_INITIALIZATION_ERROR, f"{channel.cipher_spec} is wanted, not {spoken}")
        if channel.peer_name and not name_matches(channel.peer_name, caller.certificate_name):
            raise MQError(Reason.SSL_PEER_NAME_MISMATCH, caller.certificate_name or "no certificate")
        return channel

    def channels(self) -> list[Channel]:
        """All channels, by name."""
        return sorted(self._channels.values(), key=lambda each: each.name)

    def connect(
        self,
        channel: str,
        queue_manager: str,
        *,
        user: str,
        password: str,
        application: str,
        application_type: int = _UNIX,
        caller: Caller | None = None,
    ) -> Connection:
        """MQCONN over `channel`; an empty `queue_manager`, or one that starts with `*`, is any.

        `caller` is what the socket knows of the client. Raises 2540 and 2539 (channel), 2058 (name), 2161
        (quiescing), 2537 (too many) and 2035 (user, password or right, or kept out by a rule).
        """
        through = self.channel(channel)
        if self.quiescing:
            raise MQError(Reason.Q_MGR_QUIESCING)
        if queue_manager and not queue_manager.startswith("*") and queue_manager != self.name:
            raise MQError(Reason.Q_MGR_NAME_ERROR, queue_manager)
        self._check_room(through)
        if self.definition.users:
            expected = self.definition.users.get(user)
            if expected is None or not hmac.compare_digest(expected.encode(), password.encode()):
                raise MQError(Reason.NOT_AUTHORIZED, f"user {user!r}: unknown, or a wrong password")
        known = replace(caller or Caller(""), user=user)
        mapped = self._user(through, known)
        if self.definition.denies(mapped, "", Right.CONNECT):
            raise MQError(Reason.NOT_AUTHORIZED, f"user {mapped!r} may not connect")
        identity = Identity(
            next(self._connection_keys),
            channel,
            Putter(mapped, application, application_type),
            known.address,
            self.clock(),
        )
        connection = Connection(self, identity)
        self._connections[identity.key] = connection
        return connection

    def connections(self) -> list[Connection]:
        """Who is connected, in the order they came."""
        return list(self._connections.values())

    def disconnected(self, connection: Connection) -> None:
        """Forgets a connection that has ended."""
        self._connections.pop(connection.identity.key, None)

    def queue(self, name: str) -> Queue:
        """The local queue of that name, made by rule if need be; raises 2085, and 2057 for other kinds."""
        queue = self._queues.get(name)
        if queue is not None:
            return queue
        if name in self._others:
            raise MQError(Reason.Q_TYPE_ERROR, name)
        if re.fullmatch(r"[A-Za-z0-9./_%]{1,48}", name):
            for rule in self.definition.rules:
                if fnmatchcase(name, rule.name):
                    return self._add(rule.named(name))
        raise MQError(Reason.UNKNOWN_OBJECT_NAME, name)

    def definition_of(self, name: str) -> QueueDefinition:
        """What is defined by that name, of whatever kind; raises 2085."""
        other = self._others.get(name)
        return other if other is not None else self.queue(name).definition

    def queue_definitions(self) -> list[QueueDefinition]:
        """All queues, of all kinds, by name."""
        local = [each.definition for each in self._queues.values()]
        return sorted((*local, *self._others.values()), key=lambda each: each.name)

    def define(self, definition: QueueDefinition, *, replace: bool = False) -> None:
        """DEFINE: a queue of any kind. Raises 2100 where the name is taken, by another kind if `replace`."""
        name = definition.name
        existing = self._others.get(name) or (self._queues[name].definition if name in self._queues else None)
        if existing is not None and (not replace or existing.type is not definition.type):
            raise MQError(Reason.OBJECT_ALREADY_EXISTS, name)
        if definition.type is not QueueType.LOCAL:
            self._others[name] = definition
        elif existing is not None:
            self._queues[name].alter(definition)
        else:
            self._add(definition)

    def alter(self, name: str, **attributes: Any) -> None:
        """ALTER: gives a queue other attributes, fields of `QueueDefinition`; raises 2085."""
        changed = replace(self.definition_of(name), **attributes)
        if name in self._others:
            self._others[name] = changed
        else:
            self.queue(name).alter(changed)

    def delete(self, name: str, *, purge: bool = False) -> None:
        """DELETE: raises 2085, 2042 while it is open, and 2055 where it has messages unless they may go."""
        if name in self._others:
            del self._others[name]
            return
        queue = self.queue(name)
        if queue.open_input or queue.open_output:
            raise MQError(Reason.OBJECT_IN_USE, name)
        if not queue.empty and not purge:
            raise MQError(Reason.Q_NOT_EMPTY, name)
        queue.clear()
        self.drop(queue)

    def drop(self, queue: Queue) -> None:
        """A dynamic queue ends, with whatever is on it."""
        queue.delete()
        self._queues.pop(queue.definition.name, None)

    def clear(self, name: str) -> int:
        """CLEAR: raises 2085, 2042 while the queue is open, 2055 while units of work hold messages of it."""
        queue = self.queue(name)
        if queue.open_input or queue.open_output:
            raise MQError(Reason.OBJECT_IN_USE, name)
        return queue.clear()

    def put(self, name: str, descriptor: MessageDescriptor, data: Buffer) -> MessageDescriptor:
        """A message from the queue manager itself, or from whoever runs it; raises what MQPUT does."""
        queue = self.queue(name)
        queue.check_room(len(data))
        own = Putter("mqm", self.name, reports.QUEUE_MANAGER).context(self.clock())
        complete = reports.completed(descriptor, own, queue.definition, self)
        queue.put(complete, data, committed=True)
        return complete

    def make_dynamic(self, model: QueueDefinition, pattern: str) -> Queue:
        """A queue from a model; a pattern that ends in `*` is filled up. Raises 2011 and 2100."""
        prefix = pattern[:-1]
        name = pattern
        if pattern.endswith("*"):
            if len(prefix) > _LONGEST_PREFIX:
                raise MQError(Reason.DYNAMIC_Q_NAME_ERROR, pattern)
            name = f"{prefix}{next(self._id_counter):012X}".ljust(48)[:48].rstrip()
        if not re.fullmatch(r"[A-Za-z0-9./_%]{1,48}", name):
            raise MQError(Reason.DYNAMIC_Q_NAME_ERROR, pattern)
        if name in self._queues or name in self._others:
            raise MQError(Reason.OBJECT_ALREADY_EXISTS, name)
        kind = model.definition_type
        if kind is DefinitionType.PREDEFINED:
            kind = DefinitionType.TEMPORARY_DYNAMIC
        return self._add(replace(model, name=name, type=QueueType.LOCAL, definition_type=kind))

    def serve(self, name: str, service: Service) -> None:
        """Has every message that arrives on a queue taken off it and handed to `service`."""
        queue = self.queue(name)

        def arrived() -> None:
            queue.on_arrival(_SERVICE, arrived)
            while (message := queue.find(Match())) is not None:
                descriptor, data = message.descriptor, message.data
                queue.remove(message)
                service(descriptor, data)

        arrived()

    def quiesce(self) -> None:
        """endmqm: nobody connects any more, and those who said so are failed."""
        self.quiescing = True
        for queue in self._queues.values():
            queue.wake()

    def restart(self) -> None:
        """What a queue manager that ended and started again has: the persistent messages of its own queues.

        Whoever was connected must have been disconnected.
        """
        self.quiescing = False
        for queue in list(self._queues.values()):
            if queue.definition.temporary:
                self.drop(queue)
            else:
                queue.forget_non_persistent()

    def new_id(self) -> bytes:
        """24 bytes that no other message of this queue manager has had as its MsgId."""
        return self._id_start + next(self._id_counter).to_bytes(8, "big")

    def local_queues(self) -> Iterator[Queue]:
        """All local queues."""
        yield from self._queues.values()

    def _add(self, definition: QueueDefinition) -> Queue:
        queue = Queue(definition, self.clock, self._expired)
        self._queues[definition.name] = queue
        return queue

    def _expired(self, message: Message) -> None:
        for report in reports.of_expiration(message.descriptor, message.data):
            reports.send(self, report)

    def _check_room(self, channel: Channel) -> None:
        if len(self._connections) >= self.definition.max_connections:
            raise MQError(Reason.CHANNEL_NOT_AVAILABLE, f"{len(self._connections)} connections")
        instances = sum(each.identity.channel == channel.name for each in self._connections.values())
        if instances >= channel.max_instances:
            raise MQError(Reason.CHANNEL_NOT_AVAILABLE, f"{instances} instances of {channel.name}")

    def _user(self, channel: Channel, caller: Caller) -> str:
        user = user_by_rules(self.definition.channel_rules, channel.name, caller)
        if user is None:
            raise MQError(Reason.NOT_AUTHORIZED, f"{caller.address} {caller.user!r}: kept out by a rule")
        return channel.user or user
