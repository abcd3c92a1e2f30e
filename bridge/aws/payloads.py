"""Payloads fetched ahead of their need, several at the same time, as far as there is room for them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from bridge.aws.storage import Storage

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

    from bridge.aws.workers import Workers
    from bridge.room import Room

MOST_GETS = 10
"""Under way at a time, of one queue."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a body is kept."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Payloads(Storage):
    """S3, of which some objects may have been asked for ahead. Used by one thread.

    `workers` fetch them while something else is done, as far as there is `room` for them and for those of the
    unit of work in hand.
    """

    def __init__(self, *args: Any, workers: Workers, room: Room, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._workers = workers
        self.room = room
        self.last_size = 0
        """Bytes of the last object that S3 gave; 0 where it did not."""
        self._ahead: dict[Pointer, Future[GetObjectOutputTypeDef | None]] = {}
        self._given = 0
        """Bytes of those that were given since the last `fetch`."""

    @property
    def size_ahead(self) -> int:
        """Bytes of those that were fetched ahead and not asked for yet."""
        return self.room.held - self._given

    def get_object(self, **request: Any) -> GetObjectOutputTypeDef:
        """As `Storage.get_object`; what was fetched ahead is given once."""
        ahead = self._ahead.pop(Pointer(request["Bucket"], request["Key"]), None)
        self.last_size = 0
        answer = ahead.result() if ahead else None
        if answer is None:
            if ahead:
                self.forget()  # those behind it have the room that it lacks
            answer = super().get_object(**request)
            self.room.add(answer["ContentLength"])
        self.last_size = answer["ContentLength"]
        self._given += self.last_size
        return answer

    def fetch(self, pointers: Sequence[Pointer]) -> None:
        """Begins to fetch those that are not fetched yet, in order; what fails is told when it is asked for.

        What was given before is not in hand any more. All are asked for at once, and only then is known how
        large they are: one for which there is no room is not read, and asked for again when its turn comes.
        None is asked for where S3 did not give the last one: then they are had one after the other.
        """
        self.room.give_back(self._given)
        self._given = 0
        for pointer in [each for each, future in self._ahead.items() if _had_no_room(future)]:
            del self._ahead[pointer]
        wanted = dict.fromkeys(pointers)
        if not self.last_size or (len(wanted) < 2 and not self._ahead):
            return
        for pointer in wanted:
            if pointer not in self._ahead and len(self._ahead) < MOST_GETS:
                self._ahead[pointer] = self._workers.submit(partial(self._fetched, pointer))

    def forget(self) -> None:
        """Lets go of what was fetched ahead and not asked for."""
        for future in self._ahead.values():
            future.add_done_callback(self._drop)
        self._ahead.clear()

    def _fetched(self, pointer: Pointer) -> GetObjectOutputTypeDef | None:
        """An object with its body read; None where there is no room for it."""
        answer = super().get_object(Bucket=pointer.bucket, Key=pointer.key)
        size = answer["ContentLength"]
        if not self.room.take(size):
            answer["Body"].close()
            return None
        try:
            return _read(answer)
        except BaseException:
            self.room.give_back(size)
            raise

    def _drop(self, future: Future[GetObjectOutputTypeDef | None]) -> None:
        if not future.exception() and (answer := future.result()):
            self.room.give_back(answer["ContentLength"])


def _had_no_room(future: Future[GetObjectOutputTypeDef | None]) -> bool:
    return future.done() and not future.exception() and future.result() is None


def _read(answer: GetObjectOutputTypeDef) -> GetObjectOutputTypeDef:
    """An answer whose body is there."""
    read: Any = {**answer, "Body": io.BytesIO(answer["Body"].read())}
    return cast("GetObjectOutputTypeDef", read)
