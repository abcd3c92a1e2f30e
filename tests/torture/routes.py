"""The two directions with both of their ends: what is sent, what is left at the source, what is found."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from mock_mq.core import QueueDefinition
from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.system.ends import send

OUT, IN, LEDGER = "OUT", "IN", "LEDGER"
THRESHOLD = 1_024
"""Bytes: what is larger goes through S3."""
LONGEST = 50_000
"""The MAXMSGL of the queue that messages go to."""
QUEUES = (
    QueueDefinition(OUT, max_depth=100_000),
    QueueDefinition(IN, max_depth=100_000, max_message_length=LONGEST, default_persistence=1),
    QueueDefinition(LEDGER, max_depth=100_000),
)
_POINTER = "software.amazon.payloadoffloading.PayloadS3Pointer"
_PERSISTENT = 1


class Route:
    """One direction; `sent` is how many messages were, `settings` are the route's in the configuration."""

    name: str
    settings: dict[str, Any]

    def __init__(self, aws: Aws, queue_manager: RunningQueueManager) -> None:
        self.aws = aws
        self.queue_manager = queue_manager
        self.letters, self.payloads = aws.make_bucket(), aws.make_bucket()
        self.sent = 0

    def send(self, *texts: str) -> None:
        """Puts messages where the route takes them from."""
        raise NotImplementedError

    def left(self) -> int:
        """How many are at the source, in somebody's hands or not."""
        raise NotImplementedError

    def empty(self) -> None:
        """Takes away what has arrived, where it would be in the way."""

    def found(self) -> Counter[str]:
        """What has arrived so far."""
        raise NotImplementedError

    def set_aside(self) -> dict[str, list[str]]:
        """The dead letters that are complete, by their bodies: the reason of each."""
        reasons: dict[str, list[str]] = {}
        keys = self.aws.keys(self.letters)
        for place in (key.removesuffix("/letter.json") for key in keys if key.endswith("/letter.json")):
            letter = json.loads(self.aws.object(self.letters, f"{place}/letter.json"))
            body = self.aws.object(self.letters, f"{place}/body").decode()
            reasons.setdefault(body, []).append(letter["reason"])
        return reasons


class Out(Route):
    """MQ -> SNS, and a queue that has subscribed."""

    name = "out"

    def __init__(self, aws: Aws, queue_manager: RunningQueueManager) -> None:
        super().__init__(aws, queue_manager)
        topic, self._subscribed = aws.make_topic()
        self.settings = {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}
        self._found: Counter[str] = Counter()

    def send(self, *texts: str) -> None:
        for text in texts:
            self.queue_manager.put(OUT, text, persistence=_PERSISTENT)
        self.sent += len(texts)

    def left(self) -> int:
        # Those in hand too, which CURDEPTH leaves out: they come back where their connection ends.
        return self.queue_manager.ask(lambda core: sum(1 for _ in core.queue(OUT).messages()))

    def empty(self) -> None:
        for each in self.aws.read_all(self._subscribed):
            self._found[self._text(each["Body"])] += 1

    def found(self) -> Counter[str]:
        self.empty()
        return self._found

    def _text(self, body: str) -> str:
        if "S3BucketName" not in body and "s3BucketName" not in body:
            return body
        _, where = json.loads(body)
        return self.aws.object(where["s3BucketName"], where["s3Key"]).decode()


class In(Route):
    """SQS -> MQ, with a ledger."""

    name = "in"

    def __init__(self, aws: Aws, queue_manager: RunningQueueManager) -> None:
        super().__init__(aws, queue_manager)
        # What a killed bridge had in hand comes again only after that time.
        self._incoming = aws.make_queue(VisibilityTimeout="2")
        self.settings = {
            "name": "in",
            "from": {"sqs": self._incoming, "wait": 1},
            "to": {"mq": IN, "ledger": LEDGER},
        }

    def send(self, *texts: str) -> None:
        through_s3 = [text for text in texts if THRESHOLD < len(text) <= LONGEST]
        send(self.aws, self._incoming, *(text for text in texts if text not in through_s3))
        for text in through_s3:
            key = self.aws.name("payload")
            self.aws.s3.put_object(Bucket=self.payloads, Key=key, Body=text.encode())
            self.aws.sqs.send_message(
                QueueUrl=self._incoming,
                MessageBody=json.dumps([_POINTER, {"s3BucketName": self.payloads, "s3Key": key}]),
                MessageAttributes={
                    "ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(text))}
                },
            )
        self.sent += len(texts)

    def left(self) -> int:
        return sum(self.aws.counts(self._incoming))

    def found(self) -> Counter[str]:
        return Counter(each.data.decode() for each in self.queue_manager.browse(IN))


ROUTES = {"out": Out, "in": In}
