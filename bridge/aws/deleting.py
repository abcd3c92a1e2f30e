"""DeleteMessageBatch, and what is tried again of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from bridge.aws.batching import cut
from bridge.aws.faults import FAULTS, classify, refused

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from bridge.gate import Told

_TRIES = 3
_WITHIN = 5.0
"""Seconds after which a delete that is not answered is not tried again, where the bridge is told to stop."""


class _Undeleted(Exception):
    """Messages that SQS did not delete, though it may the next time."""


class Deleter:
    """Deletes messages of the queue at `url`, called `name` in reasons. `stop` says whether to hurry."""

    def __init__(self, client: SQSClient, url: str, name: str, stop: Told | None) -> None:
        self._client = client
        self._url = url
        self._name = name
        self._stop = stop

    def delete(self, receipts: Iterable[str]) -> Mapping[str, str]:
        """Deletes messages; the receipts of those that could not be, with the reason."""
        left = dict.fromkeys(receipts)
        again = Retrying(
            stop=self._is_enough,
            wait=wait_random_exponential(multiplier=0.2, max=2),
            retry=retry_if_exception_type(_Undeleted),
            reraise=True,
        )
        lost: dict[str, str] = {}
        try:
            for attempt in again:
                with attempt:
                    self._delete_once(left, lost)
        except _Undeleted as error:
            lost.update(dict.fromkeys(left, str(error)))
        return lost

    def _is_enough(self, state: RetryCallState) -> bool:
        """Whether a delete is not tried again: sooner when told to stop, for that must not wait for three."""
        told = self._stop is not None and self._stop.is_set()
        late = (state.seconds_since_start or 0.0) > _WITHIN
        return state.attempt_number >= _TRIES or (told and late)

    def _delete_once(self, left: dict[str, None], lost: dict[str, str]) -> None:
        """Deletes what is `left`; what never can be goes to `lost`; raises `_Undeleted` for the rest."""
        reason = ""
        for receipts in cut(list(left), lambda _: 1):
            try:
                answer = self._client.delete_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(i), "ReceiptHandle": receipt} for i, receipt in enumerate(receipts)],
                )
            except FAULTS as error:
                reason = classify(error, self._name).reason
                continue
            for done in answer.get("Successful", ()):
                left.pop(receipts[int(done["Id"])])
            for failed in answer.get("Failed", ()):
                found = refused(self._name, failed["Code"], failed.get("Message", ""))
                if failed["SenderFault"] and not found.away:  # the receipt is stale; it will not get better
                    receipt = receipts[int(failed["Id"])]
                    left.pop(receipt)
                    lost[receipt] = found.reason
                else:
                    reason = found.reason
        if left:
            raise _Undeleted(reason or f"{self._name}: the answer does not mention the message")
