"""An SQS queue as a sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bridge.aws import extended
from bridge.aws import send_message_batch as call
from bridge.aws.delivery import BatchDelivery, Entry, UnderWay
from bridge.aws.offload import Offloader
from bridge.aws.queue import Queue
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.mapping import CloudMessage, to_cloud
from bridge.message import Message

if TYPE_CHECKING:
    from bridge.aws.fifo import Fifo
    from bridge.configuration import Offload
    from bridge.message import Rejection


class SqsDestination:
    """Sends to one queue (name, URL or ARN), bodies over the offload's threshold through S3. A `Sink`.

    `fifo` is given for a FIFO queue; `write` makes SQS's message of one of ours. `offloaded` is called for
    each body that went through S3. With `traced` a traceparent goes in X-Ray's header too.
    """

    def __init__(
        self,
        clients: Clients,
        queue: str,
        offload: Offload | None = None,
        fifo: Fifo | None = None,
        *,
        write: Callable[[Message], CloudMessage] = to_cloud,
        offloaded: Callable[[], None] = lambda: None,
        traced: bool = False,
    ) -> None:
        self._clients = clients
        self._queue = Queue.parse(queue)
        self._offload = offload
        self._fifo = fifo
        self._write = write
        self._offloaded = offloaded
        self._traced = traced
        self._delivery: BatchDelivery | None = None

    @property
    def name(self) -> str:
        """`sqs:` and the queue's name."""
        return f"sqs:{self._queue.name}"

    def connect(self) -> None:
        """Finds the queue's URL, once. Raises `Away` and `Stop`."""
        self._connected()

    def group_of(self, message: Message) -> str:
        """The MessageGroupId; "" for a standard queue, which knows no order."""
        return self._fifo.group_of(message) if self._fifo else ""

    def has(self, message: Message) -> bool:  # noqa: ARG002 - of the port
        """False: SQS does not tell what it took."""
        return False

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """As the port says; each message is in one request, ten or 262,144 bytes of them in one."""
        return self._connected().deliver(messages)

    def close(self) -> None:
        """Forgets what was made; the clients are the process's."""
        if self._delivery:
            self._delivery.close()
        self._delivery = None

    def _connected(self) -> BatchDelivery:
        if self._delivery is None:
            self._delivery = self._made()
        return self._delivery

    def _made(self) -> BatchDelivery:
        client = self._clients.sqs(self._queue.region)
        url = self._queue.look_up(client)

        calls = self._clients.calls("sqs", self._queue.region)

        def send(entries: Mapping[str, Entry]) -> UnderWay:
            asked = call.asked(url, entries, traced=self._traced)
            return calls.begin("SendMessageBatch", call.HEADERS, asked, call.answer)

        offloader = None
        if self._offload:
            account = Queue.account_in(url)
            storage = Storage(self._clients, largest=self._offload.maximum_size, owner=account)
            keep = (storage, self._offload.bucket, client.meta.region_name)
            store = self._clients.once(("sqs", account, *keep[1:]), lambda: extended.sqs_store(*keep))
            offloader = Offloader(store, self._offload, self._offloaded)
        pace = self._clients.pace(url)
        return BatchDelivery(self.name, send, offloader, self._fifo, pace=pace, write=self._write)
