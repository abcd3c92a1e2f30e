"""What the tests of whole routes share: the queues, and both ends' programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mock_mq.core import QueueDefinition
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import eventually

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

OUT, IN, SMALL, TOPIC = "OUT", "IN", "SMALL", "TOPIC"
QUEUES = (
    QueueDefinition(OUT),
    QueueDefinition(IN),
    QueueDefinition(SMALL, max_message_length=1000),
    QueueDefinition(TOPIC),
)
CANARY = "canary-4f1d9c"
"""In bodies, properties and passwords; never in what the bridge prints."""


def read(aws: Aws, queue: str, count: int) -> list[MessageTypeDef]:
    """That many messages, waited for."""
    found: list[MessageTypeDef] = []

    def enough() -> bool:
        found.extend(aws.read_all(queue))
        return len(found) >= count

    eventually(enough, what=f"{count} messages from SQS")
    assert len(found) == count
    return found


def send(aws: Aws, queue: str, *bodies: str) -> None:
    """Sends messages, ten a request."""
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
        answer = aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries)  # type: ignore[arg-type]
        assert not answer.get("Failed")


def letters(aws: Aws, bucket: str) -> dict[str, str]:
    """The body of each dead letter, and why it is one."""
    places = [key.removesuffix("/body") for key in aws.keys(bucket) if key.endswith("/body")]
    return {
        aws.object(bucket, f"{place}/body").decode(): json.loads(aws.object(bucket, f"{place}/letter.json"))[
            "reason"
        ]
        for place in places
    }
