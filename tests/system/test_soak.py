"""Much, slowly and for long: what a bridge holds is bounded, and what it keeps does not grow."""

from __future__ import annotations

import json
import os
import sys

import pytest

from bridge.binding import Binding
from mock_mq.core import QueueDefinition, QueueManager
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.wire.structures import MessageDescriptor
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import IN, OUT
from tests.system.memory import Watched, handles, kilobytes

MIB = 1024 * 1024
LARGE = 12
"""Messages of a MiB each."""
IN_FLIGHT = 4
"""Of them."""

WARM_UP, SOAK = 1_000, int(os.environ.get("SOAK_MESSAGES", "4000"))
"""Messages each way."""
GROWTH = 3 * MIB // 2
"""What comes of an allocator's habits; 4,000 messages that left 400 bytes behind each would be as much."""


def test_a_slow_destination_bounds_what_is_in_hand(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    queue_manager = start_queue_manager(queues=(QueueDefinition(OUT), QueueDefinition(IN)))
    between, incoming, payloads = aws.make_queue(), aws.make_queue(), aws.make_bucket()
    aws.s3.put_object(Bucket=payloads, Key="k", Body=b"x" * MIB)
    where = {"s3BucketName": payloads, "s3Key": "k"}

    def send(count: int) -> None:
        """All of them at once, as those who take see it."""
        taking = fault_proxy.hold("ReceiveMessage")
        fault_proxy.wait_for("ReceiveMessage", fault_proxy.count("ReceiveMessage") + 1)
        for _ in range(count):
            aws.sqs.send_message(
                QueueUrl=incoming,
                MessageBody=json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", where]),
                MessageAttributes={"ExtendedPayloadSize": {"DataType": "Number", "StringValue": "1"}},
            )
        queue_manager.ask(lambda core: [core.put(OUT, MessageDescriptor(), bytes(MIB)) for _ in range(count)])
        taking.set()

    def arrived() -> tuple[int, int]:
        return sum(aws.counts(between)), queue_manager.depth(IN)

    started = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": between}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        offload={"bucket": payloads},
        in_flight=f"{IN_FLIGHT}MiB",
    )
    send(1)
    eventually(lambda: arrived() == (1, 1), what="the first ones, for which much is imported")
    watched = Watched(started)
    before = fault_proxy.count("PutObject"), fault_proxy.count("GetObject")
    uploading = fault_proxy.hold("PutObject")
    putting = queue_manager.fault("delay", call="MQPUT", queue=IN, seconds=0.5)
    send(LARGE)
    fault_proxy.wait_for("PutObject", before[0] + 1)
    eventually(lambda: queue_manager.happened(putting) == 1, what="a slow MQPUT")
    assert LARGE - queue_manager.depth(OUT) == IN_FLIGHT
    assert fault_proxy.count("GetObject") - before[1] == IN_FLIGHT
    uploading.set()
    queue_manager.mend(putting)
    eventually(lambda: arrived() == (LARGE + 1, LARGE + 1), what="all of them")
    # Either route holds so much, and one message more while it takes it.
    assert watched.most() < 2 * 2.5 * (IN_FLIGHT + 1) * MIB
    assert started.stop() == 0


def test_large_messages_overlap_within_what_a_route_may_have_in_hand(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
) -> None:
    queue_manager = start_queue_manager(queues=(QueueDefinition(OUT), QueueDefinition(IN)))
    between, incoming, payloads = aws.make_queue(), aws.make_queue(), aws.make_bucket()
    large, most, messages = 5 * MIB, 2, 7
    body = b"x" * large
    for number in range(messages):
        aws.s3.put_object(Bucket=payloads, Key=str(number), Body=body)

    def send(count: int) -> None:
        """All of them at once, as those who take see it."""
        taking = fault_proxy.hold("ReceiveMessage")
        fault_proxy.wait_for("ReceiveMessage", fault_proxy.count("ReceiveMessage") + 1)
        for number in range(count):
            where = {"s3BucketName": payloads, "s3Key": str(number)}
            aws.sqs.send_message(
                QueueUrl=incoming,
                MessageBody=json.dumps(["software.amazon.payloadoffloading.PayloadS3Pointer", where]),
                MessageAttributes={
                    "ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(body))}
                },
            )
        queue_manager.ask(lambda core: [core.put(OUT, MessageDescriptor(), body) for _ in range(count)])
        taking.set()

    def arrived() -> tuple[int, int]:
        return sum(aws.counts(between)), queue_manager.depth(IN)

    started = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": between}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        environment={"AWS_ENDPOINT_URL": fault_proxy.url},
        offload={"bucket": payloads},
        in_flight=most * large + MIB,
    )
    send(1)
    eventually(lambda: arrived() == (1, 1), what="the first ones, for which much is imported")
    watched = Watched(started)
    before = fault_proxy.count("PutObject"), fault_proxy.count("GetObject")
    uploading = [fault_proxy.hold("PutObject") for _ in range(most)]
    putting = queue_manager.fault("delay", call="MQPUT", queue=IN, seconds=1.5)
    send(messages)
    # One goes up while another is got; and one comes down while another is put.
    fault_proxy.wait_for("PutObject", before[0] + most)
    fault_proxy.wait_for("GetObject", before[1] + most)
    eventually(lambda: queue_manager.happened(putting) > 0, what="a slow MQPUT")
    assert queue_manager.depth(IN) == 1
    assert messages - queue_manager.depth(OUT) == most
    assert fault_proxy.count("GetObject") - before[1] == most
    for each in uploading:
        each.set()
    queue_manager.mend(putting)
    eventually(lambda: arrived() == (messages + 1, messages + 1), what="all of them")
    assert watched.most() < 2 * 2.5 * most * large
    assert started.stop() == 0


def test_thousands_of_messages_and_broken_connections_leave_nothing_behind(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue_manager = start_queue_manager(
        queues=tuple(QueueDefinition(name, max_depth=100_000) for name in (OUT, IN))
    )
    topic, incoming = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"], aws.make_queue()
    started = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    # The emulator would take minutes for so many; so none of these reaches it.
    for action in ("PublishBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"):
        fault_proxy.confirm(action, times=WARM_UP + SOAK)
    batch = {
        "Messages": [
            {"MessageId": f"{n}", "ReceiptHandle": f"{n}", "Body": "message " * 100} for n in range(10)
        ]
    }

    def fill(core: QueueManager) -> None:
        for number in range(1000):
            core.put(OUT, MessageDescriptor(format="MQSTR", ccsid=1208), b"%08d" % number * 100)

    def move(messages: int) -> tuple[int, int, tuple[int, int]]:
        """Moves so many each way; how many connections broke, and what the process holds after it."""
        broken = queue_manager.fault("drop", call="MQCMIT", every=8)
        received = fault_proxy.answer(
            "ReceiveMessage", status=200, body=json.dumps(batch).encode(), times=messages // 10
        )
        for _ in range(messages // 1000):
            queue_manager.ask(fill)
        eventually(
            lambda: queue_manager.depth(OUT) == 0 and not received.left,
            within=max(90, messages / 20),
            what="all moved",
        )
        breaks = queue_manager.happened(broken)
        queue_manager.mend()
        polls = fault_proxy.count("ReceiveMessage")
        fault_proxy.wait_for("ReceiveMessage", polls + 2)
        return breaks, kilobytes(started, "VmRSS"), handles(started)

    _, memory, held = move(WARM_UP)
    breaks, more, later = move(SOAK)
    assert started.stop() == 0
    with capsys.disabled():
        sys.stdout.write(
            f"\n{SOAK} messages each way, {breaks} connections broken: memory {memory} -> {more} KiB, "
            f"files and threads {held} -> {later}\n"
        )
    assert breaks >= 16
    # There may be more calls to AWS at a time than in the warm-up, and a connection and a thread each; what
    # every broken connection left behind would be many more.
    assert all(2 * (after - before) < breaks for after, before in zip(later, held, strict=True)), (
        held,
        later,
    )
    assert (more - memory) * 1024 < GROWTH
