"""A unit of messages through a batch call of AWS's, and each one's outcome."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from bridge.aws.batching import packed
from bridge.aws.faults import FAULTS, Kind, Trouble, classify, refused, trouble
from bridge.aws.fifo import Fifo
from bridge.aws.offload import Offloader
from bridge.aws.pace import Pace
from bridge.errors import MappingError
from bridge.large_text import LargeText
from bridge.mapping import Attribute, CloudMessage, size, to_cloud
from bridge.message import Message, Rejection

Answer = Mapping[str, Any]
"""What PublishBatch and SendMessageBatch answer: `Successful` and `Failed` entries by `Id`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of a request. `index` is its place in the unit, `order` what a FIFO destination is told.

    `length` is its bytes as AWS counts them. `suspect` says that it failed the last time while others
    arrived.
    """

    index: int
    cloud: CloudMessage
    length: int
    order: Mapping[str, str]
    suspect: bool = False


Send = Callable[[Mapping[str, Entry]], Answer]
"""Sends one request: its entries by their ids. Raises one of `FAULTS`."""


def attribute_values(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """Message attributes as SNS and SQS both take them."""
    return {
        name: {
            "DataType": attribute.type,
            "StringValue" if isinstance(attribute.value, str) else "BinaryValue": attribute.value,
        }
        for name, attribute in attributes.items()
    }


Outcomes = dict[int, Trouble | None]


MOST_REQUESTS = 10
"""Under way at a time, of one destination. They are answered in any order: what has an order of its own, the
messages of one group, comes in calls of its own."""


class BatchDelivery:
    """Delivers messages by a batch call: offloads, cuts into requests, sends, finds each one's outcome.

    Several requests are under way at a time as long as the destination takes them: the first after it was
    away, and the first of all, goes alone.

    `destination` is for reasons: `sns:arn:...`, and `pace` is its own; `write` makes AWS's message of one of
    ours, or raises `MappingError`. For one thread.
    """

    def __init__(
        self,
        destination: str,
        send: Send,
        offloader: Offloader | None,
        fifo: Fifo | None = None,
        *,
        pace: Pace,
        write: Callable[[Message], CloudMessage] = to_cloud,
    ) -> None:
        self._destination = destination
        self._send = send
        self._offloader = offloader
        self._fifo = fifo
        self._pace = pace
        self._pool = ThreadPoolExecutor(MOST_REQUESTS, thread_name_prefix="requests")
        self._takes = False
        """Whether the destination took the last request."""
        self._singly = 0
        """Requests to send alone: what is in one of them spoilt another."""
        self._suspects: Sequence[Message] = ()
        """Those of the last call that may have been what AWS stumbled over."""
        self._write = write

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """As `Sink.deliver`. Raises `Away` where all were refused for something that a person has to mend."""
        outcomes: Outcomes = {}
        self._singly = 0
        entries = self._prepared(messages, outcomes)
        requests = deque(packed(entries, attrgetter("length")))
        while requests:
            away = self._send_all(requests, outcomes)
            if away:  # for the others too; asking again would only keep everybody waiting
                outcomes.update({entry.index: away for request in requests for entry in request})
                break
        in_order = [outcomes[index] for index in range(len(messages))]
        self._suspects = [
            message
            for message, found in zip(messages, in_order, strict=True)
            if found and found.kind is Kind.UNCLEAR
        ]
        _raise_if_all_wait_for_a_person(in_order)
        return [found.as_rejection() if found else None for found in in_order]

    def close(self) -> None:
        """Ends its threads."""
        self._pool.shutdown(wait=False)

    def _send_all(self, requests: deque[list[Entry]], outcomes: Outcomes) -> Trouble | None:
        """Sends requests until there are none, or the destination is found to be away: returns why.

        What is left in `requests` was not sent. Returns when none is under way any more.
        """
        if not self._takes or self._singly or len(requests) == 1:
            self._singly = max(0, self._singly - 1)
            return self._settle(
                requests, outcomes, (request := requests.popleft()), lambda: self._sent(request)
            )
        under_way: dict[Future[Outcomes], list[Entry]] = {}
        away: Trouble | None = None
        try:
            while under_way or (requests and not away):
                while requests and not away and len(under_way) < MOST_REQUESTS:
                    request = requests.popleft()
                    under_way[self._pool.submit(self._sent, request)] = request
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    away = self._settle(requests, outcomes, under_way.pop(future), future.result) or away
        finally:
            wait(under_way)
        return away

    def _settle(
        self,
        requests: deque[list[Entry]],
        outcomes: Outcomes,
        request: list[Entry],
        answer: Callable[[], Outcomes],
    ) -> Trouble | None:
        """Notes what became of a request; returns why the destination is away, where it is.

        One of several entries that was refused as a whole is back in `requests`, an entry at a time.
        """
        try:
            outcomes.update(answer())
        except FAULTS as error:
            found = classify(error, self._destination)
            if found.kind is Kind.THROTTLED:
                self._pace.refused()
            self._takes = not found.away
            if not found.away and len(request) > 1:  # one of them may have spoilt it for all: find out which
                requests.extendleft([entry] for entry in reversed(request))
                self._singly = len(request)
                return None
            outcomes.update({entry.index: found for entry in request})
            return found if found.away else None
        self._takes = True
        return None

    def _prepared(self, messages: Sequence[Message], outcomes: Outcomes) -> list[Entry]:
        """What is to be sent; what can't be written, or S3 did not take, gets its outcome here."""
        clouds: dict[int, tuple[CloudMessage, int]] = {}
        large: dict[int, CloudMessage] = {}
        for index, message in enumerate(messages):
            offloader = self._offloader
            if offloader and (pointer := offloader.known(message)):
                clouds[index] = pointer, size(pointer)
                continue
            try:
                cloud = self._write(message)
            except MappingError as error:
                outcomes[index] = Trouble(Kind.MESSAGE, f"{self._destination}: {error}")
                continue
            length = size(cloud)
            if offloader and offloader.wants(cloud, length):
                large[index] = cloud
            elif isinstance(cloud.body, LargeText):
                what = f"a body of {len(cloud.body)} bytes is more than a message can have"
                outcomes[index] = Trouble(
                    Kind.MESSAGE, f"{self._destination}: {what}: configure offload, and it goes through S3"
                )
            else:
                clouds[index] = cloud, length
        if self._offloader and large:
            bodies = [(messages[index], cloud) for index, cloud in large.items()]
            for index, found in zip(large, self._offloader.put(bodies, self._pool), strict=True):
                if isinstance(found, Trouble):
                    outcomes[index] = found
                else:
                    clouds[index] = found, size(found)
        return [self._entry(index, messages[index], *clouds[index]) for index in sorted(clouds)]

    def _entry(self, index: int, message: Message, cloud: CloudMessage, length: int) -> Entry:
        order = self._fifo.parameters(message) if self._fifo else {}
        return Entry(index, cloud, length, order, any(message is each for each in self._suspects))

    def _sent(self, request: Sequence[Entry]) -> Outcomes:
        """Sends one request; the outcome of each of its entries."""
        by_id = {str(place): entry for place, entry in enumerate(request)}
        if seconds := self._pace.wait(len(request)):
            time.sleep(seconds)
        answer = self._send(by_id)
        taken = {entry["Id"] for entry in answer.get("Successful", ())}
        self._pace.taken(len(taken))
        failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
        outcomes: Outcomes = {}
        for name, entry in by_id.items():
            if name in failed:
                suspect = entry.suspect or bool(taken)
                outcomes[entry.index] = self._failed(failed[name], suspect=suspect)
            elif name in taken:
                outcomes[entry.index] = None
            else:
                outcomes[entry.index] = trouble(
                    Kind.UNCLEAR, self._destination, "the answer does not mention it"
                )
        if any(found and found.kind is Kind.THROTTLED for found in outcomes.values()):
            self._pace.refused()
        return outcomes

    def _failed(self, entry: Mapping[str, Any], *, suspect: bool) -> Trouble:
        """A failed entry, judged by its code where that is everybody's trouble, else by what AWS says.

        The code comes first, for SNS calls even throttling the sender's fault.
        """
        found = refused(self._destination, entry.get("Code", ""), entry.get("Message", ""))
        if found.kind is Kind.FAILING and suspect:
            # It worked for its neighbours: perhaps it is this message that AWS stumbles over.
            return Trouble(Kind.UNCLEAR, found.reason)
        if found.kind is Kind.UNCLEAR and entry.get("SenderFault"):
            return Trouble(Kind.MESSAGE, found.reason)
        return found


def _raise_if_all_wait_for_a_person(outcomes: Sequence[Trouble | None]) -> None:
    waiting = [found for found in outcomes if found and found.slowly]
    if waiting and len(waiting) == len(outcomes):
        raise waiting[0].as_away()
