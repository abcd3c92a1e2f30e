"""An SQS queue as a source.

A message that came through an SNS subscription without raw delivery is SNS's JSON envelope, and is handed on
as it is: switch raw delivery on where the message itself is wanted.
"""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import structlog

from bridge.aws import as_received, extended, visibility, xray
from bridge.aws.batching import MOST_ENTRIES
from bridge.aws.deleting import Deleter
from bridge.aws.faults import FAULTS, LONGEST_REASON, capped, classify
from bridge.aws.offload import BadPointer, Follower, Pointer
from bridge.aws.polling import unless_stopped
from bridge.aws.queue import Queue
from bridge.aws.received import cloud_message, group_of, receipts, receives, why_last
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.errors import Away, MappingError
from bridge.mapping import from_cloud
from bridge.message import Delivery

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from bridge.configuration import Offload
    from bridge.gate import Told

DEFAULT_MOST_BYTES = 4 * 1024 * 1024
"""Bytes of bodies after which a unit of work takes no further message."""
LEAST_VISIBILITY = 2
"""Seconds a received message is kept from others at the least, whatever the queue says."""

_MOST_LEFT = 10_000
"""Messages of which it is remembered how often they went back to the queue untried."""
_PATIENCE = 3
"""Deliveries for which "access denied" to a payload may be a right that somebody is about to give."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Link:
    """What a source is connected with; `poller` is for ReceiveMessage alone, which may take long.

    At the receive after `most_receives` SQS itself moves a message away; 0 for never.
    """

    client: SQSClient
    poller: SQSClient
    url: str
    visibility: int
    most_receives: int
    storage: Storage
    deleter: Deleter
    follower: Follower


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message of the unit of work in hand."""

    raw: MessageTypeDef
    pointer: Pointer | None


class SqsSource:
    """Takes from one queue (name, URL or ARN), payloads fetched from S3. A `Source`.

    `wait` is the long poll in seconds (0 to 20). `ccsid` and `format` are what text is written in on the MQ
    side where a message doesn't say, and `encoding` is how its body is written then. When `stop` is set,
    `take` returns at once. `possible_duplicates` counts messages that were delivered, but not deleted;
    `offloaded` is called for each body that S3 gave.

    A message's `source_id` is its MessageId, or `by_deduplication_id` its MessageDeduplicationId. With
    `traced` its X-Ray header is asked for too.

    A unit of work is what one ReceiveMessage brought, up to ten messages, but takes no further one once its
    bodies have `most_bytes`: the rest is the next unit's, and their payloads are fetched only then.

    A message that SQS would move to its redrive queue at the next receive is not given back: after a back-out
    it stays in hand, and comes again from here.
    """

    def __init__(
        self,
        clients: Clients,
        queue: str,
        *,
        ccsid: int,
        format: str,  # noqa: A002 - MQ's word
        encoding: str = "",
        wait: int = 20,
        offload: Offload | None = None,
        stop: Told | None = None,
        by_deduplication_id: bool = False,
        most_bytes: int = DEFAULT_MOST_BYTES,
        offloaded: Callable[[], None] = lambda: None,
        traced: bool = False,
    ) -> None:
        self._clients = clients
        self._queue = Queue.parse(queue)
        self._most_bytes = most_bytes
        self._ccsid = ccsid
        self._format = format
        self._encoding = encoding
        self._wait = wait
        self._offload = offload
        self._stop = stop
        self._by_deduplication_id = by_deduplication_id
        self._offloaded = offloaded
        self._traced = traced
        self._link: _Link | None = None
        self._keeper: visibility.Keeper | None = None
        self._unit: dict[str, _Taken] = {}
        self._waiting: deque[MessageTypeDef] = deque()
        self._kept: dict[str, int] = {}
        """How often a message was backed out and stayed in hand."""
        self._held: set[str] = set()
        self._left: OrderedDict[str, int] = OrderedDict()
        self.possible_duplicates = 0

    @property
    def name(self) -> str:
        """`sqs:` and the queue's name."""
        return f"sqs:{self._queue.name}"

    def connect(self) -> None:
        """Finds the queue and reads its visibility time-out, once. Raises `Away` and `Stop`."""
        self._connected()

    def take(self, limit: int) -> Sequence[Delivery]:
        """Receives up to `limit` messages, ten at most, and fetches the payloads of those that are pointers.

        What the last receive brought beyond the bytes of a unit comes first, without another.

        A message whose payload can't be had has a `fault`. One whose payload S3 does not give out just now is
        left in the queue for a while, the longer the more often that happened, and with it those behind it
        in its group; at its last receive it has a `fault` too. Raises `Away` when SQS is away, or S3 for all
        that came.
        """
        link = self._connected()
        if not self._waiting:
            self._receive(link, min(limit, MOST_ENTRIES))
        deliveries: list[Delivery] = []
        size = 0
        away: Away | None = None
        while self._waiting and len(deliveries) < limit and size < self._most_bytes:
            raw = self._waiting.popleft()
            group = group_of(raw)
            try:
                if group in self._held:
                    raise away or Away(f"{self.name}: a payload of the group before it was not fetched")
                deliveries.append(self._delivery(link, raw, group))
                size += len(deliveries[-1].message.body)
            except Away as error:
                away = away or error
                self._held |= {group} - {""}
                self._leave(link, raw)
        if away and not deliveries:
            self.back_out()
            raise away
        if away:
            log.warning("payload_not_fetched", queue=self.name, reason=str(away))
        return deliveries

    def commit(self) -> None:
        """Deletes the unit's messages, and then their payloads where the configuration says so.

        Raises `Away` when some could not be deleted: those come again. The others are gone all the same.
        """
        link, unit = self._link, self._unit
        self._unit = {}
        if link is None or not unit:
            return
        try:
            # Kept from others' sight until then: a delete may be answered late.
            undeleted = link.deleter.delete(unit)
        finally:
            if self._keeper and self._waiting:
                for receipt in unit:
                    self._keeper.leave(receipt)
            else:
                self._end()
        if self._offload and self._offload.delete_after_delivery:
            for receipt, taken in unit.items():
                if taken.pointer and receipt not in undeleted:
                    self._delete_payload(link, taken.pointer)
        if undeleted:
            self.possible_duplicates += len(undeleted)
            raise Away(
                f"{len(undeleted)} delivered messages can't be deleted and will come again: "
                f"{next(iter(undeleted.values()))}"
            )

    def back_out(self) -> None:
        """Makes what was received visible again, as far as SQS lets it; else it becomes so anyway.

        What is received for the last time stays in hand.
        """
        link, unit = self._link, self._unit
        if link is None:
            return
        received = [*(taken.raw for taken in unit.values()), *self._waiting]
        last = [raw for raw in received if why_last(raw, link.most_receives)]
        kept = {raw["MessageId"]: self._kept.get(raw["MessageId"], 0) for raw in last}
        for taken in unit.values():
            if why_last(taken.raw, link.most_receives):
                kept[taken.raw["MessageId"]] += 1
        for raw in self._waiting:
            if not why_last(raw, link.most_receives):
                self._goes_back_untried(raw)
        self._give_back(link, [raw for raw in received if not why_last(raw, link.most_receives)])
        self._kept = kept
        if last:
            # Its time-out may be nearly over.
            visibility.change(link.client, link.url, self.name, receipts(last), link.visibility)
            self._keep(link, last)

    def close(self) -> None:
        """Gives back all of it; the clients are the process's."""
        if self._link:
            for raw in self._waiting:
                self._goes_back_untried(raw)
            self._give_back(self._link, [*(taken.raw for taken in self._unit.values()), *self._waiting])
        self._link = None

    def _connected(self) -> _Link:
        if self._link is None:
            self._link = self._linked()
        return self._link

    def _linked(self) -> _Link:
        client = self._clients.sqs(self._queue.region)
        url = self._queue.look_up(client)
        try:
            attributes = client.get_queue_attributes(
                QueueUrl=url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"]
            )["Attributes"]
        except FAULTS as error:
            raise classify(error, self.name).as_away() from None
        most_receives = int(json.loads(attributes.get("RedrivePolicy", "{}")).get("maxReceiveCount", 0))
        if most_receives == 1:
            log.warning(
                "redrive_at_once",
                queue=self.name,
                note="SQS moves away whatever is not delivered at the first try: raise its maxReceiveCount",
            )
        largest = self._offload.maximum_size if self._offload else 0
        storage = Storage(self._clients, largest=largest, owner=Queue.account_in(url))
        allowed = (self._offload.bucket, *self._offload.read_from) if self._offload else ()
        return _Link(
            client=client,
            poller=self._clients.polling_sqs(self._queue.region),
            url=url,
            visibility=max(int(attributes["VisibilityTimeout"]), LEAST_VISIBILITY),
            most_receives=most_receives,
            storage=storage,
            deleter=Deleter(client, url, self.name, self._stop),
            follower=Follower(extended.retrieval(storage, client.meta.region_name), allowed, self._offloaded),
        )

    def _received(self, link: _Link, limit: int) -> Sequence[MessageTypeDef]:
        """One ReceiveMessage; raises `Away`. Nothing, at once, when `stop` is set.

        The call can't be interrupted, so it has a thread of its own that is left behind on a stop; what it
        still receives then goes back at once.
        """
        traces: Sequence[Literal["AWSTraceHeader"]] = [xray.HEADER] if self._traced else []

        def receive() -> Sequence[MessageTypeDef]:
            answer = link.poller.receive_message(
                QueueUrl=link.url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=self._wait,
                VisibilityTimeout=link.visibility,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=[
                    "ApproximateReceiveCount",
                    "MessageGroupId",
                    "MessageDeduplicationId",
                    "SentTimestamp",
                    *traces,
                ],
            )
            return answer.get("Messages", [])

        def give_back(received: Sequence[MessageTypeDef]) -> None:
            for raw in received:
                self._goes_back_untried(raw)
            if received:
                visibility.change(link.client, link.url, self.name, receipts(received), 0)

        try:
            return receive() if self._stop is None else unless_stopped(self._stop, receive, give_back)
        except FAULTS as error:
            raise classify(error, self.name).as_away() from None

    def _receive(self, link: _Link, limit: int) -> None:
        """A new receive, kept from others' sight until its last unit of work is ended."""
        self._end()
        received = self._received(link, limit)
        if received:
            self._keep(link, received)

    def _keep(self, link: _Link, received: Sequence[MessageTypeDef]) -> None:
        """These are to be taken, and until then kept from others' sight."""
        self._keeper = visibility.Keeper(
            link.client, link.url, self.name, receipts(received), link.visibility
        )
        self._waiting.extend(received)

    def _give_back(self, link: _Link, received: Sequence[MessageTypeDef]) -> None:
        """Lets go of all that is in hand, and makes these visible."""
        self._end()
        if received:
            visibility.change(link.client, link.url, self.name, receipts(received), 0)

    def _delivery(self, link: _Link, raw: MessageTypeDef, group: str) -> Delivery:
        """One message for the unit of work, its payload fetched; raises `Away` where S3 is."""
        cloud = cloud_message(raw)
        received = receives(raw) - 1
        receipt = raw["ReceiptHandle"]
        last = why_last(raw, link.most_receives)
        pointer = None
        try:
            cloud, pointer = link.follower.follow(cloud, patient=received < _PATIENCE)
            message = from_cloud(cloud, ccsid=self._ccsid, format=self._format, encoding=self._encoding)
            fault = ""
        except (BadPointer, MappingError) as error:
            message, fault = as_received.to_message(cloud), capped(f"{self.name}: {error}", LONGEST_REASON)
        except Away as error:
            if not last:
                raise
            message, fault = as_received.to_message(cloud), capped(f"{error}; and {last}", LONGEST_REASON)
        self._unit[receipt] = _Taken(raw, pointer)
        identity = raw["MessageId"]
        lasting = raw.get("Attributes", {}).get("MessageDeduplicationId", "")
        message = replace(message, source_id=(lasting if self._by_deduplication_id else "") or identity)
        # Not every receive was an attempt.
        deliveries = max(0, received - self._left.get(identity, 0)) + self._kept.get(identity, 0)
        sent_at = int(raw.get("Attributes", {}).get("SentTimestamp", "0")) / 1000
        parent = xray.to_traceparent(raw.get("Attributes", {}).get(xray.HEADER, "")) if self._traced else ""
        return Delivery(
            message,
            deliveries,
            identity,
            receipt,
            fault,
            as_received=bool(fault),
            group=group,
            sent_at=sent_at,
            last=last,
            traceparent=parent,
        )

    def _leave(self, link: _Link, raw: MessageTypeDef) -> None:
        """Leaves a message in the queue, longer each time: every receive brings it nearer to a redrive."""
        if self._keeper:
            self._keeper.leave(raw["ReceiptHandle"])
        self._goes_back_untried(raw)
        seconds = min(15 * 2 ** min(receives(raw), 6), 900)
        visibility.change(link.client, link.url, self.name, [raw["ReceiptHandle"]], seconds)

    def _goes_back_untried(self, raw: MessageTypeDef) -> None:
        """S3 is away, or the route comes to the gate: nothing is wrong with the message."""
        self._left[raw["MessageId"]] = self._left.get(raw["MessageId"], 0) + 1
        if len(self._left) > _MOST_LEFT:
            self._left.popitem(last=False)

    def _end(self) -> None:
        """Lets go of what the last receive brought."""
        if self._keeper:
            self._keeper.stop()
        self._keeper, self._unit, self._kept = None, {}, {}
        self._waiting.clear()
        self._held.clear()

    def _delete_payload(self, link: _Link, pointer: Pointer) -> None:
        try:
            link.storage.delete_object(Bucket=pointer.bucket, Key=pointer.key)
        except FAULTS as error:
            log.warning(
                "payload_not_deleted",
                payload=str(pointer),
                reason=classify(error, str(pointer)).reason,
            )
