"""A unit of work: what a connection has put and got under syncpoint since it last committed or backed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mock_mq.constants import Reason
from mock_mq.core.message import Message
from mock_mq.core.queue import Queue
from mock_mq.core.reports import ReportMessage
from mock_mq.errors import MQError

Send = Callable[[Sequence[ReportMessage]], None]


class UnitOfWork:
    """Puts become visible and gets final on `commit`; `back_out` undoes both. Empty again after either."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._puts: list[tuple[Queue, Message]] = []
        self._gets: list[tuple[Queue, Message]] = []
        self._reports: list[tuple[Sequence[ReportMessage], Send]] = []
        self._restores: dict[int, Callable[[], None]] = {}

    def check_room(self) -> None:
        """Raises 2024 where one more message would be over MAXUMSGS."""
        if len(self._puts) + len(self._gets) >= self._limit:
            raise MQError(Reason.SYNCPOINT_LIMIT_REACHED)

    def put(self, queue: Queue, message: Message) -> None:
        """Takes note of a message put, which nobody sees yet."""
        self._puts.append((queue, message))

    def got(self, queue: Queue, message: Message) -> None:
        """Takes a message out of everybody's sight."""
        queue.hold(message)
        self._gets.append((queue, message))

    def report(self, made: Sequence[ReportMessage], send: Send) -> None:
        """Has reports sent when the unit of work is committed, and not otherwise."""
        if made:
            self._reports.append((made, send))

    def undo(self, key: int, restorer: Callable[[], Callable[[], None]]) -> None:
        """Has what `restorer` gives called when this is backed out: only the first of a key's counts."""
        if key not in self._restores:
            self._restores[key] = restorer()

    def commit(self) -> None:
        """Ends the unit of work for good."""
        reports = self._reports
        puts, gets = self._end()
        for queue, message in gets:
            queue.remove(message)
        for queue, message in puts:
            queue.release(message)
        for made, send in reports:
            send(made)

    def back_out(self) -> None:
        """Ends the unit of work as if it had never been, but for the BackoutCount of what was got."""
        restores = list(self._restores.values())
        puts, gets = self._end()
        for restore in restores:
            restore()
        for queue, message in puts:
            queue.remove(message)
        for queue, message in gets:
            message.backout_count += 1
            queue.release(message)

    def _end(self) -> tuple[list[tuple[Queue, Message]], list[tuple[Queue, Message]]]:
        ended = self._puts, self._gets
        self._puts, self._gets, self._reports, self._restores = [], [], [], {}
        return ended
