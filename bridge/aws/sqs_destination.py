"""An SQS queue as a sink: ten small messages are one SendMessageBatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Unpack

from bridge.aws import extended
from bridge.aws import send_message_batch as call
from bridge.aws.destination import Destination, Told
from bridge.aws.queue import Queue

if TYPE_CHECKING:
    from bridge.aws.delivery import BatchDelivery, Entry, UnderWay
    from bridge.aws.fifo import Fifo
    from bridge.aws.session import Clients
    from bridge.configuration import Offload


class SqsDestination(Destination):
    """Sends to one queue (name, URL or ARN), whose URL is found once.

    With `traced` a traceparent goes in X-Ray's header too.
    """

    def __init__(
        self,
        clients: Clients,
        queue: str,
        offload: Offload | None = None,
        fifo: Fifo | None = None,
        *,
        traced: bool = False,
        **more: Unpack[Told],
    ) -> None:
        super().__init__(clients, offload, fifo, **more)
        self._queue = Queue.parse(queue)
        self._traced = traced

    @property
    def name(self) -> str:
        """`sqs:` and the queue's name."""
        return f"sqs:{self._queue.name}"

    def _made(self) -> BatchDelivery:
        client = self._clients.sqs(self._queue.region)
        url = self._queue.look_up(client)
        calls = self._clients.calls("sqs", self._queue.region)

        def send(entries: Mapping[str, Entry]) -> UnderWay:
            asked = call.asked(url, entries, traced=self._traced)
            return calls.begin("SendMessageBatch", call.HEADERS, asked, call.answer)

        return self._by(send, extended.sqs_store, client.meta.region_name, Queue.account_in(url), url)
