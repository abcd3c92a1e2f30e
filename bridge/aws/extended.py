"""The extended clients' own packages at work: AWS's code keeps bodies in S3, writes and follows pointers.

The only module that imports them. What it hands out is what is safe of them; the rest has traps (a batch of
pointers can't be published, one bad pointer fails a whole receive, receipt handles with a dash break).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
import boto3.session

# First, for it keeps boto3's own Session.
import bridge.aws.session  # noqa: F401
from bridge.large_text import LARGE, LargeText

if TYPE_CHECKING:
    from botocore.response import StreamingBody

    from bridge.aws.storage import Storage

_BEFORE = boto3.session.Session, boto3.DEFAULT_SESSION

# isort: split
from sns_extended_client import SNSExtendedClientSession  # noqa: E402
from sqs_extended_client.client import SQSExtendedClientSession  # noqa: E402

# Both packages put their session in the place of boto3's when imported, and of its default one. Those go
# back, so that nobody else's clients change because this module was imported.
boto3.session.Session = boto3.Session = _BEFORE[0]  # type: ignore[misc]
boto3.DEFAULT_SESSION = _BEFORE[1]

Store = Callable[[str | LargeText], tuple[str, Mapping[str, Mapping[str, str]]]]
"""Keeps a body in S3; returns the pointer that takes its place and the attribute that goes with it.

For any thread. A process needs one of a bucket and region, whose client takes 15 MB.
"""

Retrieve = Callable[[str], str | bytes]
"""Follows a pointer (the message's body) and returns the body kept in S3; a large one as the bytes it is."""


def sns_store(storage: Storage, bucket: str, region: str) -> Store:
    """How bodies published to a topic are kept.

    `publish` is the client's only public method, and it publishes one message a request; `_make_payload` is
    the half of it that keeps the body, so that ten pointers still share one request. It is given no
    attributes: it would copy them through JSON, which fails on binary ones, and take an `S3Key` of theirs as
    the object's key. A body comes here when the route's threshold says so, so "always" is theirs.
    """

    def make() -> Any:
        client: Any = SNSExtendedClientSession(region_name=region).client("sns")
        client.s3_client = storage
        client.large_payload_support = bucket
        client.always_through_s3 = True
        return client

    made = _once(make)

    def store(body: str | LargeText) -> tuple[str, Mapping[str, Mapping[str, str]]]:
        attributes, pointer = made()._make_payload({}, body, None)
        return cast("str", pointer), cast("Mapping[str, Mapping[str, str]]", attributes)

    return store


def sqs_store(storage: Storage, bucket: str, region: str) -> Store:
    """How bodies sent to a queue are kept: `store_message_in_s3`, and no attributes, as with SNS."""

    def make() -> Any:
        client = _sqs(storage, region)
        client.large_payload_support = bucket
        client.always_through_s3 = True
        return client

    made = _once(make)

    def store(body: str | LargeText) -> tuple[str, Mapping[str, Mapping[str, str]]]:
        return cast("tuple[str, Mapping[str, Mapping[str, str]]]", made().store_message_in_s3(body, {}))

    return store


def retrieval(storage: Storage, region: str) -> Retrieve:
    """How pointers are followed: `retrieve_message_from_s3`, one at a time and only after our own checks.

    The client is made for the first pointer: most queues never see one.
    """
    made = _once(lambda: _sqs(storage, region))
    return lambda body: cast("str | bytes", made().retrieve_message_from_s3(body))


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    """Makes a client for the first body that needs one: most routes never do. For any thread."""
    lock = Lock()
    made: list[Any] = []

    def get() -> Any:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


def _sqs(storage: Storage, region: str) -> Any:
    client: Any = SQSExtendedClientSession(region_name=region).client("sqs")  # type: ignore[no-untyped-call]
    client.s3_client = _Undecoding(storage)
    return client


class _Undecoding:
    """S3 for the client, which makes a text of what it reads; of a large one it gets the bytes it is."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.put_object = storage.put_object

    def get_object(self, **request: Any) -> Mapping[str, Any]:
        """As the storage's."""
        answer = self._storage.get_object(**request)
        return {**answer, "Body": _Undecoded(answer["Body"])} if answer["ContentLength"] > LARGE else answer


class _Undecoded:
    """An object's body that reads as itself, and decodes to its bytes."""

    def __init__(self, body: StreamingBody) -> None:
        self._body = body

    def read(self) -> Self:
        """Reads nothing yet."""
        return self

    def decode(self) -> bytes:
        """All of it."""
        return self._body.read()
