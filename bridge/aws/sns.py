"""An SNS topic as a sink: ten small messages are one PublishBatch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bridge.aws import extended
from bridge.aws import publish_batch as call
from bridge.aws.delivery import BatchDelivery, Entry, UnderWay
from bridge.aws.offload import Offloader
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.mapping import CloudMessage, to_cloud
from bridge.message import Message

if TYPE_CHECKING:
    from bridge.aws.fifo import Fifo
    from bridge.configuration import Offload
    from bridge.message import Rejection


class SnsTopic:
    """Publishes to one topic (its ARN), bodies over the offload's threshold through S3. A `Sink`.

    `fifo` is given for a FIFO topic; `write` makes SNS's message of one of ours. `offloaded` is called for
    each body that went through S3.
    """

    def __init__(
        self,
        clients: Clients,
        topic: str,
        offload: Offload | None = None,
        fifo: Fifo | None = None,
        *,
        write: Callable[[Message], CloudMessage] = to_cloud,
        offloaded: Callable[[], None] = lambda: None,
    ) -> None:
        self._clients = clients
        self._topic = topic
        self._offload = offload
        self._fifo = fifo
        self._write = write
        self._offloaded = offloaded
        self._region, self._account = topic.split(":")[3:5]
        self._delivery: BatchDelivery | None = None

    @property
    def name(self) -> str:
        """`sns:` and the topic's ARN."""
        return f"sns:{self._topic}"

    def connect(self) -> None:
        """Makes what is needed, once; asks nothing of SNS: the right to publish is enough. Raises `Stop`."""
        self._connected()

    def group_of(self, message: Message) -> str:
        """The MessageGroupId; "" for a standard topic, which knows no order."""
        return self._fifo.group_of(message) if self._fifo else ""

    def has(self, message: Message) -> bool:  # noqa: ARG002 - of the port
        """False: SNS does not tell what it took."""
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
        calls = self._clients.calls("sns", self._region)

        def publish(entries: Mapping[str, Entry]) -> UnderWay:
            asked = call.asked(self._topic, entries)
            return calls.begin("PublishBatch", call.HEADERS, asked, call.answer)

        offloader = None
        if self._offload:
            storage = Storage(self._clients, largest=self._offload.maximum_size, owner=self._account)
            keep = (storage, self._offload.bucket, self._region)
            store = self._clients.once(("sns", self._account, *keep[1:]), lambda: extended.sns_store(*keep))
            offloader = Offloader(store, self._offload, self._offloaded)
        pace = self._clients.pace(self.name)
        return BatchDelivery(self.name, publish, offloader, self._fifo, pace=pace, write=self._write)
