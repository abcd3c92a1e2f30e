"""Told to stop in the middle of work: what is in hand is finished, nothing is left half done."""

from __future__ import annotations

from bridge.assembly import FROM_MQ
from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import Program
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import IN, OUT, read, send


def test_told_to_stop_in_the_middle_it_finishes_what_is_in_hand(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(binding, plain)
    for number in range(500):
        program.put(b"%d" % number, OUT, Format=b"MQSTR")
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: plain.depth(OUT) < 500, what="it has begun")
    assert started.stop(within=25) == 0
    left = plain.depth(OUT)
    assert 0 < left < 500
    # Neither lost nor doubled: it stopped between two units of work.
    found = [int(each["Body"]) for each in aws.read_all(subscribed)]
    found += [int(program.get(OUT)[0]) for _ in range(left)]
    assert sorted(found) == list(range(500))


def test_told_to_stop_while_it_waits_for_an_answer_it_takes_the_answer_and_commits(
    aws: Aws,
    fault_proxy: FaultProxy,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(binding, plain)
    for number in range(FROM_MQ + 20):
        program.put(b"%d" % number, OUT, Format=b"MQSTR")
    answer = fault_proxy.hold("PublishBatch")
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    fault_proxy.wait_for("PublishBatch", 1)
    started.tell_to_stop()
    answer.set()
    assert started.stop(within=25) == 0
    assert sorted(int(each["Body"]) for each in aws.read_all(subscribed)) == list(range(FROM_MQ))
    assert plain.depth(OUT) == 20
    (ended,) = started.said("route_ended")
    assert (ended["messages"], ended["units"], ended["back_outs"]) == (FROM_MQ, 1, 0)


def test_told_to_stop_in_the_middle_each_message_from_sqs_is_in_mq_or_comes_again_but_not_both(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    # What is received for a bridge that is gone by then comes into sight again only after this time-out.
    incoming = aws.make_queue(VisibilityTimeout="5")
    send(aws, incoming, *(str(n) for n in range(200)))
    started = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: plain.depth(IN) > 0, what="it has begun")
    assert started.stop(within=25) == 0
    moved = plain.depth(IN)
    assert 0 < moved < 200
    program = Program(binding, plain)
    found = [int(program.get(IN)[0]) for _ in range(moved)]
    found += [int(each["Body"]) for each in read(aws, incoming, 200 - moved)]
    assert sorted(found) == list(range(200))
