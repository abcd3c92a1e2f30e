"""Messages kept out of other readers' sight while a unit of work takes longer than the queue's time-out."""

from __future__ import annotations

from collections.abc import Collection
from threading import Event, Lock, Thread
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
    """Extends the visibility of a unit of work's messages at half of the time-out, until it is stopped.

    `seconds` is the time-out. It has a thread of its own: the unit's may be busy with S3 or MQ.
    """

    def __init__(
        self, client: SQSClient, url: str, name: str, receipts: Collection[str], seconds: int
    ) -> None:
        self._client = client
        self._url = url
        self._name = name
        self._seconds = seconds
        self._receipts = set(receipts)
        self._lock = Lock()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name=f"visibility {name}", daemon=True)
        self._thread.start()

    def leave(self, receipt: str) -> None:
        """Extends this one no more."""
        with self._lock:
            self._receipts.discard(receipt)

    def stop(self) -> None:
        """Ends it; when it returns, no call is under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._seconds / 2
        while not self._stopped.wait(pause):
            with self._lock:
                receipts = sorted(self._receipts)
            extended = change(self._client, self._url, self._name, receipts, self._seconds)
            pause = self._seconds / (2 if extended else 8)  # there is little time left for another try
