"""What a message of 100 MB costs the bridge in memory: less than two and a half times its size."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator

import pytest

from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.system.memory import Watched

OUT, IN, SMALL = "OUT", "IN", "SMALL"
QUEUES = (QueueDefinition(OUT), QueueDefinition(IN), QueueDefinition(SMALL, max_message_length=4_000_000))
SIZE = 100 * 1024 * 1024 - 4096
"""Bytes: with its properties it fits into MQ's longest message."""
MOST = 2.5
WIDE = "\U0001f600" + "x" * 60
"""Of 64 bytes in UTF-8, and four times as much as a text of Python's."""
BODIES = {"binary": bytes(range(256)) * (SIZE // 256), "wide": WIDE.encode() * (SIZE // 64)}


@pytest.fixture
def queue_manager(start_queue_manager: StartQueueManager) -> RunningQueueManager:
    return start_queue_manager(queues=QUEUES)


@pytest.fixture
def told(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[dict[str, float]]:
    """What was measured, for whoever runs it to see."""
    found: dict[str, float] = {}
    yield found
    with capsys.disabled():
        for what, factor in found.items():
            sys.stdout.write(f"\n{request.node.name}: {what}: {factor:.2f} times its size\n")


@pytest.mark.parametrize(("kind", "binding"), [("binary", "ibmmq"), ("wide", "pymqi")])
def test_out_of_mq(
    kind: str,
    binding: str,
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    told: dict[str, float],
) -> None:
    queue, payloads = aws.make_queue(), aws.make_bucket()
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": queue}},
        dead_letters=aws.make_bucket(),
        binding=binding,
        offload={"bucket": payloads},
    )
    queue_manager.put(OUT, bytes(300_000))
    eventually(lambda: sum(aws.counts(queue)) == 1, what="the first one, for which much is imported")
    watched = Watched(bridge)
    text = {"format": "MQSTR", "ccsid": 1208} if kind == "wide" else {}
    queue_manager.put(OUT, BODIES[kind], **text)
    eventually(lambda: sum(aws.counts(queue)) == 2, within=90, what="the large one")
    most = watched.most()
    told["memory"] = most / SIZE
    assert most < MOST * SIZE
    keys = aws.keys(payloads)
    stored = max((aws.object(payloads, key) for key in keys), key=len)
    assert stored == (BODIES[kind] if text else base64.b64encode(BODIES[kind]))


@pytest.mark.parametrize(("kind", "binding"), [("binary", "pymqi"), ("wide", "ibmmq")])
def test_into_mq_and_into_the_dead_letters_where_it_is_too_large_for_the_queue(
    kind: str,
    binding: str,
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    told: dict[str, float],
) -> None:
    payloads, letters = aws.make_bucket(), aws.make_bucket()
    queues = {IN: aws.make_queue(), SMALL: aws.make_queue()}
    bridge = start_bridge(
        queue_manager,
        *(
            {"name": to.lower(), "from": {"sqs": queue, "wait": 1}, "to": {"mq": to}}
            for to, queue in queues.items()
        ),
        dead_letters=letters,
        binding=binding,
        offload={"bucket": payloads},
    )

    def send(queue: str, key: str, **attributes: str) -> None:
        where = {"s3BucketName": payloads, "s3Key": key}
        told = {"property": "so that a header is added", **attributes}
        aws.sqs.send_message(
            QueueUrl=queue,
            MessageBody=json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", where]),
            MessageAttributes={
                "ExtendedPayloadSize": {"DataType": "Number", "StringValue": "1"},
                **{name: {"DataType": "String", "StringValue": value} for name, value in told.items()},
            },
        )

    body = BODIES[kind]
    encoded = {"MQBodyEncoding": "base64"} if kind == "binary" else {}
    aws.s3.put_object(Bucket=payloads, Key="small", Body=b"x" * 300_000)
    aws.s3.put_object(Bucket=payloads, Key="large", Body=base64.b64encode(body) if kind == "binary" else body)
    send(queues[IN], "small")
    send(queues[SMALL], "small")
    eventually(lambda: queue_manager.depth(IN) == queue_manager.depth(SMALL) == 1, what="the first ones")
    watched = Watched(bridge)
    send(queues[IN], "large", **encoded)
    eventually(lambda: queue_manager.depth(IN) == 2, within=90, what="the large one")
    eventually(lambda: aws.counts(queues[IN]) == (0, 0), what="it to be deleted")
    into_mq = watched.most()
    watched = Watched(bridge)
    send(queues[SMALL], "large", **encoded)
    eventually(lambda: len(aws.keys(letters)) == 2, within=90, what="the dead letter")
    eventually(lambda: aws.counts(queues[SMALL]) == (0, 0), what="it to be deleted")
    set_aside = watched.most()
    told |= {"onto a queue": into_mq / len(body), "into the bucket": set_aside / len(body)}
    assert max(into_mq, set_aside) < MOST * len(body)
    arrived = queue_manager.browse(IN)[-1].data
    assert arrived.endswith(body)
    (kept,) = [key for key in aws.keys(letters) if key.endswith("/body")]
    assert aws.object(letters, kept) == body
    (said,) = bridge.said("message_set_aside")
    assert "2030" in said["reason"]
