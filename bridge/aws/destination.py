"""A topic or a queue as a sink: what both have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypedDict

from bridge.aws.delivery import BatchDelivery, Send
from bridge.aws.offload import Offloader
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.mapping import CloudMessage, to_cloud
from bridge.message import Message

if TYPE_CHECKING:
    from bridge.aws.extended import Store
    from bridge.aws.fifo import Fifo
    from bridge.configuration import Offload
    from bridge.message import Rejection


class Told(TypedDict, total=False):
    """What every destination may be told besides: see `Destination`."""

    write: Callable[[Message], CloudMessage]
    offloaded: Callable[[], None]


class Destination(ABC):
    """Sends to one topic or queue, bodies over the offload's threshold through S3. A `Sink`.

    `fifo` is given for a FIFO one; `write` makes AWS's message of one of ours. `offloaded` is called for
    each body that went through S3.
    """

    def __init__(
        self,
        clients: Clients,
        offload: Offload | None,
        fifo: Fifo | None,
        *,
        write: Callable[[Message], CloudMessage] = to_cloud,
        offloaded: Callable[[], None] = lambda: None,
    ) -> None:
        self._clients = clients
        self._offload = offload
        self._fifo = fifo
        self._write = write
        self._offloaded = offloaded
        self._delivery: BatchDelivery | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """What reasons call it."""

    @abstractmethod
    def _made(self) -> BatchDelivery:
        """What delivers to it. Raises `Away` and `Stop`."""

    def connect(self) -> None:
        """Makes what is needed, once. Raises `Away` and `Stop`."""
        self._connected()

    def group_of(self, message: Message) -> str:
        """The MessageGroupId; "" for a standard topic or queue, which knows no order."""
        return self._fifo.group_of(message) if self._fifo else ""

    def has(self, message: Message) -> bool:  # noqa: ARG002 - of the port
        """False: neither SNS nor SQS tells what it took."""
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

    def _by(
        self, send: Send, store: Callable[[Storage, str, str], Store], region: str, owner: str, pace: str
    ) -> BatchDelivery:
        """Delivers by a call; large bodies go to a store in a region, in the buckets of an `owner`'s account.

        `pace` names what has a quota.
        """
        offloader = None
        if self._offload:
            bucket = self._offload.bucket
            storage = Storage(self._clients, largest=self._offload.maximum_size, owner=owner)
            kept = self._clients.once((store, owner, bucket, region), lambda: store(storage, bucket, region))
            offloader = Offloader(kept, self._offload, self._offloaded)
        paced = self._clients.pace(pace)
        return BatchDelivery(self.name, send, offloader, self._fifo, pace=paced, write=self._write)
