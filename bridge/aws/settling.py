"""What was delivered leaves its SQS queue, its payloads with it, while the next units of work go on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial

import structlog

from bridge.aws.batching import cut
from bridge.aws.deleting import Deleter
from bridge.aws.faults import FAULTS, classify
from bridge.aws.payloads import Payloads, Pointer
from bridge.aws.visibility import Keeper
from bridge.aws.workers import Workers
from bridge.remembered import Remembered

MOST_DELETES = 10
"""Under way at a time, of one queue."""
AHEAD = 5
"""Of them while the next units of work go on: as many as a full unit takes, and many units of large ones."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """A message to be deleted: its MessageId, and where its payload was."""

    identity: str
    pointer: Pointer | None


class Undeleted(Remembered):
    """Messages that were delivered, and could not be deleted. `tell` is called with how many more."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._tell = tell

    def note(self, identities: Collection[str]) -> None:
        """These too: they will come again."""
        for identity in identities:
            self.add(identity)
        self._tell(len(identities))


class Settling:
    """Deletes a queue's messages by `workers`, and then their payloads, where `storage` is given.

    Used by one thread. `keeper` keeps a message from others' sight until its delete is answered.
    """

    def __init__(
        self,
        deleter: Deleter,
        keeper: Keeper,
        workers: Workers,
        undeleted: Undeleted,
        storage: Payloads | None,
    ) -> None:
        self._deleter = deleter
        self._keeper = keeper
        self._workers = workers
        self._undeleted = undeleted
        self._storage = storage
        self._under_way: list[Future[Mapping[str, str]]] = []
        self._failed = ""
        """Why messages are not deleted, where nobody was told so yet."""

    def settle(self, settled: Mapping[str, Settled], ahead: int = 0) -> str:
        """Deletes messages, by their receipts; why some could not be, or nothing.

        Up to `ahead` requests for that, of these or earlier ones, are under way when it returns: what fails
        of them is for `failed` to say.
        """
        before = self._under_way
        now = [
            self._workers.submit(partial(self._delete, {each: settled[each] for each in some}))
            for some in cut(settled, lambda _: 1)
        ]
        self._under_way = [*before, *now]
        if ahead:
            self._note(self._under_way[:-ahead])
            return ""
        self._note(before)
        if failed := self._note(now):
            self._failed = ""
        return failed

    def failed(self) -> str:
        """Why messages settled before could not be deleted, as far as is known: said once, or nothing."""
        self._note([each for each in self._under_way if each.done()])
        failed, self._failed = self._failed, ""
        return failed

    def end(self) -> str:
        """Waits for all that is under way; why messages could not be deleted, or nothing."""
        wait(self._under_way)
        # What nobody foresaw is no reason not to close.
        self._under_way = [each for each in self._under_way if not each.exception()]
        return self.failed()

    def _note(self, deleting: Collection[Future[Mapping[str, str]]]) -> str:
        """Waits for these, and notes what could not be deleted; says so, or nothing."""
        if not deleting:
            return ""
        wait(deleting)
        self._under_way = [each for each in self._under_way if each not in deleting]
        undeleted = {identity: why for each in deleting for identity, why in each.result().items()}
        if not undeleted:
            return ""
        self._undeleted.note(undeleted)
        self._failed = (
            f"{len(undeleted)} delivered messages can't be deleted and will come again: "
            f"{next(iter(undeleted.values()))}"
        )
        return self._failed

    def _delete(self, some: Mapping[str, Settled]) -> Mapping[str, str]:
        """Deletes messages, by their receipts; the ids of those that could not be, with the reason."""
        try:
            # Kept from others' sight until then: a delete may be answered late.
            undeleted = self._deleter.delete(some)
        finally:
            self._keeper.let_go(list(some))
        for receipt, settled in some.items():
            if self._storage and settled.pointer and receipt not in undeleted:
                _delete_payload(self._storage, settled.pointer)
        return {some[receipt].identity: reason for receipt, reason in undeleted.items()}


def _delete_payload(storage: Payloads, pointer: Pointer) -> None:
    try:
        storage.delete_object(Bucket=pointer.bucket, Key=pointer.key)
    except FAULTS as error:
        log.warning("payload_not_deleted", payload=str(pointer), reason=classify(error, str(pointer)).reason)
