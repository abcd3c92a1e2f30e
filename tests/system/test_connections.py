"""Several connections a route: a backlog is moved over all of them, and nothing else needs more than one."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.assembly import BESIDE, FROM_MQ
from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import OUT, letters, read

BACKLOG = 8 * FROM_MQ


def fill(queue_manager: RunningQueueManager, numbers: Iterable[int]) -> None:
    for number in numbers:
        queue_manager.put(OUT, str(number))


def moved_over(queue_manager: RunningQueueManager) -> set[int]:
    """The connections over which units of work were committed."""
    return {each.connection for each in queue_manager.calls("MQCMIT")}


def test_a_backlog_is_moved_over_several_connections_and_single_messages_over_one(
    aws: Aws,
    fault_proxy: FaultProxy,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    topic, subscribed = aws.make_topic()
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        environment={"AWS_ENDPOINT_URL": fault_proxy.url},
    )
    for number in range(5):
        fill(plain, [number])
        read(aws, subscribed, 1)
    assert len(moved_over(plain)) == 1
    fault_proxy.delay("PublishBatch", seconds=0.1, times=BACKLOG)
    fill(plain, range(BACKLOG))
    found = [int(each["Body"]) for each in read(aws, subscribed, BACKLOG)]
    assert sorted(found) == list(range(BACKLOG))
    assert len(moved_over(plain)) == 1 + BESIDE
    assert started.stop() == 0
    (ended,) = started.said("route_ended")
    assert (ended["messages"], ended["delivered"], ended["back_outs"]) == (BACKLOG + 5, BACKLOG + 5, 0)


def test_a_route_that_gets_one_connection_alone_moves_everything_over_it_and_says_so_once(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    bucket = aws.make_bucket()
    # The route's, and that of what looks at the depth of its queue.
    plain.limit_connections(2)
    fill(plain, range(BACKLOG))
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=bucket,
        binding=binding.name,
    )
    found = [int(each["Body"]) for each in read(aws, subscribed, BACKLOG)]
    assert sorted(found) == list(range(BACKLOG))
    assert started.stop() == 0
    said = started.said("connection_beside_not_made")
    assert len(said) == BESIDE
    assert all("2537 MQRC_CHANNEL_NOT_AVAILABLE" in each["reason"] for each in said)
    assert started.said("route_waiting") == []
    assert letters(aws, bucket) == {}


def test_a_fifo_topic_gets_its_messages_over_one_connection(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, _ = aws.make_fifo_topic()
    fill(plain, range(BACKLOG))
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: plain.depth(OUT) == 0, within=60)
    assert started.stop() == 0
    assert len(moved_over(plain)) == 1
