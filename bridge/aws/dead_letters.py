"""Messages set aside in S3: the body as it was, and a JSON file with everything needed to send it again.

    <route>/<yyyy>/<mm>/<dd>/<id>/body          the body's bytes, written first
    <route>/<yyyy>/<mm>/<dd>/<id>/letter.json   the rest; where it is, the letter is complete

The date is the day it was set aside (UTC). `<id>` is the MsgId in hex, or a digest of SQS's id where there is
none, and a short digest of the whole message: two messages with one MsgId are two letters, one that is set
aside twice on one day, after a crash say, is one letter.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from bridge.aws.faults import FAULTS, LONGEST_REASON, capped, classify, code_of
from bridge.aws.session import Clients
from bridge.aws.storage import Storage, TooLarge
from bridge.errors import BridgeError
from bridge.message import NO_ID, DeadLetter, Descriptor, Message, Property, PropertyValue

VERSION = 1
"""Of letter.json's format."""

_LARGEST = 256 * 1024 * 1024
_BYTES_FIELDS = tuple(
    name for name in Descriptor.__dataclass_fields__ if isinstance(getattr(Descriptor(), name), bytes)
)


class DamagedLetter(BridgeError):
    """A dead letter that is incomplete or not what was written."""


class S3DeadLetters:
    """Keeps dead letters in one bucket. A `DeadLetters`, shared by threads. `clock` gives the time in UTC."""

    def __init__(
        self,
        clients: Clients,
        bucket: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._clock = clock

    def keep(self, letter: DeadLetter) -> str:
        """Keeps a letter; returns `s3://bucket/prefix` once S3 has confirmed both objects; raises `Away`."""
        now = self._clock()
        prefix = f"{letter.route}/{now:%Y/%m/%d}/{_id(letter.message)}"
        body = letter.message.body
        document = json.dumps(_document(letter, now), indent=2).encode()
        try:
            storage = self._storage()
            for name, content, media_type in (
                ("body", body, "application/octet-stream"),
                ("letter.json", document, "application/json"),
            ):
                storage.put_object(
                    Bucket=self._bucket,
                    Key=f"{prefix}/{name}",
                    Body=content,
                    ContentType=media_type,
                    ChecksumAlgorithm="SHA256",
                )
        except FAULTS as error:
            raise classify(error, f"s3://{self._bucket}").as_away() from None
        return f"s3://{self._bucket}/{prefix}"

    def load(self, prefix: str) -> DeadLetter:
        """The letter kept under a prefix (what `keep` returned, with or without `s3://bucket/`).

        Raises `DamagedLetter`, and `Away` where S3 is.
        """
        key = prefix.removeprefix(f"s3://{self._bucket}/").rstrip("/")
        thing = f"s3://{self._bucket}/{key}"
        document = self._read(f"{key}/letter.json")
        body = self._read(f"{key}/body")
        try:
            told = json.loads(document)
            if told["version"] != VERSION:
                raise DamagedLetter(
                    f"{thing}: written in format {told['version']!r}; this bridge reads {VERSION}"
                )
            if told["body"] != _seal(body):
                raise DamagedLetter(f"{thing}: the body is not the one that was set aside; restore it")
            return _letter(told, body)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DamagedLetter(f"{thing}/letter.json: not a dead letter ({type(error).__name__})") from None

    def _read(self, key: str) -> bytes:
        thing = f"s3://{self._bucket}/{key}"
        try:
            return self._storage().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except TooLarge as error:
            raise DamagedLetter(str(error)) from None
        except FAULTS as error:
            found = classify(error, thing)
            if code_of(error) == "NoSuchKey":
                raise DamagedLetter(f"{thing}: there is no such object; the letter is not complete") from None
            raise found.as_away() from None

    def _storage(self) -> Storage:
        return Storage(self._clients, largest=_LARGEST)


def _id(message: Message) -> str:
    """A letter's id; told above."""
    content = json.dumps([_descriptor(message.descriptor), _properties(message.properties)], sort_keys=True)
    digest = sha256(content.encode())
    digest.update(message.body)
    if message.descriptor.message_id != NO_ID:
        name = message.descriptor.message_id.hex()
    elif message.source_id:
        name = sha256(message.source_id.encode()).hexdigest()[:48]
    else:
        name = uuid4().hex
    return f"{name}-{digest.hexdigest()[:12]}"


def _seal(body: bytes) -> dict[str, Any]:
    return {"length": len(body), "sha256": sha256(body).hexdigest()}


def _document(letter: DeadLetter, now: datetime) -> dict[str, Any]:
    return {
        "version": VERSION,
        "route": letter.route,
        "source": letter.source,
        "destination": letter.destination,
        "reason": capped(letter.reason, LONGEST_REASON),
        "attempts": letter.attempts,
        "when": now.isoformat(timespec="milliseconds"),
        "descriptor": _descriptor(letter.message.descriptor),
        "properties": _properties(letter.message.properties),
        "body": _seal(letter.message.body),
    }


def _letter(told: Mapping[str, Any], body: bytes) -> DeadLetter:
    descriptor: dict[str, Any] = {
        name: bytes.fromhex(value) if name in _BYTES_FIELDS else value
        for name, value in told["descriptor"].items()
    }
    properties = {
        name: Property(_value(held["value"]), held["type"]) for name, held in told["properties"].items()
    }
    message = Message(body, Descriptor(**descriptor), MappingProxyType(properties))
    return DeadLetter(
        told["route"], told["source"], told["destination"], told["reason"], told["attempts"], message
    )


def _descriptor(descriptor: Descriptor) -> dict[str, Any]:
    return {
        name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(descriptor).items()
    }


def _properties(properties: Mapping[str, Property]) -> dict[str, Any]:
    return {name: {"type": held.type, "value": _plain(held.value)} for name, held in properties.items()}


def _plain(value: PropertyValue) -> Any:
    """A property's value as JSON has it; what JSON hasn't is an object that names its kind."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _value(told: Any) -> PropertyValue:
    match told:
        case {"base64": str(text)}:
            return base64.b64decode(text, validate=True)
        case {"float": str(text)}:
            return float(text)
        case None | bool() | int() | float() | str():
            return told
    raise ValueError("a property's value is of no known kind")
