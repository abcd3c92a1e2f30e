"""Bodies kept in S3 with a pointer in their place, in the extended clients' format.

Putting: what is too big for the route. Following: a pointer is followed only when the message carries the
reserved attribute, is well formed, and leads into an allowed bucket; all that before any call to S3.
"""

from __future__ import annotations

import json
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from types import MappingProxyType
from typing import TYPE_CHECKING

from bridge.aws.extended import Retrieve, Store
from bridge.aws.faults import FAULTS, Kind, Trouble, classify, code_of
from bridge.aws.payloads import Payloads, Pointer
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

_LONGEST_NUMBER = 20

# Every byte of a key escaped for JSON, and the rest.
_LONGEST_POINTER = LONGEST_KEY * 6 + 1024


class BadPointer(BridgeError):
    """A pointer that must not be followed or leads nowhere: the message can't be delivered."""


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


MOST_PUTS = 10
"""Bodies of one destination on their way to S3 at a time."""


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
        self._takes = False
        """Whether S3 took the last body."""

    def wants(self, cloud: CloudMessage, length: int) -> bool:
        """Whether a message of `length` bytes, attributes counted, goes through S3."""
        return bool(cloud.body) and (self._settings.always or length > self._settings.threshold)

    def known(self, message: Message) -> CloudMessage | None:
        """The pointer that was made of a message before."""
        held = self._memo.get(id(message))
        return held[1] if held else None

    def put(
        self, bodies: Sequence[tuple[Message, CloudMessage]], threads: Executor
    ) -> list[CloudMessage | Trouble]:
        """Keeps bodies in S3, each under a new random key: each one's pointer, or why there is none.

        Several are under way at a time, but one alone until S3 has taken it. Once S3 is found to be away,
        it is asked for no other.
        """
        outcomes: dict[int, CloudMessage | Trouble] = {}
        waiting = deque(range(len(bodies)))
        under_way: dict[Future[CloudMessage], int] = {}
        away: Trouble | None = None
        try:
            while under_way or (waiting and not away):
                while waiting and not away and len(under_way) < (MOST_PUTS if self._takes else 1):
                    place = waiting.popleft()
                    under_way[threads.submit(self._kept, bodies[place][1])] = place
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    place = under_way.pop(future)
                    try:
                        outcomes[place] = self._remembered(bodies[place][0], future.result())
                        self._takes = not away
                    except FAULTS as error:
                        outcomes[place] = found = classify(error, f"s3://{self._settings.bucket}")
                        away = found if found.away else away
                        self._takes = not away
        finally:
            wait(under_way)
        if away:
            outcomes.update(dict.fromkeys(waiting, away))
        return [outcomes[place] for place in range(len(bodies))]

    def _kept(self, cloud: CloudMessage) -> CloudMessage:
        """The pointer to a body, once S3 has that; raises one of `FAULTS`."""
        text = cloud.body if isinstance(cloud.body, LargeText) else cloud.inline
        body, marker = self._store(text)
        added = {name: Attribute(value["DataType"], value["StringValue"]) for name, value in marker.items()}
        return CloudMessage(body=body, attributes=MappingProxyType({**cloud.attributes, **added}))

    def _remembered(self, message: Message, pointer: CloudMessage) -> CloudMessage:
        self._count()
        key, memo = id(message), self._memo
        memo[key] = (weakref.ref(message, lambda _: memo.pop(key, None)), pointer)
        return pointer


class Follower:
    """Follows pointers. Used by one thread. `count` is called for each body that is fetched.

    `retrieve` reads from `payloads`, which fetches what is asked for ahead.
    """

    def __init__(
        self, retrieve: Retrieve, payloads: Payloads, allowed: Sequence[str], count: Callable[[], None]
    ) -> None:
        self._retrieve = retrieve
        self._payloads = payloads
        self._allowed = allowed
        self._count = count

    def fetch(self, clouds: Iterable[CloudMessage], most: int) -> None:
        """Begins to fetch the bodies of those that are pointers, for `follow` to find them there.

        It stops where the messages would have more than `most` bytes, as they say themselves, or the last one
        of S3's was.
        """
        wanted: list[Pointer] = []
        told = 0
        for cloud in clouds:
            try:
                pointer = pointer_in(cloud, self._allowed)
            except BadPointer:
                continue
            told += max(_told_size(cloud), self._payloads.last_size) if pointer else size(cloud)
            if wanted and told > most:
                break
            if pointer:
                wanted.append(pointer)
        self._payloads.fetch(wanted)

    def forget(self) -> None:
        """Lets go of bodies that were fetched and not followed."""
        self._payloads.forget()

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


def _told_size(cloud: CloudMessage) -> int:
    """Bytes of a payload, as its sender says; 0 where that is no number."""
    told = next(cloud.attributes[name].value for name in RESERVED if name in cloud.attributes)
    return int(told) if isinstance(told, str) and told.isdecimal() and len(told) < _LONGEST_NUMBER else 0
