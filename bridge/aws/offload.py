"""Bodies kept in S3 with a pointer in their place, in the extended clients' format.

Putting: what is too big for the route. Following: a pointer is followed only when the message carries the
reserved attribute, is well formed, and leads into an allowed bucket; all that before any call to S3.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from bridge.aws.extended import Retrieve, Store
from bridge.aws.faults import FAULTS, Kind, classify, code_of
from bridge.aws.storage import TooLarge
from bridge.errors import BridgeError
from bridge.large_text import LargeText
from bridge.mapping import Attribute, CloudMessage, size
from bridge.message import Message

if TYPE_CHECKING:
    from bridge.configuration import Offload

RESERVED = ("ExtendedPayloadSize", "SQSLargePayloadSize")
"""The attribute that marks a pointer: today's name and the older one."""

POINTERS = (
    "software.amazon.payloadoffloading.PayloadS3Pointer",
    "com.amazon.sqs.javamessaging.MessageS3Pointer",
)
"""The first element of a pointer: today's class name and the older one."""

LONGEST_KEY = 1024
"""Bytes of an S3 key in UTF-8 (S3 User Guide, "Naming Amazon S3 objects")."""

# Every byte of a key escaped for JSON, and the rest.
_LONGEST_POINTER = LONGEST_KEY * 6 + 1024


class BadPointer(BridgeError):
    """A pointer that must not be followed or leads nowhere: the message can't be delivered."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a body is kept."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def pointer_in(cloud: CloudMessage, allowed: Sequence[str]) -> Pointer | None:
    """The pointer that a message is, or None where it is an ordinary message; raises `BadPointer`.

    `allowed` are the buckets whose pointers may be followed.
    """
    marker = next((name for name in RESERVED if name in cloud.attributes), None)
    if marker is None:
        return None
    pointer = _parsed(cloud.inline, marker)
    if pointer.bucket not in allowed:
        raise BadPointer(
            f"the pointer leads into the bucket {pointer.bucket[:63]!r}, which is not allowed; "
            "name it in offload.read_from if it should be"
        )
    if not pointer.key or len(pointer.key.encode(errors="replace")) > LONGEST_KEY:
        raise BadPointer(f"the pointer's key is empty or longer than S3's {LONGEST_KEY} bytes")
    if ".." in pointer.key.split("/") or not pointer.key.isprintable():
        raise BadPointer("the pointer's key has a '..' part or characters that can't be printed")
    return pointer


def _parsed(body: str, marker: str) -> Pointer:
    try:
        what = json.loads(body) if len(body) <= _LONGEST_POINTER else None
    except (ValueError, RecursionError):
        what = None
    match what:
        case [str(name), {"s3BucketName": str(bucket), "s3Key": str(key)}] if name in POINTERS:
            return Pointer(bucket, key)
    raise BadPointer(f"the attribute {marker} says that the body is a pointer into S3, but it is none")


class Offloader:
    """Puts what is too big into S3, each message once.

    `deliver` may be called again for a message that was refused: the memo keeps it from being uploaded again.
    It knows messages by identity, for two may share a MsgId, and forgets each when nobody holds it any more.
    Used by one thread. `count` is called for each body that is kept.
    """

    def __init__(self, store: Store, settings: Offload, count: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._settings = settings
        self._count = count
        self._memo: dict[int, tuple[weakref.ref[Message], CloudMessage]] = {}

    @property
    def where(self) -> str:
        """`s3://` and the bucket."""
        return f"s3://{self._settings.bucket}"

    def wants(self, cloud: CloudMessage) -> bool:
        """Whether the message goes through S3: by the route's threshold, attributes counted, or always."""
        return bool(cloud.body) and (self._settings.always or size(cloud) > self._settings.threshold)

    def known(self, message: Message) -> CloudMessage | None:
        """The pointer that was made of a message before."""
        held = self._memo.get(id(message))
        return held[1] if held else None

    def put(self, message: Message, cloud: CloudMessage) -> CloudMessage:
        """Keeps the body in S3 under a new random key and returns the pointer; raises one of `FAULTS`."""
        text = cloud.body if isinstance(cloud.body, LargeText) else cloud.inline
        body, marker = self._store(text)
        self._count()
        added = {name: Attribute(value["DataType"], value["StringValue"]) for name, value in marker.items()}
        pointer = CloudMessage(body=body, attributes=MappingProxyType({**cloud.attributes, **added}))
        key, memo = id(message), self._memo
        memo[key] = (weakref.ref(message, lambda _: memo.pop(key, None)), pointer)
        return pointer


class Follower:
    """Follows pointers. Used by one thread. `count` is called for each body that is fetched."""

    def __init__(self, retrieve: Retrieve, allowed: Sequence[str], count: Callable[[], None]) -> None:
        self._retrieve = retrieve
        self._allowed = allowed
        self._count = count

    def follow(self, cloud: CloudMessage, *, patient: bool) -> tuple[CloudMessage, Pointer | None]:
        """The message itself, fetched where it is a pointer, and that pointer.

        Raises `BadPointer` for a fault of the pointer's and `Away` where S3 is away. S3 answers "access
        denied" both for a right that is missing and, without s3:ListBucket, for an object that is gone: that
        is `Away` while the caller is `patient`, then `BadPointer`.
        """
        pointer = pointer_in(cloud, self._allowed)
        if pointer is None:
            return cloud, None
        try:
            body = self._retrieve(cloud.inline)
        except TooLarge as error:
            raise BadPointer(f"{error}; raise offload.maximum_size if it should be read") from None
        except UnicodeDecodeError:
            raise BadPointer(f"{pointer} is not text in UTF-8, which every offloaded body is") from None
        except FAULTS as error:
            judged = classify(error, str(pointer))
            if code_of(error) == "NoSuchKey":
                raise BadPointer(f"{pointer}: the payload is gone (NoSuchKey)") from None
            if judged.away and not (judged.kind is Kind.FORBIDDEN and not patient):
                raise judged.as_away() from None
            raise BadPointer(judged.reason) from None
        self._count()
        attributes = {name: value for name, value in cloud.attributes.items() if name not in RESERVED}
        return CloudMessage(body=body, attributes=MappingProxyType(attributes)), pointer
