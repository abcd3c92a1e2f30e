"""FIFO routes as their owners run them: order through a kill, and one task taking at a time."""

from __future__ import annotations

from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import Program
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.system.ends import IN, OUT

COUNT = 60


def test_order_and_number_are_kept_through_a_kill_with_a_second_task_waiting(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_fifo_topic()
    program = Program(binding, plain)
    for number in range(COUNT):
        program.put(f"{number:03}".encode(), OUT, Format=b"MQSTR")
    route = {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}
    bucket = aws.make_bucket()
    first = start_bridge(plain, route, dead_letters=bucket, binding=binding.name)
    eventually(lambda: plain.depth(OUT) < COUNT, what="the first to take")
    second = start_bridge(plain, route, dead_letters=bucket, binding=binding.name)
    waiting = second.wait_for("route_waiting")
    assert "queue OUT on QM1: another program has it open" in waiting["reason"]
    assert "2042 MQRC_OBJECT_IN_USE" in waiting["reason"]
    first.close()  # SIGKILL
    for number in range(COUNT, COUNT + 5):
        program.put(f"{number:03}".encode(), OUT, Format=b"MQSTR")
    eventually(lambda: plain.depth(OUT) == 0, what="the second to take over", within=60)
    assert second.stop() == 0
    bodies = [each["Body"] for each in aws.read_all(subscribed)]
    assert bodies == [f"{number:03}" for number in range(COUNT + 5)]
    assert aws.keys(bucket) == []


def test_a_fifo_queue_arrives_on_the_mq_queue_in_order(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    incoming = aws.make_fifo_queue()
    for number in range(25):
        aws.sqs.send_message(
            QueueUrl=incoming,
            MessageBody=f"{number:03}",
            MessageGroupId="g",
            MessageDeduplicationId=str(number),
        )
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: plain.depth(IN) == 25, what="all on the MQ queue")
    assert started.stop() == 0
    program = Program(binding, plain)
    assert [program.get(IN)[0].decode() for _ in range(25)] == [f"{number:03}" for number in range(25)]
