"""kill -9, again and again, with messages under way in both directions: nothing is lost."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from mock_mq.client.connection import Connection, Target
from mock_mq.core import QueueDefinition
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.queue_manager import RunningQueueManager, StartQueueManager

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = 1000
KILLS = 10
OUT, IN = "OUT", "IN"
BATCH = 10


def body(direction: str, number: int) -> str:
    return f"{direction} message {number} " + "x" * (number % 100)


class Drained:
    """What arrives in an SQS queue, taken away as it comes: an emulator's deep queue is a slow one."""

    def __init__(self, aws: Aws, queue: str) -> None:
        self.bodies: Counter[str] = Counter()
        self._aws = aws
        self._queue = queue
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(30)
        self._take()

    def _drain(self) -> None:
        while not self._stop.wait(0.1):
            self._take()

    def _take(self) -> None:
        self.bodies.update(message["Body"] for message in self._aws.read_all(self._queue))


def feed(aws: Aws, queue: str) -> None:
    for start in range(0, MESSAGES, BATCH):
        entries = [{"Id": str(n), "MessageBody": body(IN, n)} for n in range(start, start + BATCH)]
        aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries)  # type: ignore[arg-type]


def connect(queue_manager: RunningQueueManager) -> Connection:
    return Connection.connect(Target(((queue_manager.host, queue_manager.port),), queue_manager.channel))


def take_all(connection: Connection) -> Iterator[str]:
    handle, _ = connection.open(ObjectDescriptor(object_name=IN), 0x20 | 0x2)
    while connection.inquire(handle, [3], 1, 0)[0][0]:
        yield bytes(connection.get(handle, MessageDescriptor(), GetMessageOptions(), 4096).data).decode()


def letters(aws: Aws, bucket: str) -> Counter[str]:
    return Counter(aws.object(bucket, key).decode() for key in aws.keys(bucket) if key.endswith("/body"))


@pytest.mark.timeout(300)
def test_ten_kills_at_random_moments_lose_nothing_in_either_direction(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = int(os.environ.get("KILL_SEED", str(random.randrange(2**32))))
    moments = random.Random(seed)
    queue_manager = start_queue_manager(queues=(QueueDefinition(OUT), QueueDefinition(IN)))
    topic, subscribed = aws.make_topic()
    # Short, for what a killed bridge had in hand comes again only after it.
    incoming, bucket = aws.make_queue(VisibilityTimeout="3"), aws.make_bucket()
    routes = (
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
    )
    connection = connect(queue_manager)
    handle, _ = connection.open(ObjectDescriptor(object_name=OUT), 0x10)
    for number in range(MESSAGES):
        text = body(OUT, number).encode()
        connection.put(handle, MessageDescriptor(format="MQSTR", ccsid=1208), PutMessageOptions(), text)
    feeder = threading.Thread(target=feed, args=(aws, incoming))
    feeder.start()
    arrived = Drained(aws, subscribed)

    under_way = []
    for _ in range(KILLS):
        started = start_bridge(queue_manager, *routes, dead_letters=bucket)
        started.kill_after(moments.uniform(0.1, 1.2))
        under_way.append((queue_manager.depth(OUT), sum(aws.counts(incoming))))
    last = start_bridge(queue_manager, *routes, dead_letters=bucket)
    feeder.join()
    eventually(
        lambda: queue_manager.depth(OUT) == 0 and aws.counts(incoming) == (0, 0),
        within=150,
        what=f"both sources empty (seed {seed})",
    )
    assert last.stop() == 0
    arrived.close()

    set_aside = letters(aws, bucket)
    for direction, found in ((OUT, arrived.bodies), (IN, Counter(take_all(connection)))):
        sent = {body(direction, number) for number in range(MESSAGES)}
        aside = {text for text in set_aside if text.startswith(f"{direction} ")}
        lost, unexpected = sent - set(found) - aside, set(found) - sent
        doubled = sum(found.values()) - len(found)
        with capsys.disabled():
            sys.stdout.write(
                f"\n{direction}: seed {seed}, {KILLS} kills, sent {len(sent)}, lost {len(lost)}, "
                f"unexpected {len(unexpected)}, duplicates {doubled}, set aside {len(aside)}"
            )
        assert (lost, unexpected) == (set(), set()), f"seed {seed}"
        # What was in hand when it was killed, and no more: a unit of work is ten messages.
        assert doubled <= KILLS * BATCH, f"seed {seed}"
    with capsys.disabled():
        sys.stdout.write(f"\nleft at the sources after each kill (MQ, SQS): {under_way}\n")
    assert under_way[0][0] > 0, "it was over before the first kill"
