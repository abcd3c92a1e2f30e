"""How many messages wait on the MQ queues that routes take from, and how old the first is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from bridge.errors import Away
from bridge.gate import Gate
from bridge.mq_connection import MqConnection, MqError
from bridge.mq_descriptor import put_at
from bridge.mq_queue import MqQueue

log = structlog.get_logger(__name__)

_NOTHING = 2033  # MQRC_NO_MSG_AVAILABLE


@dataclass(frozen=True, slots=True)
class Backlog:
    """A queue's depth and its first message's age.

    The depth is MQ's CURDEPTH, which takes every unit of work for one that will be committed: what a route
    has in hand no longer counts, what a program has put and not committed counts already. The age is in
    seconds; None where nothing is there to be browsed or it carries no time.
    """

    depth: int
    oldest_age: float | None


class MqDepths:
    """Looks at `queues` (by route), each `every` seconds, over a connection of its own.

    MQCMIT and MQBACK of a route never wait for it. It needs the rights to inquire and to browse; without them
    the log says so, and nothing is known.
    """

    def __init__(
        self,
        connection: MqConnection,
        queues: Mapping[str, str],
        *,
        every: float,
        gate: Gate | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection = connection
        constants = connection.binding.constants
        options = constants.MQOO_INQUIRE | constants.MQOO_BROWSE
        self._queues = {
            name: MqQueue(self._connection, name, options, "to inquire and browse")
            for name in dict.fromkeys(queues.values())
        }
        self._names = queues
        self._every = every
        self._gate = gate or Gate()
        self._now = now
        self._found: Mapping[str, Backlog] = {}
        self._said: dict[str, str] = {}

    @property
    def by_route(self) -> Mapping[str, Backlog]:
        """What was found last; without the routes of which nothing is known."""
        found = self._found
        return {route: found[queue] for route, queue in self._names.items() if queue in found}

    def run(self, stop: threading.Event) -> None:
        """Looks until `stop` is set. Never raises."""
        with self._gate.user():
            try:
                while self._gate.pass_through(self._connection.close, stop):
                    self._found = dict(self._look())
                    self._gate.wait(self._every, stop)
            finally:
                self._connection.close()

    def _look(self) -> Sequence[tuple[str, Backlog]]:
        found = []
        for name, queue in self._queues.items():
            try:
                queue.connect()
                found.append((name, self._backlog(queue)))
                self._said.pop(name, None)
            except Away as e:
                queue.close()
                if self._said.get(name) != str(e):
                    log.warning("depth_unknown", queue=name, reason=str(e))
                    self._said[name] = str(e)
        return found

    def _backlog(self, queue: MqQueue) -> Backlog:
        binding = self._connection.binding
        try:
            with self._connection.errors():
                depth = int(queue.handle.inquire(binding.constants.MQIA_CURRENT_Q_DEPTH))
                return Backlog(depth, self._oldest_age(queue) if depth else None)
        except MqError as e:
            raise queue.away(e) from None

    def _oldest_age(self, queue: MqQueue) -> float | None:
        """Browses the first message without its body."""
        binding = self._connection.binding
        constants = binding.constants
        md, gmo = binding.mq.MD(), binding.mq.GMO()
        gmo.Options = (
            constants.MQGMO_BROWSE_FIRST
            | constants.MQGMO_ACCEPT_TRUNCATED_MSG
            | constants.MQGMO_FAIL_IF_QUIESCING
        )
        try:
            with self._connection.errors():
                queue.handle.get(0, md, gmo)
        except MqError as e:
            if e.code == _NOTHING:
                return None
            if not e.warning:
                raise
        put = put_at(md.PutDate, md.PutTime)
        return max(0.0, (self._now() - put).total_seconds()) if put else None
