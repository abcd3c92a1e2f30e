"""Several connections a route: a backlog is moved over all of them, and nothing else needs more than one."""

from __future__ import annotations

from bridge.assembly import BESIDE, FROM_MQ
from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import OUT, read

BACKLOG = (2 + BESIDE) * FROM_MQ


def fill(queue_manager: RunningQueueManager, count: int) -> None:
    for number in range(count):
        queue_manager.put(OUT, str(number))


def moved_over(queue_manager: RunningQueueManager) -> set[int]:
    """The connections over which units of work were committed."""
    return {each.connection for each in queue_manager.calls("MQCMIT")}


def move_all(started: RunningBridge, queue_manager: RunningQueueManager, messages: int) -> None:
    """Waits until so many have left their queue, for good and at the first try."""
    eventually(lambda: queue_manager.depth(OUT) == 0)
    assert started.stop() == 0
    (ended,) = started.said("route_ended")
    assert (ended["messages"], ended["delivered"], ended["back_outs"]) == (messages, messages, 0)


def test_a_backlog_is_moved_over_several_connections_and_single_messages_over_one(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        environment={"AWS_ENDPOINT_URL": fault_proxy.url},
    )
    for _ in range(5):
        fill(plain, 1)
        read(aws, subscribed, 1)
    assert len(moved_over(plain)) == 1
    fault_proxy.delay("PublishBatch", seconds=0.1, times=BACKLOG)
    fill(plain, BACKLOG)
    assert sorted(int(each["Body"]) for each in read(aws, subscribed, BACKLOG)) == list(range(BACKLOG))
    move_all(started, plain, BACKLOG + 5)
    assert len(moved_over(plain)) == 1 + BESIDE


def test_a_route_that_gets_one_connection_alone_moves_everything_over_it_and_says_so_once(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, _ = aws.make_topic()
    # The route's, and that of what looks at the depth of its queue.
    plain.limit_connections(2)
    fill(plain, BACKLOG)
    fault_proxy.confirm("PublishBatch", times=BACKLOG)
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        environment={"AWS_ENDPOINT_URL": fault_proxy.url},
    )
    move_all(started, plain, BACKLOG)
    said = started.said("connection_beside_not_made")
    assert len(said) == BESIDE
    assert all("2537 MQRC_CHANNEL_NOT_AVAILABLE" in each["reason"] for each in said)
    assert started.said("route_waiting") == []
    assert len(moved_over(plain)) == 1


def test_a_fifo_topic_gets_its_messages_over_one_connection(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, _ = aws.make_fifo_topic()
    fill(plain, BACKLOG)
    fault_proxy.confirm("PublishBatch", times=BACKLOG)
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        environment={"AWS_ENDPOINT_URL": fault_proxy.url},
    )
    move_all(started, plain, BACKLOG)
    assert len(moved_over(plain)) == 1
