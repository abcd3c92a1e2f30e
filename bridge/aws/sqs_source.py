"""An SQS queue as a source.

A message that came through an SNS subscription without raw delivery is SNS's JSON envelope, and is handed on
as it is: switch raw delivery on where the message itself is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Literal

import structlog

from bridge.aws import as_received, extended, visibility, xray
from bridge.aws.batching import MOST_ENTRIES
from bridge.aws.deleting import Deleter
from bridge.aws.faults import FAULTS, LONGEST_REASON, capped, classify
from bridge.aws.offload import BadPointer, Follower
from bridge.aws.payloads import MOST_GETS, Payloads, Pointer
from bridge.aws.queue import Queue
from bridge.aws.received import cloud_message, group_of, receipts, receives, why_last
from bridge.aws.receiving import MOST_RECEIVES, Receiver
from bridge.aws.session import Clients
from bridge.aws.settling import AHEAD, MOST_DELETES, Settled, Settling, Undeleted
from bridge.aws.visibility import Keeper
from bridge.aws.workers import Workers
from bridge.errors import Away, MappingError
from bridge.mapping import from_cloud
from bridge.message import Delivery
from bridge.remembered import Remembered
from bridge.room import IN_FLIGHT, Room

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from bridge.configuration import Offload
    from bridge.gate import Told

LEAST_VISIBILITY = 2
"""Seconds a received message is kept from others at the least, whatever the queue says."""

_CLOSES_WITHIN = 2.0
"""Seconds that closing waits for receives under way, which last no longer unless SQS is away."""
_PATIENCE = 3
"""Deliveries for which "access denied" to a payload may be a right that somebody is about to give."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Link:
    """What a source is connected with; `visibility` is the queue's time-out in seconds.

    At the receive after `most_receives` SQS itself moves a message away; 0 for never.
    """

    client: SQSClient
    url: str
    visibility: int
    most_receives: int
    storage: Payloads
    fetchers: Workers
    follower: Follower
    receivers: Workers
    receiver: Receiver
    deleters: Workers
    settling: Settling
    keeper: Keeper


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message of the unit of work in hand."""

    raw: MessageTypeDef
    pointer: Pointer | None


class SqsSource:
    """Takes from one queue (name, URL or ARN), payloads fetched from S3. A `Source`.

    `wait` is the long poll in seconds (0 to 20). `ccsid` and `format` are what text is written in on the MQ
    side where a message doesn't say, and `encoding` is how its body is written then. When `stop` is set,
    `take` returns at once. `offloaded` is called for each body that S3 gave, and `undeleted` with how many
    messages were delivered, but could not be deleted.

    A message's `source_id` is its MessageId, or `by_deduplication_id` its MessageDeduplicationId. With
    `traced` its X-Ray header is asked for too.

    A unit of work is what is there, and takes no further message once it is full by the bytes of its bodies:
    the rest is the next unit's. Their payloads are fetched meanwhile, as far as all that is in hand has no
    more than `most_bytes`. Under load, which full answers tell, further messages are received meanwhile, and
    what was committed is deleted meanwhile. A FIFO queue has one receive at a time, and none before the last
    unit of work is deleted.

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
        most_bytes: int = IN_FLIGHT,
        offloaded: Callable[[], None] = lambda: None,
        undeleted: Callable[[int], None] = lambda _messages: None,
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
        self._unit: dict[str, _Taken] = {}
        self._kept: dict[str, int] = {}
        """How often a message was backed out and stayed in hand."""
        self._held: set[str] = set()
        self._left = Remembered()
        self._leaving = Lock()
        self._undeleted = Undeleted(undeleted)

    @property
    def name(self) -> str:
        """`sqs:` and the queue's name."""
        return f"sqs:{self._queue.name}"

    def connect(self) -> None:
        """Finds the queue and reads its visibility time-out, once. Raises `Away` and `Stop`."""
        self._connected()

    def take(self, limit: int) -> Sequence[Delivery]:
        """Takes up to `limit` messages, and fetches the payloads of those that are pointers.

        What was received beyond the bytes of a unit, or meanwhile, comes first, without another receive. A
        unit with a message that was received before has ten at the most: one that breaks every unit it is in
        is not to take many with it.

        A message whose payload can't be had has a `fault`. One whose payload S3 does not give out just now is
        left in the queue for a while, the longer the more often that happened, and with it those behind it
        in its group; at its last receive it has a `fault` too. Raises `Away` when SQS is away, or S3 for all
        that came, and where messages of an earlier unit of work could not be deleted.
        """
        link = self._connected()
        if failed := link.settling.failed():
            raise Away(failed)
        if not (link.receiver.waiting and self._queue.fifo):
            self._held.clear()
        try:
            link.receiver.wait(limit, self._stop)
        except FAULTS as error:
            raise classify(error, self.name).as_away() from None
        link.follower.fetch(map(cloud_message, link.receiver.coming(limit)), self._most_bytes)
        deliveries: list[Delivery] = []
        most, size = limit, 0
        away: Away | None = None
        while len(deliveries) < limit and size < link.storage.room.a_unit and (raw := link.receiver.next()):
            if receives(raw) > 1:
                limit = min(limit, MOST_ENTRIES)
                if len(deliveries) >= limit:
                    link.receiver.put_back([raw])
                    break
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
        if away:
            link.follower.forget()
        if away and not deliveries:
            self.back_out()
            raise away
        link.receiver.handed_out(most, size + link.storage.size_ahead)
        if away:
            log.warning("payload_not_fetched", queue=self.name, reason=str(away))
        return deliveries

    def commit(self) -> None:
        """Deletes the unit's messages, and then their payloads where the configuration says so.

        While more is at hand up to five requests for that are under way when it returns: what fails then is
        the next `take`'s to say. Raises `Away` when some could not be deleted: those come again. The others
        are gone all the same.
        """
        link, unit = self._link, self._unit
        self._unit = {}
        if link is None or not unit:
            return
        for taken in unit.values():
            self._kept.pop(taken.raw["MessageId"], None)
            self._undeleted.forget(taken.raw["MessageId"])
        settled = {receipt: Settled(taken.raw["MessageId"], taken.pointer) for receipt, taken in unit.items()}
        if failed := link.settling.settle(settled, ahead=AHEAD if link.receiver.busy else 0):
            raise Away(failed)

    def back_out(self) -> None:
        """Makes what was received visible again, as far as SQS lets it; else it becomes so anyway.

        What is received for the last time stays in hand.
        """
        link, unit = self._link, self._unit
        if link is None:
            return
        self._unit = {}
        link.follower.forget()
        waiting = link.receiver.take_all()
        for taken in unit.values():
            if why_last(taken.raw, link.most_receives):
                identity = taken.raw["MessageId"]
                self._kept[identity] = self._kept.get(identity, 0) + 1
        received = [taken.raw for taken in unit.values()]
        last = [*self._give_back(link, received), *self._give_back(link, waiting, untried=True)]
        if last:
            # Its time-out may be nearly over.
            visibility.change(link.client, link.url, self.name, receipts(last), link.visibility)
            link.receiver.put_back(last)

    def close(self) -> None:
        """Gives back all of it, and waits for deletes under way; the clients are the process's."""
        link, unit = self._link, self._unit
        if link is None:
            return
        self._link, self._unit = None, {}
        link.follower.forget()
        waiting = link.receiver.take_all()
        self._give_back(link, [taken.raw for taken in unit.values()], all_of_it=True)
        self._give_back(link, waiting, untried=True, all_of_it=True)
        self._kept.clear()
        if failed := link.settling.end():
            log.warning("delivered_not_deleted", queue=self.name, reason=failed)
        link.receiver.end(_CLOSES_WITHIN)
        link.keeper.stop()
        for each in (link.receivers, link.fetchers, link.deleters):
            each.close()

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
        fetchers = Workers(f"payloads {self.name}", MOST_GETS)
        storage = Payloads(
            self._clients,
            largest=largest,
            owner=Queue.account_in(url),
            workers=fetchers,
            room=Room(self._most_bytes),
        )
        allowed = (self._offload.bucket, *self._offload.read_from) if self._offload else ()
        seconds = max(int(attributes["VisibilityTimeout"]), LEAST_VISIBILITY)
        keeper = Keeper(client, url, self.name, seconds)
        # Twice as many, for those that were called off may be under way yet.
        receivers = Workers(f"receive {self.name}", 2 * MOST_RECEIVES)
        deleters = Workers(f"delete {self.name}", MOST_DELETES)
        poller = self._clients.polling_sqs(self._queue.region)
        link = _Link(
            client=client,
            url=url,
            visibility=seconds,
            most_receives=most_receives,
            storage=storage,
            fetchers=fetchers,
            follower=Follower(
                extended.retrieval(storage, client.meta.region_name), storage, allowed, self._offloaded
            ),
            receivers=receivers,
            receiver=Receiver(
                partial(self._received, poller, url, seconds),
                lambda received: keeper.keep(receipts(received)),
                lambda received: self._late(link, received),
                receivers,
                wait=self._wait,
                most=1 if self._queue.fifo else MOST_RECEIVES,
                most_bytes=self._most_bytes,
            ),
            deleters=deleters,
            settling=Settling(
                Deleter(client, url, self.name, self._stop),
                keeper,
                deleters,
                self._undeleted,
                storage if self._offload and self._offload.delete_after_delivery else None,
            ),
            keeper=keeper,
        )
        return link

    def _received(
        self, poller: SQSClient, url: str, seconds: int, limit: int, wait: int
    ) -> Sequence[MessageTypeDef]:
        """One ReceiveMessage; raises one of `FAULTS`."""
        traces: Sequence[Literal["AWSTraceHeader"]] = [xray.HEADER] if self._traced else []
        answer = poller.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=wait,
            VisibilityTimeout=seconds,
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

    def _late(self, link: _Link, received: Sequence[MessageTypeDef]) -> Sequence[MessageTypeDef]:
        """What came after a stop or a back-out goes back at once; what SQS would move away then stays."""
        link.keeper.keep(receipts(received))
        return self._give_back(link, received, untried=True, all_of_it=self._link is not link)

    def _give_back(
        self,
        link: _Link,
        received: Sequence[MessageTypeDef],
        *,
        untried: bool = False,
        all_of_it: bool = False,
    ) -> Sequence[MessageTypeDef]:
        """Makes these visible; returns those that are not, for SQS would move them away at the next receive.

        `all_of_it` says that those go too.
        """
        last = [raw for raw in received if not all_of_it and why_last(raw, link.most_receives)]
        back = [raw for raw in received if all_of_it or not why_last(raw, link.most_receives)]
        link.keeper.let_go(receipts(back))
        if untried:
            for raw in back:
                self._goes_back_untried(raw)
        if back:
            visibility.change(link.client, link.url, self.name, receipts(back), 0)
        return last

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
        deliveries = max(0, received - self._left.times(identity)) + self._kept.get(identity, 0)
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
            arrived=identity in self._undeleted,
        )

    def _leave(self, link: _Link, raw: MessageTypeDef) -> None:
        """Leaves a message in the queue, longer each time: every receive brings it nearer to a redrive."""
        link.keeper.let_go([raw["ReceiptHandle"]])
        self._goes_back_untried(raw)
        seconds = min(15 * 2 ** min(receives(raw), 6), 900)
        visibility.change(link.client, link.url, self.name, [raw["ReceiptHandle"]], seconds)

    def _goes_back_untried(self, raw: MessageTypeDef) -> None:
        """S3 is away, or the route comes to the gate: nothing is wrong with the message."""
        with self._leaving:
            self._left.add(raw["MessageId"])
