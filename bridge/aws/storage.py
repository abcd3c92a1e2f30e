"""S3 as the bridge uses it: the bucket's owner is named in every call, and sizes are looked at before bodies.

It has the names and arguments of boto3's client, so that the extended clients use it in place of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bridge.aws import upload
from bridge.aws.session import Clients
from bridge.errors import BridgeError
from bridge.large_text import LargeText, in_one_piece

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ListObjectsV2OutputTypeDef


class TooLarge(BridgeError):
    """An object over the limit; its body was not read."""


class Storage:
    """The buckets of one account. Shared by threads. Its methods raise what boto3's raise (`faults.FAULTS`).

    The buckets must be the credentials' account's, or `owner`'s (an account id) where STS can't be asked.
    `largest` is the size in bytes of what is read at most.
    """

    def __init__(self, clients: Clients, *, largest: int, owner: str = "") -> None:
        self._clients = clients
        self._s3 = clients.s3()
        self._owner = owner
        self._largest = largest

    def put_object(self, *, Body: bytes | LargeText, **request: Any) -> None:  # noqa: N803 - boto3's name
        """Puts an object; when it returns, S3 has stored it and its checksum was right."""
        request = self._owned(request)
        if len(Body) > upload.MOST_IN_ONE:
            upload.in_parts(self._s3, in_one_piece(Body) if isinstance(Body, bytes) else Body, request)
        else:
            self._s3.put_object(**request, Body=Body if isinstance(Body, bytes) else Body.read())

    def get_object(self, **request: Any) -> GetObjectOutputTypeDef:
        """Gets an object, its body not read yet; raises `TooLarge`."""
        answer = self._s3.get_object(**self._owned(request))
        size = answer.get("ContentLength")
        if size is None or size > self._largest:
            answer["Body"].close()
            told = "of unknown size" if size is None else f"{size} bytes"
            raise TooLarge(
                f"s3://{request['Bucket']}/{request['Key']} is {told}; the limit is {self._largest} bytes"
            )
        return answer

    def delete_object(self, **request: Any) -> None:
        """Deletes an object; one that is not there any more is no error."""
        self._s3.delete_object(**self._owned(request))

    def list_objects(self, **request: Any) -> Iterator[ListObjectsV2OutputTypeDef]:
        """Lists objects, a thousand at a time."""
        token: dict[str, str] = {}
        while True:
            page = self._s3.list_objects_v2(**self._owned(request), **token)  # type: ignore[arg-type]
            yield page
            if not page["IsTruncated"]:
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _owned(self, request: dict[str, Any]) -> dict[str, Any]:
        owner = self._clients.account(self._owner)
        return {**request, "ExpectedBucketOwner": owner} if owner else request
