"""What a waiting message would become: it is put through all that delivering does, but for the sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from bridge import configuration as configured
from bridge.assembly import chosen_among, fifo_of, writer_for
from bridge.aws import extended
from bridge.aws.delivery import Answer, BatchDelivery, Entry
from bridge.aws.offload import Offloader
from bridge.aws.pace import Pace
from bridge.aws.queue import Queue
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.configuration import Configuration
from bridge.mapping import BODY_ENCODING, CloudMessage, size
from bridge.message import Delivery, Message, Rejection
from bridge.pump import why_hopeless
from bridge.shaping.filtering import judged


@dataclass(frozen=True, slots=True)
class Preview:
    """A waiting message, and what it would be sent as, or why it would be set aside (`set_aside`).

    `filtered` says that the route's filter leaves it out. Sizes are in bytes: `size` of the body on MQ,
    `sent` of the whole as AWS counts it, `attributes` of each one's value. `body` is how the body is written
    (text, base64, empty, cloudevents), `text` is it, written so.
    """

    message_id: str
    size: int
    format: str
    ccsid: int
    backout_count: int
    set_aside: str = ""
    filtered: bool = False
    destination: str = ""
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


class _Recorder:
    """One destination. A `Sink`: a message goes through `BatchDelivery`, up to the call that sends.

    Raises `Stop` where no region is known. `sent` is the last message as it was written, and as it would have
    been sent.
    """

    def __init__(
        self,
        configuration: Configuration,
        route: configured.Route,
        sink: configured.Destination,
        clients: Clients,
    ) -> None:
        self.sent: tuple[CloudMessage, Entry] | None = None
        self._written = CloudMessage("")
        offloader = None
        if isinstance(sink, configured.SnsSink):
            self.name, region, store = f"sns:{sink.sns}", sink.sns.split(":")[3], extended.sns_store
        else:
            queue = Queue.parse(cast("configured.SqsSink", sink).sqs)
            region, store = clients.sqs(queue.region).meta.region_name, extended.sqs_store
            self.name = f"sqs:{queue.name}"
        if offload := configuration.offload:
            offloader = Offloader(store(cast("Storage", _KeepsNothing()), offload.bucket, region), offload)
        self._to_cloud = writer_for(configuration, route, cast("configured.AwsSink", sink))
        fifo = fifo_of(route, sink)
        self._delivery = BatchDelivery(self.name, self._send, offloader, fifo, pace=Pace(), write=self._write)

    def connect(self) -> None:
        """Nothing to connect to."""

    def group_of(self, _message: Message) -> str:
        """None: one message comes at a time."""
        return ""

    def has(self, _message: Message) -> bool:
        """False: nothing arrives."""
        return False

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """As if it had arrived."""
        return self._delivery.deliver(messages)

    def close(self) -> None:
        """Nothing to close."""

    def _write(self, message: Message) -> CloudMessage:
        self._written = self._to_cloud(message)
        return self._written

    def _send(self, entries: Mapping[str, Entry]) -> _Answered:
        [entry] = entries.values()
        self.sent = (self._written, entry)
        return _Answered({"Successful": [{"Id": each} for each in entries], "Failed": []})


@dataclass(frozen=True, slots=True)
class _Answered:
    """A request that needs no waiting for."""

    _answer: Answer
    has_come: bool = True

    def answer(self) -> Answer:
        return self._answer

    def give_up(self) -> None:
        pass


class Previewer:
    """For one route from MQ to AWS. `destination` names where its messages go, all that they may go to."""

    def __init__(self, configuration: Configuration, route: configured.Route, clients: Clients) -> None:
        self._threshold = configuration.dead_letters.backout_threshold
        self._filter = route.filter
        self._recorders = [_Recorder(configuration, route, sink, clients) for sink in route.sinks]
        self._sink = chosen_among(route, self._recorders)
        self.destination = self._sink.name

    def preview(self, delivery: Delivery) -> Preview:
        """What would become of a message that was browsed."""
        message, descriptor = delivery.message, delivery.message.descriptor
        size_on_mq, backouts = len(message.body), delivery.deliveries
        found = Preview(
            descriptor.message_id.hex(), size_on_mq, descriptor.format, descriptor.ccsid, backouts
        )
        wanted = judged(self._filter, delivery) if self._filter else delivery
        if wanted is None:
            return replace(found, filtered=True)
        why = why_hopeless(wanted, backouts, self._threshold)
        if why:
            return replace(found, set_aside=why)
        for recorder in self._recorders:
            recorder.sent = None
        [rejection] = self._sink.deliver([message])
        if rejection:
            return replace(found, set_aside=rejection.reason)
        return next(_sent(found, each.name, *each.sent) for each in self._recorders if each.sent)


def _sent(found: Preview, destination: str, written: CloudMessage, entry: Entry) -> Preview:
    encoding = written.attributes.get(BODY_ENCODING)
    return replace(
        found,
        destination=destination,
        body=str(encoding.value) if encoding else "text",
        sent=size(entry.cloud),
        through_s3=entry.cloud is not written,
        attributes={name: _bytes(each.value) for name, each in entry.cloud.attributes.items()},
        order=entry.order,
        text=written.body if isinstance(written.body, str) else "",
    )


def _bytes(value: str | bytes) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value)
