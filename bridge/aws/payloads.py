"""Payloads of a unit of work, fetched at the same time as far as the unit may have bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.aws.faults import FAULTS
from bridge.aws.storage import Storage, TooLarge

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef


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
    """S3, of which some objects may have been asked for ahead. For one thread."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.last_size = 0
        """Bytes of the last object that S3 gave; 0 where it did not."""
        self._ahead: dict[Pointer, GetObjectOutputTypeDef | Exception] = {}

    def get_object(self, **request: Any) -> GetObjectOutputTypeDef:
        """As `Storage.get_object`; what was fetched ahead is given once."""
        found = self._ahead.pop(Pointer(request["Bucket"], request["Key"]), None)
        if isinstance(found, Exception):
            raise found
        if found is not None:
            return found
        self.last_size = 0
        answer = super().get_object(**request)
        self.last_size = answer["ContentLength"]
        return answer

    def fetch(self, pointers: Sequence[Pointer], room: int) -> None:
        """Fetches objects ahead, in order until they have `room` bytes; raises nothing of S3's.

        All are asked for at once, and only then is known how large they are: one beyond `room` is not read.
        None is asked for where S3 did not give the last one: then they are had one after the other.
        """
        self.forget()
        wanted = list(dict.fromkeys(pointers))
        if not self.last_size or len(wanted) < 2:
            return
        get = super().get_object
        with ThreadPoolExecutor(min(len(wanted), MOST_GETS), thread_name_prefix="payloads") as pool:
            asked = [pool.submit(get, Bucket=pointer.bucket, Key=pointer.key) for pointer in wanted]
            reading: dict[Pointer, Future[GetObjectOutputTypeDef]] = {}
            for pointer, future in zip(wanted, asked, strict=True):
                if error := future.exception():
                    self._fail(pointer, error)
                elif room > 0:
                    room -= future.result()["ContentLength"]
                    reading[pointer] = pool.submit(_read, future.result())
                else:
                    future.result()["Body"].close()
        for pointer, future in reading.items():
            if error := future.exception():
                self._fail(pointer, error)
            else:
                self._ahead[pointer] = future.result()

    def forget(self) -> None:
        """Lets go of what was fetched ahead and not asked for."""
        self._ahead.clear()

    def _fail(self, pointer: Pointer, error: BaseException) -> None:
        if not isinstance(error, (*FAULTS, TooLarge)):
            raise error
        self._ahead[pointer] = error
        self.last_size = 0


def _read(answer: GetObjectOutputTypeDef) -> Any:
    """An answer whose body is there."""
    read: Mapping[str, Any] = {**answer, "Body": io.BytesIO(answer["Body"].read())}
    return read
