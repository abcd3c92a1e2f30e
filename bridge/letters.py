"""Dead letters as whoever looks through them sees them: which are meant, and what is known of each. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from bridge.errors import BridgeError
from bridge.message import DeadLetter, Descriptor, Message, Property

LETTER, BODY = "letter.json", "body"
"""The two objects of a letter, below its prefix."""

_PLACE = re.compile(r"(?P<route>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/[A-Za-z0-9][A-Za-z0-9._-]*")
_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class DamagedLetter(BridgeError):
    """A dead letter that is incomplete or not what was written."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """All about a letter but its body, of which it has length (bytes) and SHA-256 (hex)."""

    route: str
    source: str
    destination: str
    reason: str
    attempts: int
    when: datetime
    length: int
    sha256: str
    descriptor: Descriptor
    properties: Mapping[str, Property] = field(repr=False)
    source_id: str
    as_received: bool

    def letter(self, body: bytes) -> DeadLetter:
        """The letter with its body; raises `DamagedLetter` where that is not the one that was set aside."""
        if (len(body), sha256(body).hexdigest()) != (self.length, self.sha256):
            raise DamagedLetter("the body is not the one that was set aside; restore it")
        message = Message(body, self.descriptor, self.properties, self.source_id)
        return DeadLetter(
            self.route,
            self.source,
            self.destination,
            self.reason,
            self.attempts,
            message,
            self.as_received,
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """An object: its size in bytes, and its ETag, which is another for each time that it is written."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies below one prefix."""

    prefix: str
    objects: Mapping[str, Stored]

    @property
    def stamp(self) -> str:
        """The ETag of letter.json: a message set aside a second time is another letter. "" without one."""
        return self.objects[LETTER].etag if LETTER in self.objects else ""

    @property
    def replayed(self) -> bool:
        """Whether its destination has confirmed it since it was set aside."""
        return bool(self.stamp) and replayed_mark(self.stamp) in self.objects

    @property
    def wrong(self) -> str:
        """What is wrong with it, as far as a look from outside tells; "" for nothing."""
        if not is_place(self.prefix):
            return "not where a dead letter would be (ROUTE/YYYY/MM/DD/ID); nothing of the bridge's"
        if LETTER not in self.objects:
            return (
                "letter.json is missing: the bridge was stopped before the letter was complete, and its "
                "message is at its source; or somebody removed it: then restore it"
            )
        return "" if BODY in self.objects else "the body is missing: restore it"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that was looked into: `particulars`, or what is `wrong`. Neither where it was replayed.

    `document` is letter.json as it is.
    """

    prefix: str
    particulars: Particulars | None = None
    wrong: str = ""
    replayed: bool = False
    document: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant: those that all of these allow; what is empty or None allows all.

    `since` and `until` are in UTC and count themselves; `reason` is a part of it, in any case. A prefix is
    the beginning of a letter's, or the whole of it.
    """

    prefixes: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""

    @property
    def everything(self) -> bool:
        """Whether it leaves nothing out."""
        return not (self.prefixes or self.routes or self.since or self.until or self.reason)

    @property
    def first_day(self) -> str:
        """YYYY/MM/DD, as in prefixes; "" where there is no such day."""
        return f"{self.since:%Y/%m/%d}" if self.since else ""

    @property
    def last_day(self) -> str:
        """YYYY/MM/DD, as in prefixes; "" where there is no such day."""
        return f"{self.until:%Y/%m/%d}" if self.until else ""

    def may_want(self, prefix: str) -> bool:
        """Whether it is meant, as far as its prefix tells. What lies anywhere else might be anything."""
        place = _PLACE.fullmatch(prefix)
        if place is None:
            return True
        if self.routes and place["route"] not in self.routes:
            return False
        return self.first_day <= place["day"] and not "" < self.last_day < place["day"]

    def wants(self, particulars: Particulars) -> bool:
        """Whether it is meant."""
        if self.since and particulars.when < self.since:
            return False
        if self.until and particulars.when > self.until:
            return False
        return self.reason.casefold() in particulars.reason.casefold()


def is_place(prefix: str) -> bool:
    """Whether a letter may be there."""
    return _PLACE.fullmatch(prefix) is not None


def replayed_mark(stamp: str) -> str:
    """The object that says that a letter was replayed."""
    return f"replayed-{stamp}.json"


def hand_mark(stamp: str) -> str:
    """The object that says who has, or had, a letter in hand to replay it."""
    return f"replay-{stamp}.json"


def moment(text: str, now: datetime, *, end: bool = False) -> datetime:
    """A time that a person wrote: `2h`, `3d`, `45m` ago, or ISO 8601, in UTC unless it says otherwise.

    A date alone is its beginning, or its `end`. Raises `ValueError`.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        told = datetime.fromisoformat(text)
        if end and _DATE.fullmatch(text):
            told += timedelta(days=1, microseconds=-1)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: write 2h, 3d or 45m for so long ago, or 2026-02-03T04:05 (UTC)"
        ) from None
