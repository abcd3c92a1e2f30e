"""Where a loop takes messages from and sends them to."""

from __future__ import annotations

from dataclasses import dataclass

CHANNEL = "DEV.APP.SVRCONN"


@dataclass(frozen=True, slots=True)
class Ends:
    """A connection name, an MQ queue, a topic's ARN, a queue's URL, a bucket.

    `credentials` is a directory, for TLS; `count` and `size` are for loops that end by themselves.
    """

    connection: str
    mq: str
    topic: str
    sqs: str
    bucket: str
    credentials: str = ""
    count: int = 0
    size: int = 0
