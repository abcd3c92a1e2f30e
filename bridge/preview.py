"""What a waiting message would become: it is put through all that delivering does, but for the sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from bridge import configuration as configured
from bridge.assembly import fifo_of
from bridge.aws import extended
from bridge.aws.delivery import Answer, BatchDelivery, Entry
from bridge.aws.offload import Offloader
from bridge.aws.queue import Queue
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.configuration import Configuration
from bridge.mapping import BODY_ENCODING, CloudMessage, size, to_cloud
from bridge.message import Delivery, Message
from bridge.pump import why_hopeless
from bridge.replying import misdirected


@dataclass(frozen=True, slots=True)
class Preview:
    """A waiting message, and what it would be sent as, or why it would be set aside (`set_aside`).

    Sizes are in bytes: `size` of the body on MQ, `sent` of the whole as AWS counts it, `attributes` of each
    one's value. `body` is how the body is written (text, base64, empty), `text` is it, written so.
    """

    message_id: str
    size: int
    format: str
    ccsid: int
    backout_count: int
    set_aside: str = ""
    body: str = ""
    sent: int = 0
    through_s3: bool = False
    attributes: Mapping[str, int] = field(default_factory=dict)
    order: Mapping[str, str] = field(default_factory=dict)
    text: str = field(default="", repr=False)


class _KeepsNothing:
    """In S3's place: it keeps nothing, and the extended clients make the pointer all the same."""

    def put_object(self, **_request: Any) -> Mapping[str, Any]:
        return {}


class Previewer:
    """For one route from MQ to AWS. A message goes through `BatchDelivery`, up to the call that sends.

    Raises `Stop` where no region is known.
    """

    def __init__(self, configuration: Configuration, route: configured.Route, clients: Clients) -> None:
        self._route = route
        self._threshold = configuration.dead_letters.backout_threshold
        self._sent: list[Entry] = []
        self._written: list[CloudMessage] = []
        sink, offloader = route.sink, None
        if isinstance(sink, configured.SnsSink):
            self.destination, region, store = f"sns:{sink.sns}", sink.sns.split(":")[3], extended.sns_store
        else:
            queue = Queue.parse(cast("configured.SqsSink", sink).sqs)
            region, store = clients.sqs(queue.region).meta.region_name, extended.sqs_store
            self.destination = f"sqs:{queue.name}"
        if offload := configuration.offload:
            offloader = Offloader(store(cast("Storage", _KeepsNothing()), offload.bucket, region), offload)
        self._delivery = BatchDelivery(
            self.destination, self._send, offloader, fifo_of(route), write=self._write
        )

    def preview(self, delivery: Delivery) -> Preview:
        """What would become of a message that was browsed."""
        message, descriptor = delivery.message, delivery.message.descriptor
        size_on_mq, backouts = len(message.body), delivery.deliveries
        found = Preview(
            descriptor.message_id.hex(), size_on_mq, descriptor.format, descriptor.ccsid, backouts
        )
        why = why_hopeless(delivery, backouts, self._threshold)
        if why:
            return replace(found, set_aside=why)
        rejection = None
        if isinstance(self._route.source, configured.MqSource) and self._route.source.addresses:
            rejection = misdirected(message, self._route.sink, self._route.name)
        if rejection is None:
            [rejection] = self._delivery.deliver([message])
        if rejection:
            return replace(found, set_aside=rejection.reason)
        [entry], [written] = self._sent, self._written
        encoding = written.attributes.get(BODY_ENCODING)
        return replace(
            found,
            body=str(encoding.value) if encoding else "text",
            sent=size(entry.cloud),
            through_s3=entry.cloud is not written,
            attributes={name: len(each.value) for name, each in entry.cloud.attributes.items()},
            order=entry.order,
            text=written.body if isinstance(written.body, str) else "",
        )

    def _write(self, message: Message) -> CloudMessage:
        self._written = [to_cloud(message)]
        return self._written[0]

    def _send(self, entries: Mapping[str, Entry]) -> Answer:
        self._sent = list(entries.values())
        return {"Successful": [{"Id": each} for each in entries]}
