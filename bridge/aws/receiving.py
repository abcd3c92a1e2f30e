"""ReceiveMessage: one long poll at a time, and under load several calls at a time, ahead of their need."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice
from threading import Condition
from typing import TYPE_CHECKING

from bridge.aws.batching import MOST_ENTRIES
from bridge.aws.received import receives

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from bridge.aws.workers import Workers
    from bridge.gate import Told

MOST_RECEIVES = 6
"""Under way at a time, of one queue."""
_GROWTH = 4
"""Times as many for each full answer: two tell a backlog, and one now and then costs little."""
_SHORTLY = 1
"""Seconds that a receive ahead of need waits: SQS asks all of its servers then, and it does not hang on."""
_LOOK_EVERY = 0.2
"""Seconds between two looks at whether to stop while a call waits."""

Receive = Callable[[int, int], Sequence["MessageTypeDef"]]
"""One ReceiveMessage: at most so many messages, waiting for so many seconds."""


class Receiver:
    """What was received and is not handed out yet, and the calls that bring more. Used by one thread.

    An answer with all the ten messages that were asked for says that there is a backlog: then there may be
    four times as many calls at a time, up to `most`. One that is not full halves that number, an empty one
    makes it one, and so does one with a message that was received before: no call is made then but when there
    is nothing to hand out. For where messages come again something goes wrong, and each time everything in
    hand comes nearer to being set aside for it.

    `wait` is the long poll in seconds. No more is received ahead than the next unit of work may have, nor, as
    far as the last answers tell, than makes `most_bytes` of bodies with those in hand. `came` is told of what
    came before it is handed out; it and `late`, which is given what came after all was called off and returns
    what to hand out none the less, are called by the threads of `workers`.
    """

    def __init__(
        self,
        receive: Receive,
        came: Callable[[Sequence[MessageTypeDef]], None],
        late: Callable[[Sequence[MessageTypeDef]], Sequence[MessageTypeDef]],
        workers: Workers,
        *,
        wait: int,
        most: int,
        most_bytes: int,
    ) -> None:
        self._receive = receive
        self._came = came
        self._late = late
        self._workers = workers
        self._wait = wait
        self._most = most
        self._most_bytes = most_bytes
        self._changed = Condition()
        self._waiting: deque[MessageTypeDef] = deque()
        self._under_way = 0
        self._ahead: list[Future[None]] = []
        self._at_a_time = 1
        self._fallings = 0
        """How often that number fell: a full answer to a call begun before tells of no backlog any more."""
        self._limit = 0
        """Messages that the next unit of work may have."""
        self._in_hand = 0
        """Bytes of the bodies that were handed out and of those that wait."""
        self._largest = 0
        """Bytes of the bodies in the largest answer since there was no backlog."""
        self._error: Exception | None = None
        self._calling_off = 0
        """How often all was called off: what was begun before the last time is late."""

    @property
    def waiting(self) -> bool:
        """Whether there is something to hand out."""
        return bool(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether there is something to hand out, or may be in a moment."""
        return bool(self._waiting or self._under_way)

    def wait(self, limit: int, stop: Told | None) -> None:
        """Returns once there is something to hand out, or nothing came, or at once when `stop` is set.

        Raises what a call raised where there is nothing else. What is still under way then, or on a stop, is
        called off.
        """
        if self._waiting:
            return
        if stop is not None and stop.is_set():
            self.call_off()
            return
        with self._changed:
            self._limit, self._in_hand = limit, 0
            if not self._under_way and not self._error:
                self._begin(min(limit, MOST_ENTRIES), self._wait)
            self._look_ahead()
            while not self._waiting and self._under_way and not self._error:
                # Only an event of the bridge's own would end a wait by itself.
                self._changed.wait(_LOOK_EVERY if stop is not None else None)
                if stop is not None and stop.is_set() and not self._waiting:
                    self.call_off()
                    return
            if self._waiting or not self._error:
                return
            error = self._error
        self.call_off()
        raise error

    def coming(self, limit: int) -> Sequence[MessageTypeDef]:
        """The next ones to be handed out, up to so many."""
        with self._changed:
            return list(islice(self._waiting, limit))

    def next(self) -> MessageTypeDef | None:
        """Hands out one; None where there is none."""
        with self._changed:
            return self._waiting.popleft() if self._waiting else None

    def handed_out(self, limit: int, size: int) -> None:
        """A unit of work has bodies of `size` bytes, the next may have `limit` messages: asks for those."""
        with self._changed:
            self._limit = limit
            self._in_hand = size + sum(map(_size, self._waiting))
            self._look_ahead()

    def put_back(self, received: Sequence[MessageTypeDef]) -> None:
        """These are to be handed out again, before anything else."""
        with self._changed:
            self._waiting.extendleft(reversed(received))

    def call_off(self) -> None:
        """What is under way is not waited for any more; what it still brings is `late`."""
        with self._changed:
            self._calling_off += 1
            self._under_way, self._at_a_time, self._largest, self._error = 0, 1, 0, None

    def take_all(self) -> Sequence[MessageTypeDef]:
        """Calls off what is under way, and hands out all that there is."""
        with self._changed:
            self.call_off()
            received = list(self._waiting)
            self._waiting.clear()
            return received

    def end(self, within: float) -> None:
        """Waits so many seconds for what was asked for ahead of need and called off, until it is back."""
        wait(self._ahead, within)

    def _look_ahead(self) -> None:
        if self._at_a_time == 1:
            return
        while self._under_way < self._at_a_time:
            calls = self._under_way + 1
            if len(self._waiting) + calls * MOST_ENTRIES > self._limit:
                return
            if self._in_hand + calls * self._largest > self._most_bytes:
                return
            self._ahead = [each for each in self._ahead if not each.done()]
            self._ahead.append(self._begin(MOST_ENTRIES, min(self._wait, _SHORTLY)))

    def _begin(self, limit: int, wait: int) -> Future[None]:
        self._under_way += 1
        return self._workers.submit(partial(self._call, limit, wait, self._calling_off, self._fallings))

    def _call(self, limit: int, wait: int, began: int, fallings: int) -> None:
        received: Sequence[MessageTypeDef] = ()
        error: Exception | None = None
        try:
            received = self._receive(limit, wait)
        except Exception as raised:  # noqa: BLE001 - raised again by whoever waits
            error = raised
        with self._changed:
            if began == self._calling_off:
                self._note(received, error, timely=fallings == self._fallings)
                self._changed.notify_all()
                return
        if received and (kept := self._late(received)):
            with self._changed:
                self._waiting.extend(kept)
                self._changed.notify_all()

    def _note(self, received: Sequence[MessageTypeDef], error: Exception | None, *, timely: bool) -> None:
        """Judges an answer, and asks for more where it was full."""
        self._under_way -= 1
        self._error = self._error or error
        again = any(receives(raw) > 1 for raw in received)
        if again or len(received) < MOST_ENTRIES:
            self._at_a_time = max(1, self._at_a_time // 2) if received and not again else 1
            self._fallings += 1
        elif timely:
            self._at_a_time = min(_GROWTH * self._at_a_time, self._most)
        if received:
            self._came(received)
            self._waiting.extend(received)
            size = sum(map(_size, received))
            self._in_hand += size
            self._largest = max(self._largest, size) if self._at_a_time > 1 else 0
        self._look_ahead()


def _size(raw: MessageTypeDef) -> int:
    """About the bytes of a body: its characters."""
    return len(raw.get("Body", ""))
