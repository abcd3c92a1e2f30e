"""kill -9, again and again, with messages under way in both directions: nothing is lost."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.assembly import BESIDE, FROM_MQ, FROM_SQS
from mock_mq.client.connection import Connection, Target
from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import letters, send

OUT, IN = "OUT", "IN"
MESSAGES = {OUT: 2000, IN: 1000}
KILLS = 10
BATCH = 10
IN_SQS, SUBSCRIBED = 100, 500
"""An emulator's deep queue is a slow one: no more messages than this are in it at a time."""
UNTIL_KILLED = 80
"""Messages a bridge may have moved, either way, when its end is due."""


def body(direction: str, number: int) -> str:
    return f"{direction} message {number} zażółć €" + "x" * (number % 100)


class Worker:
    """Does the same again and again, on a thread of its own."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert self.failed is None

    def _run(self) -> None:
        try:
            while not self._stop.wait(0.05) and self._goes_on():
                pass
        except Exception as e:  # noqa: BLE001 - for the test's own thread to see
            self.failed = e

    def _goes_on(self) -> bool:
        raise NotImplementedError


class Drained(Worker):
    """What arrives in an SQS queue, taken away as it comes: MsgId and body."""

    def __init__(self, aws: Aws, queue: str) -> None:
        self.found: Counter[tuple[str, str]] = Counter()
        self._aws, self._queue = aws, queue
        super().__init__()

    def close(self) -> None:
        super().close()
        self._goes_on()

    def _goes_on(self) -> bool:
        self.found.update(
            (message["MessageAttributes"]["MQMsgId"]["StringValue"], message["Body"])
            for message in self._aws.read_all(self._queue)
        )
        return True


class Put(Worker):
    """Puts an MQ queue its messages, as fast as they arrive in SQS; the MsgId and the body of each."""

    def __init__(self, queue_manager: RunningQueueManager, arrived: Drained) -> None:
        self.put: set[tuple[str, str]] = set()
        self._connection = connect(queue_manager)
        self._handle, _ = self._connection.open(ObjectDescriptor(object_name=OUT), 0x10)
        self._arrived = arrived
        super().__init__()

    def _goes_on(self) -> bool:
        while len(self.put) < min(len(self._arrived.found) + SUBSCRIBED, MESSAGES[OUT]):
            text = body(OUT, len(self.put))
            descriptor, _ = self._connection.put(
                self._handle,
                MessageDescriptor(format="MQSTR", ccsid=1208),
                PutMessageOptions(),
                text.encode(),
            )
            self.put.add((descriptor.message_id.hex(), text))
        return len(self.put) < MESSAGES[OUT]


class Fed(Worker):
    """Sends an SQS queue its messages, as fast as the bridge moves them on to MQ."""

    def __init__(self, aws: Aws, queue: str, queue_manager: RunningQueueManager) -> None:
        self._aws, self._queue, self._queue_manager = aws, queue, queue_manager
        self.sent = 0
        super().__init__()

    def wait(self) -> None:
        """Until all are sent."""
        eventually(lambda: self.sent == MESSAGES[IN], within=90, what="all sent to SQS")
        self.close()

    def _goes_on(self) -> bool:
        while self.sent < min(self._queue_manager.depth(IN) + IN_SQS, MESSAGES[IN]):
            entries: Any = [
                {"Id": str(n), "MessageBody": body(IN, n)} for n in range(self.sent, self.sent + BATCH)
            ]
            answer = self._aws.sqs.send_message_batch(QueueUrl=self._queue, Entries=entries)
            assert not answer.get("Failed")
            self.sent += BATCH
        return self.sent < MESSAGES[IN]


def connect(queue_manager: RunningQueueManager) -> Connection:
    return Connection.connect(Target(((queue_manager.host, queue_manager.port),), queue_manager.channel))


def take_all(connection: Connection) -> Iterator[str]:
    handle, _ = connection.open(ObjectDescriptor(object_name=IN), 0x20 | 0x2)
    while connection.inquire(handle, [3], 1, 0)[0][0]:
        yield bytes(connection.get(handle, MessageDescriptor(), GetMessageOptions(), 4096).data).decode()


@pytest.mark.timeout(240)
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
    fed = Fed(aws, incoming, queue_manager)
    arrived = Drained(aws, subscribed)
    program = Put(queue_manager, arrived)

    def left() -> tuple[int, int]:
        """How many are still to be moved, each way."""
        not_put = MESSAGES[OUT] - len(program.put)
        return not_put + queue_manager.depth(OUT), MESSAGES[IN] - queue_manager.depth(IN)

    left_after_each = []
    for _ in range(KILLS):
        due = [each - moments.randrange(UNTIL_KILLED) for each in left()]
        binding = moments.choice(("pymqi", "ibmmq"))
        started = start_bridge(queue_manager, *routes, dead_letters=bucket, binding=binding)
        eventually(lambda due=due: any(now <= then for now, then in zip(left(), due, strict=True)))  # type: ignore[misc]
        started.kill_after(moments.uniform(0, 0.2))
        left_after_each.append(left())
    last = start_bridge(queue_manager, *routes, dead_letters=bucket)
    fed.wait()
    eventually(
        lambda: left()[0] == 0 and aws.counts(incoming) == (0, 0),
        within=90,
        what=f"both sources empty (seed {seed})",
    )
    assert last.stop() == 0
    arrived.close()
    program.close()

    found_out, found_in = arrived.found, Counter(take_all(connect(queue_manager)))
    wanted_out, wanted_in = program.put, {body(IN, number) for number in range(MESSAGES[IN])}
    reasons = letters(aws, bucket)
    aside = set(reasons)
    lost = {text for _, text in wanted_out - set(found_out)} | (wanted_in - set(found_in))
    unexpected = (
        {text for _, text in set(found_out) - wanted_out}
        | (set(found_in) - wanted_in)
        | (aside - wanted_in - {text for _, text in wanted_out})
    )
    doubled_out, doubled_in = (sum(found.values()) - len(found) for found in (found_out, found_in))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills, seed {seed} (KILL_SEED={seed} repeats it): {MESSAGES} messages, "
            f"lost {len(lost - aside)}, unexpected {len(unexpected)}, set aside {len(aside)} "
            f"{sorted(set(reasons.values()))}, duplicates {doubled_out} out and {doubled_in} in; "
            f"still to move after each: {left_after_each}\n"
        )
    assert (lost - aside, unexpected) == (set(), set()), f"seed {seed}"
    # What was in hand when it was killed, and no more: a unit a connection; into MQ the one before too.
    assert doubled_out <= KILLS * FROM_MQ * (1 + BESIDE), f"seed {seed}"
    assert doubled_in <= KILLS * 2 * FROM_SQS, f"seed {seed}"
    # Each kill found work both ways, and by the last one both had got on.
    assert min(min(pair) for pair in left_after_each) > 0, left_after_each
    assert all(left < MESSAGES[way] for left, way in zip(left_after_each[-1], (OUT, IN), strict=True))


def test_killed_between_its_commits_and_their_deletes_it_doubles_two_units_of_work_at_most(
    aws: Aws, fault_proxy: FaultProxy, start_queue_manager: StartQueueManager, start_bridge: StartBridge
) -> None:
    queue_manager = start_queue_manager(queues=(QueueDefinition(IN),))
    incoming, bucket = aws.make_queue(VisibilityTimeout="3"), aws.make_bucket()
    sent = {str(number) for number in range(2 * FROM_SQS + 20)}
    send(aws, incoming, *sent)
    route = {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}}
    deletes = fault_proxy.silence("DeleteMessageBatch", after=False, times=1000)
    started = start_bridge(queue_manager, route, dead_letters=bucket)
    eventually(lambda: deletes.happened > 0, what="a unit of work is committed")
    first = deletes.happened * BATCH
    eventually(
        lambda: deletes.happened * BATCH > first, what="the next is, and waits for the deletes of that"
    )
    started.kill_after(0)
    committed = queue_manager.depth(IN)
    assert committed <= 2 * FROM_SQS
    fault_proxy.mend()
    last = start_bridge(queue_manager, route, dead_letters=bucket)
    eventually(lambda: aws.counts(incoming) == (0, 0), within=60, what="all moved")
    assert last.stop() == 0
    arrived = Counter(take_all(connect(queue_manager)))
    assert set(arrived) == sent
    assert sum(arrived.values()) - len(sent) == committed
