"""A unit of messages through a batch call of AWS's, and each one's outcome."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

from bridge.aws.batching import packed
from bridge.aws.faults import FAULTS, Kind, Trouble, classify, refused, trouble
from bridge.aws.fifo import Fifo
from bridge.aws.offload import Offloader
from bridge.aws.pace import Pace
from bridge.errors import MappingError
from bridge.large_text import LargeText
from bridge.mapping import CloudMessage, size, to_cloud
from bridge.message import Message, Rejection

Answer = Mapping[str, Sequence[Mapping[str, Any]]]
"""What PublishBatch and SendMessageBatch answer: `Successful` and `Failed` entries, each with its `Id`."""


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


class UnderWay(Protocol):
    """A request that was begun."""

    @property
    def has_come(self) -> bool:
        """Whether its answer has begun to."""
        ...

    def answer(self) -> Answer:
        """Waits for it. Raises one of `FAULTS`."""
        ...

    def give_up(self) -> None:
        """Ends it without its answer."""


Send = Callable[[Mapping[str, Entry]], UnderWay]
"""Begins one request: its entries by their ids. Raises one of `FAULTS`."""

Outcomes = dict[int, Trouble | None]


@dataclass(slots=True)
class _Sending:
    """Requests that wait, those under way, the oldest first, and what became of the others' entries."""

    requests: deque[list[Entry]]
    outcomes: Outcomes
    under_way: deque[tuple[list[Entry], UnderWay]] = field(default_factory=deque)
    away: Trouble | None = None
    """Why the destination takes no more."""

    @property
    def goes_on(self) -> bool:
        """Whether there is another to send."""
        return bool(self.requests) and not self.away


MOST_REQUESTS = 10
"""Under way at a time, of one destination. They are answered in any order: what has an order of its own, the
messages of one group, comes in calls of its own."""


class BatchDelivery:
    """Delivers messages by a batch call: offloads, cuts into requests, sends, finds each one's outcome.

    Several requests are under way at a time as long as the destination takes them, all of one thread: the
    first after it was away, and the first of all, goes alone.

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
        self._pool = ThreadPoolExecutor(MOST_REQUESTS, thread_name_prefix="bodies")
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
        sending = _Sending(requests, outcomes)
        if not self._takes or self._singly or len(requests) == 1:
            self._singly = max(0, self._singly - 1)
            self._begin(sending)
            self._end(sending)
            return sending.away
        try:
            while sending.under_way or sending.goes_on:
                while sending.goes_on and len(sending.under_way) < MOST_REQUESTS:
                    self._begin(sending)
                self._end(sending)
        finally:
            for _, under_way in sending.under_way:
                under_way.give_up()
        return sending.away

    def _begin(self, sending: _Sending) -> None:
        """Sends the next request, at the pace that the destination takes, unless it is away by then."""
        if seconds := self._pace.wait(len(sending.requests[0])):
            time.sleep(seconds)
            # What they tell may change the pace.
            while sending.under_way and sending.under_way[0][1].has_come:
                self._end(sending)
            if sending.away:
                return
        request = sending.requests.popleft()
        try:
            by_id = {str(place): entry for place, entry in enumerate(request)}
            sending.under_way.append((request, self._send(by_id)))
        except FAULTS as error:
            self._failed(sending, request, error)

    def _end(self, sending: _Sending) -> None:
        """Waits for the answer to the oldest request, and notes what became of it."""
        if not sending.under_way:
            return
        request, under_way = sending.under_way.popleft()
        try:
            sending.outcomes.update(self._outcomes_of(request, under_way.answer()))
        except FAULTS as error:
            self._failed(sending, request, error)
        else:
            self._takes = True

    def _failed(self, sending: _Sending, request: list[Entry], error: Exception) -> None:
        """Notes what became of a request that was refused as a whole, or never answered.

        One of several entries that is none of the destination's fault goes again, an entry at a time.
        """
        found = classify(error, self._destination)
        if found.kind is Kind.THROTTLED:
            self._pace.refused()
        self._takes = not found.away
        if not found.away and len(request) > 1:  # one of them may have spoilt it for all: find out which
            sending.requests.extendleft([entry] for entry in reversed(request))
            self._singly = len(request)
            return
        sending.outcomes.update({entry.index: found for entry in request})
        if found.away:
            sending.away = found

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

    def _outcomes_of(self, request: Sequence[Entry], answer: Answer) -> Outcomes:
        """The outcome of each entry of a request that was answered."""
        taken = {entry.get("Id") for entry in answer["Successful"]}
        self._pace.taken(len(taken))
        failed = {entry.get("Id"): entry for entry in answer["Failed"]}
        outcomes: Outcomes = {}
        for place, entry in enumerate(request):
            name = str(place)
            if name in failed:
                suspect = entry.suspect or bool(taken)
                outcomes[entry.index] = self._refused(failed[name], suspect=suspect)
            elif name in taken:
                outcomes[entry.index] = None
            else:
                outcomes[entry.index] = trouble(
                    Kind.UNCLEAR, self._destination, "the answer does not mention it"
                )
        if any(found and found.kind is Kind.THROTTLED for found in outcomes.values()):
            self._pace.refused()
        return outcomes

    def _refused(self, entry: Mapping[str, Any], *, suspect: bool) -> Trouble:
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
