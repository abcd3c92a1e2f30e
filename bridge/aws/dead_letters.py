"""Messages set aside in S3: the body as it was, and a JSON file with everything needed to send it again.

    <route>/<yyyy>/<mm>/<dd>/<id>/body          the body's bytes, written first
    <route>/<yyyy>/<mm>/<dd>/<id>/letter.json   the rest; where it is, the letter is complete

The date is the day it was set aside (UTC). `<id>` is the MsgId in hex, or a digest of SQS's id where there is
none, and a short digest of the whole message: two messages with one MsgId are two letters, one that is set
aside twice on one day, after a crash say, is one letter. `bridge.aws.letter_box` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

from bridge.aws import letter_format
from bridge.aws.faults import FAULTS, classify
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.letters import BODY, LETTER
from bridge.message import NO_ID, DeadLetter, Message

LARGEST = 256 * 1024 * 1024
"""Bytes of a letter's body: more than MQ carries."""


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
        try:
            storage = Storage(self._clients, largest=LARGEST)
            for name, content, media_type in (
                (BODY, letter.message.body, "application/octet-stream"),
                (LETTER, letter_format.write(letter, now), "application/json"),
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


def _id(message: Message) -> str:
    """A letter's id; told above."""
    about = [letter_format.descriptor(message.descriptor), letter_format.properties(message.properties)]
    digest = sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(message.body)
    if message.descriptor.message_id != NO_ID:
        name = message.descriptor.message_id.hex()
    elif message.source_id:
        name = sha256(message.source_id.encode()).hexdigest()[:48]
    else:
        name = uuid4().hex
    return f"{name}-{digest.hexdigest()[:12]}"
