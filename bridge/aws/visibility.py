"""Messages kept out of other readers' sight while a unit of work takes longer than the queue's time-out."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from threading import Condition, Thread
from typing import TYPE_CHECKING

import structlog

from bridge.aws.batching import cut
from bridge.aws.faults import FAULTS, classify, refused

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = structlog.get_logger(__name__)


def change(client: SQSClient, url: str, name: str, receipts: Collection[str], seconds: int) -> bool:
    """Makes messages visible again `seconds` from now, as far as SQS lets it; whether it did for all.

    What it didn't is logged and no error: such a message becomes visible on its own, now or later.
    """
    reason = ""
    for some in cut(receipts, lambda _: 1):
        entries = {str(place): receipt for place, receipt in enumerate(some)}
        try:
            answer = client.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": place, "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                    for place, receipt in entries.items()
                ],
            )
        except FAULTS as error:
            reason = classify(error, name).reason
        else:
            for failed in answer.get("Failed", ()):
                reason = refused(name, failed["Code"], failed.get("Message", "")).reason
    if reason:
        log.warning("visibility_not_changed", queue=name, reason=reason)
    return not reason


class Keeper:
    """Extends the visibility of messages at half of the time-out, until each is let go of.

    `seconds` is the time-out. It has a thread of its own: the others may be busy with S3 or MQ.
    """

    def __init__(self, client: SQSClient, url: str, name: str, seconds: int) -> None:
        self._client = client
        self._url = url
        self._name = name
        self._seconds = seconds
        self._due: dict[str, float] = {}
        """When each is to be extended, in monotonic seconds."""
        self._extending: frozenset[str] = frozenset()
        """Of which a call is under way."""
        self._ended = False
        self._changed = Condition()
        Thread(target=self._run, name=f"visibility {name}", daemon=True).start()

    def keep(self, receipts: Iterable[str]) -> None:
        """Extends these too; their time-out begins now."""
        due = time.monotonic() + self._seconds / 2
        with self._changed:
            idle = not self._due
            self._due.update(dict.fromkeys(receipts, due))
            if idle:  # else it looks sooner than these are due
                self._changed.notify_all()

    def let_go(self, receipts: Iterable[str]) -> None:
        """Extends these no more; when it returns, no call with one of them is under way."""
        with self._changed:
            for receipt in receipts:
                self._due.pop(receipt, None)
            self._changed.wait_for(lambda: self._extending.isdisjoint(receipts))

    def stop(self) -> None:
        """Ends it."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _run(self) -> None:
        while receipts := self._next():
            extended = change(self._client, self._url, self._name, receipts, self._seconds)
            pause = self._seconds / (2 if extended else 8)  # there is little time left for another try
            with self._changed:
                due = time.monotonic() + pause
                self._due.update((receipt, due) for receipt in receipts if receipt in self._due)
                self._extending = frozenset()
                self._changed.notify_all()

    def _next(self) -> list[str]:
        """Waits until some are due, and returns them; none once it is ended."""
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                # With those that will be in a moment, for one call has ten.
                soon = now + self._seconds / 8
                if min(self._due.values(), default=now + 1) <= now:
                    self._extending = frozenset(each for each, due in self._due.items() if due <= soon)
                    return sorted(self._extending)
                self._changed.wait(min(self._due.values()) - now if self._due else None)
        return []
