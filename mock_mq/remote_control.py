"""Faults set from afar: commands as JSON in messages, for a queue manager that is already running.

They come over MQ itself, so that no further port is open and who may connect is checked as ever. Whoever
sends them connects as `faults.CONTROL_APPLICATION`, to whom no fault happens.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from mock_mq.core import QueueDefinition, QueueManager, Right, reports
from mock_mq.faults import CONTROL_APPLICATION, CONTROL_QUEUE, Fault
from mock_mq.server import Server
from mock_mq.wire.fields import Buffer
from mock_mq.wire.structures import MessageDescriptor

if TYPE_CHECKING:
    from pydantic import TypeAdapter

log = logging.getLogger(__name__)

Command = Mapping[str, Any]
_PATIENCE, _STEP = 2.0, 0.01  # seconds


class ControlError(ValueError):
    """A command that can't be followed."""


class RemoteControl:
    """Follows the commands that are put on `faults.CONTROL_QUEUE`, which it makes."""

    def __init__(self, queue_manager: QueueManager, server: Server) -> None:
        self._queue_manager = queue_manager
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        queue_manager.define(QueueDefinition(CONTROL_QUEUE), replace=True)
        queue_manager.serve(CONTROL_QUEUE, self.serve)

    def serve(self, descriptor: MessageDescriptor, data: Buffer) -> None:
        """Follows the command in a message, and puts the answer on its ReplyToQ."""
        try:
            answer = self._follow(descriptor.user, json.loads(bytes(data)))
        except (ValueError, KeyError, TypeError) as e:  # of ValueError are all of our own and pydantic's
            answer = {"error": _told(e)}
        reply = MessageDescriptor(
            format="MQSTR", ccsid=1208, correlation_id=descriptor.message_id, persistence=0
        )
        to = reports.ReportMessage(
            descriptor.reply_to_queue,
            descriptor.reply_to_queue_manager,
            reply,
            json.dumps(answer).encode(),
        )
        reports.send(self._queue_manager, to)

    def _follow(self, user: str, command: Command) -> Any:
        if self._queue_manager.definition.denies(user, "", Right.ADMINISTER):
            raise ControlError(f"user {user} may not administer")
        handler = _COMMANDS.get(command["command"])
        if handler is None:
            raise ControlError(f"no command {command['command']!r}")
        return handler(self, command)

    def _add(self, command: Command) -> Any:
        return self._server.faults.add(_adapter().validate_python(command["fault"]))

    def _list(self, _command: Command) -> Any:
        return [
            {
                "number": each.number,
                "happened": each.happened,
                "fault": _adapter().dump_python(each.fault, mode="json"),
            }
            for each in self._server.faults
        ]

    def _remove(self, command: Command) -> Any:
        self._server.faults.remove(int(command["number"]))

    def _clear(self, _command: Command) -> Any:
        self._server.faults.clear()
        self._server.bytes_per_second = 0

    def _slow(self, command: Command) -> Any:
        self._server.bytes_per_second = max(0, int(command["bytes_per_second"]))

    def _quiesce(self, command: Command) -> Any:
        self._queue_manager.quiesce()
        self._later(self._restart(float(command["seconds"]), 0.0))

    def _stop(self, command: Command) -> Any:
        self._later(self._restart(0.0, float(command["seconds"])))

    async def _restart(self, quiescing: float, stopped: float) -> None:
        await self._answered()
        await asyncio.sleep(quiescing)
        await self._server.stop()
        await asyncio.sleep(stopped)
        self._queue_manager.restart()
        try:
            await self._server.start()
        except OSError as e:
            log.error("can't start again: %s", e)  # noqa: TRY400 - the reason is all there is to say

    async def _answered(self) -> None:
        """Whoever asked has the answer, and is gone; or does not go, and then it is not waited for."""
        until = self._server.clock() + _PATIENCE
        while self._server.clock() < until and any(
            each.identity.application == CONTROL_APPLICATION for each in self._queue_manager.connections()
        ):
            await asyncio.sleep(_STEP)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@functools.cache
def _adapter() -> TypeAdapter[Fault]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow, and only when the first command comes

    return TypeAdapter(Fault)


def _told(error: Exception) -> str:
    from pydantic import ValidationError  # noqa: PLC0415

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".removeprefix(": ")
    return str(error)


_COMMANDS: Mapping[str, Callable[[RemoteControl, Command], Any]] = {
    "add": RemoteControl._add,
    "list": RemoteControl._list,
    "remove": RemoteControl._remove,
    "clear": RemoteControl._clear,
    "slow": RemoteControl._slow,
    "quiesce": RemoteControl._quiesce,
    "stop": RemoteControl._stop,
}
