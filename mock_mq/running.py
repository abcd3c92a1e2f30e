"""A queue manager to have at hand: it runs on a thread of its own for as long as it is wanted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from mock_mq.core import Definition, QueueManager
from mock_mq.core.queue import Match
from mock_mq.faults import Deed, Fault
from mock_mq.journal import Journal, RecordedCall
from mock_mq.server import TLS, Server
from mock_mq.wire.structures import MessageDescriptor

_WITHIN = 10.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it stands on a queue."""

    descriptor: MessageDescriptor
    data: bytes = field(repr=False)
    backout_count: int = 0


class RunningQueueManager:
    """A queue manager that clients reach at `host` and `port`, over `channel`.

    `core` and `server` belong to its thread: reach into them with `ask`. All methods may be called from any
    other thread. It ends with `close`, or as a context.
    """

    def __init__(
        self,
        definition: Definition | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: TLS | None = None,
        heartbeat: int = 300,
    ) -> None:
        defined = definition or Definition()
        self.core = QueueManager(defined, time.time)
        self.name = defined.name
        self.channel = defined.channels[0].name
        self.host, self.port = host, port
        self._journal = Journal()
        self.server = Server(
            self.core, host=host, port=port, tls=tls, heartbeat=heartbeat, journal=self._journal
        )
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=self.name, daemon=True)
        self._thread.start()
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self.close()

    @property
    def connection_name(self) -> str:
        """MQ's way to write the address: `127.0.0.1(54321)`."""
        return f"{self.host}({self.port})"

    @property
    def mqserver(self) -> str:
        """The environment variable MQSERVER that leads here: `DEV.APP.SVRCONN/TCP/127.0.0.1(54321)`."""
        return f"{self.channel}/TCP/{self.connection_name}"

    def ask(self, question: Callable[[QueueManager], T]) -> T:
        """What `question` makes of the core, asked on the queue manager's thread."""

        async def answer() -> T:
            return question(self.core)

        return asyncio.run_coroutine_threadsafe(answer(), self.loop).result(_WITHIN)

    def put(self, queue: str, data: bytes | str, **descriptor: Any) -> bytes:
        """Puts a message, and gives its MsgId. Text is UTF-8 and MQSTR; `descriptor` are fields of the MQMD.

        Raises `MQError` as MQPUT would.
        """
        text: dict[str, Any] = {"format": "MQSTR", "ccsid": 1208} if isinstance(data, str) else {}
        body = data.encode() if isinstance(data, str) else data
        described = MessageDescriptor(**(text | descriptor))
        return self.ask(lambda core: core.put(queue, described, body)).message_id

    def get(self, queue: str) -> StoredMessage | None:
        """Takes the next message off a queue; None where there is none."""

        def take(core: QueueManager) -> StoredMessage | None:
            found = core.queue(queue)
            message = found.find(Match())
            if message is None:
                return None
            stored = StoredMessage(message.descriptor, bytes(message.data), message.backout_count)
            found.remove(message)
            return stored

        return self.ask(take)

    def browse(self, queue: str) -> list[StoredMessage]:
        """The messages on a queue that can be got, first to come first; they stay."""
        return self.ask(
            lambda core: [
                StoredMessage(each.descriptor, bytes(each.data), each.backout_count)
                for each in core.queue(queue).browse()
            ]
        )

    def depth(self, queue: str) -> int:
        """CURDEPTH: how many messages are on a queue, uncommitted puts included and uncommitted gets not."""
        return self.ask(lambda core: core.queue(queue).depth)

    def fault(self, do: Deed | str, **rule: Any) -> int:
        """Has calls go wrong: fields of `mock_mq.faults.Fault`. Gives the number that takes it back."""
        fault = Fault(Deed(do), **rule)
        return self.ask(lambda _core: self.server.faults.add(fault))

    def happened(self, number: int) -> int:
        """How often a fault has happened."""
        return self.ask(
            lambda _core: sum(each.happened for each in self.server.faults if each.number == number)
        )

    def mend(self, number: int | None = None) -> None:
        """Takes a fault back, or all of them."""
        if number is None:
            self.ask(lambda _core: self.server.faults.clear())
        else:
            self.ask(lambda _core: self.server.faults.remove(number))

    def slow(self, bytes_per_second: int) -> None:
        """Makes the network slow for what is sent to each client; 0 ends it."""
        self.ask(lambda _core: setattr(self.server, "bytes_per_second", bytes_per_second))

    def limit_connections(self, most: int) -> None:
        """No more connections than that at a time: the next gets 2537."""
        self.ask(lambda core: setattr(core, "definition", replace(core.definition, max_connections=most)))

    def calls(self, call: str = "", queue: str = "") -> list[RecordedCall]:
        """The calls made so far, oldest first: all of them, or those of a name, or on a queue."""
        return self.ask(
            lambda _core: [
                each for each in self._journal if call in ("", each.call) and queue in ("", each.queue)
            ]
        )

    def forget_calls(self) -> None:
        """Starts the record of calls anew."""
        self.ask(lambda _core: self._journal.clear())

    def quiesce(self) -> None:
        """endmqm: nobody connects any more, and calls that are to fail then do, with 2161."""
        self.ask(lambda core: core.quiesce())

    def start(self) -> None:
        """Opens the port again that it had before; what is on the queues is as it was."""
        asyncio.run_coroutine_threadsafe(self.server.start(), self.loop).result(_WITHIN)
        self.host, self.port = self.server.address

    def stop(self) -> None:
        """Breaks every connection, backs out what they had not committed, and closes the port."""
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(_WITHIN)

    def restart(self) -> None:
        """Stops and starts the queue manager: what was not persistent is gone."""
        self.stop()
        self.ask(lambda core: core.restart())
        self.start()

    def close(self) -> None:
        """Stops for good."""
        if self.loop.is_closed():
            return
        self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_WITHIN)
        self.loop.close()
