"""The dead letters in S3 for whoever looks through them and sends them again: nothing is ever deleted.

Beside the two objects of a letter there may be, each named after the ETag of its letter.json:

    replay-<etag>.json     who has it in hand to send it, or had; written only if nobody else did so meanwhile
    replayed-<etag>.json   when it arrived and where; with it a letter is done with

S3's conditional writes (If-None-Match, If-Match) decide who of two has a letter in hand.
"""

from __future__ import annotations

import getpass
import json
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from bridge.aws import letter_format
from bridge.aws.dead_letters import LARGEST
from bridge.aws.faults import FAULTS, classify, code_of
from bridge.aws.session import Clients
from bridge.aws.storage import Storage, TooLarge
from bridge.errors import Away
from bridge.letters import (
    BODY,
    LETTER,
    DamagedLetter,
    Entry,
    Found,
    Selection,
    Stored,
    hand_mark,
    is_place,
    replayed_mark,
)
from bridge.replay import AlreadyReplayed, InHand, Kept

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

AGENT = "ibmmq-aws-bridge-operator"
"""In the User-Agent: these calls are a person's, with rights of his own."""

_READERS = 16
"""Letters that are read at a time."""
_TRIES = 3
_QUICKER = {"PreconditionFailed", "ConditionalRequestConflict"}
"""S3 API reference, PutObject: 412 and 409, where another has written the object."""
_IN_HAND = "in hand"


class LetterBox:
    """The letters of one bucket. Every method raises `Away` where S3 is, or refuses."""

    def __init__(
        self,
        clients: Clients,
        bucket: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._storage = Storage(clients, largest=LARGEST)
        self._bucket = bucket
        self._clock = clock
        self._who = f"{_user()}@{socket.gethostname()}"

    def select(self, selection: Selection, *, replayed: bool = False) -> Iterator[Found]:
        """The letters that are meant, by route, day and id, and what is damaged among them.

        A few are held at a time. Those that were replayed are told by their prefix alone, without being read,
        unless `replayed`.
        """

        def look(entry: Entry) -> Found:
            if entry.replayed and not replayed:
                return Found(entry.prefix, replayed=True)
            return replace(self._look(entry), replayed=entry.replayed)

        with ThreadPoolExecutor(_READERS) as readers:
            for found in _in_order(readers, look, self.entries(selection)):
                if found.particulars is None or selection.wants(found.particulars):
                    yield found

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """What lies where such letters would, a thousand objects a request, and nothing of other days."""
        for start, after, last in self._ranges(selection):
            pages = self._pages(Prefix=start, **({"StartAfter": after} if after else {}))
            objects = (each for page in pages for each in page.get("Contents", []))
            for prefix, below in groupby(objects, lambda each: each["Key"].rpartition("/")[0] or each["Key"]):
                if last and prefix > last:
                    break
                if selection.may_want(prefix):
                    yield Entry(
                        prefix,
                        {
                            each["Key"].rpartition("/")[2]: Stored(each["Size"], each["ETag"].strip('"'))
                            for each in below
                        },
                    )

    def load(self, prefix: str) -> Kept:
        """A letter with its body; raises `DamagedLetter`."""
        document = self._read(f"{prefix}/{LETTER}")
        particulars = letter_format.read(document.content)
        return Kept(prefix, document.etag, particulars, particulars.letter(self.body(prefix)))

    def body(self, prefix: str) -> bytes:
        """A letter's body as it is; raises `DamagedLetter` where there is none."""
        return self._read(f"{prefix}/{BODY}").content

    def history(self, prefix: str) -> list[Mapping[str, Any]]:
        """What is noted of the times that it was sent again, the latest of each letter.json."""
        pages = self._pages(Prefix=f"{prefix}/replay")
        return [_told(self._read(each["Key"]).content) for page in pages for each in page.get("Contents", [])]

    def take(self, kept: Kept, to: str, patience: float) -> None:
        """Takes a letter in hand; raises `AlreadyReplayed` and `InHand`.

        What another has in hand is taken from him after `patience` seconds, by S3's clock.
        """
        key = f"{kept.prefix}/{hand_mark(kept.stamp)}"
        if self._note(key, to, _IN_HAND, IfNoneMatch="*"):
            return
        try:
            held = self._read(key)
        except DamagedLetter:
            raise InHand("another replay has just taken it in hand", patience) from None
        if any(page.get("Contents") for page in self._pages(Prefix=self._mark_of(kept), MaxKeys=1)):
            raise AlreadyReplayed
        told, left = _told(held.content), patience - held.age
        if told.get("outcome", _IN_HAND) == _IN_HAND and left > 0:
            by, since = told.get("by", "somebody"), told.get("when", "some time")
            raise InHand(f"{by} has had it in hand since {since}", left)
        if not self._note(key, to, _IN_HAND, IfMatch=held.etag):
            raise InHand("another replay has just taken it in hand", patience)

    def put_back(self, kept: Kept, to: str, reason: str) -> None:
        """Notes that its destination did not take it, and why."""
        self._note(f"{kept.prefix}/{hand_mark(kept.stamp)}", to, reason)

    def mark(self, kept: Kept, to: str) -> None:
        """Notes that its destination has confirmed it."""
        _again()(self._note, self._mark_of(kept), to, "arrived")

    def _look(self, entry: Entry) -> Found:
        wrong, document = entry.wrong, b""
        if LETTER not in entry.objects or not is_place(entry.prefix):
            return Found(entry.prefix, wrong=wrong)
        try:
            document = self._read(f"{entry.prefix}/{LETTER}").content
            particulars = letter_format.read(document)
        except DamagedLetter as error:
            return Found(entry.prefix, wrong=str(error), document=document)
        if not wrong and (size := entry.objects[BODY].size) != particulars.length:
            wrong = f"the body has {size} bytes, and was set aside with {particulars.length}; restore it"
        if wrong:
            return Found(entry.prefix, wrong=wrong, document=document)
        return Found(entry.prefix, particulars, document=document)

    def _ranges(self, selection: Selection) -> Iterator[tuple[str, str, str]]:
        """Where to list: what keys begin with, after which one, and up to which prefix ("" for no such)."""
        if selection.prefixes:
            for each in sorted(set(selection.prefixes)):
                if not any(each != other and each.startswith(other) for other in selection.prefixes):
                    yield each, "", ""
            return
        routes = sorted({f"{each}/" for each in selection.routes}) or self._tops()
        for route in routes:
            after, last = selection.first_day, selection.last_day
            yield route, after and f"{route}{after}", last and f"{route}{last}/~"

    def _tops(self) -> Iterator[str]:
        """What there is at the top: routes, with a slash, and objects that nobody expects there."""
        for page in self._pages(Delimiter="/"):
            yield from sorted(
                [each["Prefix"] for each in page.get("CommonPrefixes", [])]
                + [each["Key"] for each in page.get("Contents", [])]
            )

    def _pages(self, **request: Any) -> Iterator[ListObjectsV2OutputTypeDef]:
        try:
            yield from self._storage.list_objects(Bucket=self._bucket, **request)
        except FAULTS as error:
            raise classify(error, f"s3://{self._bucket}").as_away() from None

    def _read(self, key: str) -> _Object:
        """An object; raises `DamagedLetter` where it can't be had. Asked again while S3 is away."""
        name = key.rpartition("/")[2]

        def once() -> _Object:
            try:
                answer = self._storage.get_object(Bucket=self._bucket, Key=key)
                content = answer["Body"].read()
            except TooLarge as error:
                raise DamagedLetter(str(error)) from None
            except FAULTS as error:
                if code_of(error) == "NoSuchKey":
                    raise DamagedLetter(f"{name} is missing: restore it") from None
                if code_of(error) == "InvalidObjectState":
                    raise DamagedLetter(f"{name} is archived: restore it from S3's archive first") from None
                raise classify(error, f"s3://{self._bucket}/{key}").as_away() from None
            date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
            age = (parsedate_to_datetime(date) if date else self._clock()) - answer["LastModified"]
            return _Object(content, answer["ETag"].strip('"'), age.total_seconds())

        return _again()(once)

    def _note(self, key: str, to: str, outcome: str, **condition: str) -> bool:
        """Writes a note; False where the condition is not met."""
        told = {"by": self._who, "when": self._clock().isoformat(timespec="seconds"), "to": to}
        document = json.dumps({**told, "outcome": outcome}, indent=2).encode()
        try:
            self._storage.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=document,
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
                **condition,
            )
        except FAULTS as error:
            if condition and code_of(error) in _QUICKER:
                return False
            raise classify(error, f"s3://{self._bucket}").as_away() from None
        return True

    def _mark_of(self, kept: Kept) -> str:
        return f"{kept.prefix}/{replayed_mark(kept.stamp)}"


@dataclass(frozen=True, slots=True)
class _Object:
    """What S3 gave; `age` in seconds, by its own clock."""

    content: bytes
    etag: str
    age: float


def _again() -> Retrying:
    return Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(multiplier=0.2, max=2),
        retry=retry_if_exception_type(Away),
        reraise=True,
    )


Item = TypeVar("Item")
Result = TypeVar("Result")


def _in_order(
    readers: ThreadPoolExecutor, do: Callable[[Item], Result], items: Iterator[Item]
) -> Iterator[Result]:
    """What `do` makes of each, in order, with no more than twice as many under way as there are readers."""
    under_way = deque(readers.submit(do, item) for item in islice(items, 2 * _READERS))
    while under_way:
        yield under_way.popleft().result()
        under_way.extend(readers.submit(do, item) for item in islice(items, 1))


def _told(document: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(document)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"
