"""What it costs: AWS requests, as a proxy in front of AWS counts them."""

from __future__ import annotations

from bridge.binding import Binding
from mock_mq.core import QueueDefinition
from mock_mq.pytest_plugin import StartQueueManager
from tests.bridge.mq_ends import Program
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy

QUEUE = "OUT"


def publish_requests(
    messages: int,
    aws: Aws,
    proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> int:
    """How many requests the bridge publishes so many waiting messages with; each must arrive once."""
    queue_manager = start_queue_manager(queues=(QueueDefinition(QUEUE),))
    program = Program(binding, queue_manager)
    for number in range(messages):
        program.put(b"message %d" % number, QUEUE, Format=b"MQSTR")
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    started = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: queue_manager.depth(QUEUE) == 0, within=60, what="all published")
    assert started.stop() == 0
    (ended,) = started.said("route_ended")
    assert (ended["messages"], ended["dead_letters"]) == (messages, 0)
    return proxy.count("PublishBatch") + proxy.count("Publish")


def test_ten_small_messages_cost_one_request(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    assert publish_requests(10, aws, fault_proxy, start_queue_manager, start_bridge, binding) == 1


def test_a_thousand_messages_cost_at_most_105_requests(
    aws: Aws,
    fault_proxy: FaultProxy,
    start_queue_manager: StartQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    assert publish_requests(1000, aws, fault_proxy, start_queue_manager, start_bridge, binding) <= 105
