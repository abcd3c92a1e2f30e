"""`processes: N`: several processes that are one bridge to whoever runs it, watches it and stops it."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from mock_mq.running import RunningQueueManager
from tests.bridge.test_watching import measured, metric_lines, readiness, total
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import IN, OUT

DELIVERED = ("bridge_messages_total", "out", "delivered")
UNIT, UNIT_BYTES = 8, 1024
"""Messages, and the bytes that they have together: with so many in flight they are a unit of work."""


def children(bridge: RunningBridge) -> list[int]:
    """The processes that it has started."""
    process = Path(f"/proc/{bridge.process_id}/task")
    return [int(each) for task in process.iterdir() for each in (task / "children").read_text().split()]


def core_limit(process: int) -> str:
    limits = Path(f"/proc/{process}/limits").read_text().splitlines()
    (line,) = [each for each in limits if "core file" in each]
    return line.split()[4]


def environment(process: int) -> dict[str, str]:
    variables = Path(f"/proc/{process}/environ").read_text().split("\0")
    return dict(each.split("=", 1) for each in variables if each)


def alive(process: int) -> bool:
    """Whether it runs: one that has ended and is not waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def put(queue_manager: RunningQueueManager, units: int) -> None:
    """So many units of work's messages: a number, and zeros before it that fill the unit up."""
    for number in range(units * UNIT):
        queue_manager.put(OUT, f"{number:0{UNIT_BYTES // UNIT}}")


def bodies(aws: Aws, queue: str) -> Counter[int]:
    return Counter(int(each["Body"]) for each in aws.read_all(queue))


def hold_two_units(proxy: FaultProxy) -> Callable[[], None]:
    """The next two units' requests are passed on once what this returns is called."""
    answers = [proxy.hold("PublishBatch") for _ in range(2)]

    def let_go() -> None:
        for answer in answers:
            answer.set()

    return let_go


def both_have_their_hands_full(bridge: RunningBridge) -> None:
    eventually(
        lambda: measured(bridge).get(("bridge_in_flight", "out")) == 2 * UNIT, what="two units in hand"
    )


def test_two_processes_share_a_queue_and_told_to_stop_both_finish_what_they_have_in_hand(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    fifo, _ = aws.make_fifo_topic()
    put(plain, 5)
    let_go = hold_two_units(fault_proxy)
    bridge = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "ordered", "from": {"mq": IN}, "to": {"sns": fifo}},
        dead_letters=aws.make_bucket(),
        processes=2,
        in_flight=UNIT_BYTES,
        cloudwatch={"namespace": "bridge/test", "interval": 3600},
    )
    both_have_their_hands_full(bridge)
    eventually(lambda: ("bridge_source_depth", "out") in measured(bridge))
    # What keeps order is taken by one alone, and the depth looked at by one for all: each a connection.
    assert {each["process"] for each in bridge.said("route_started", route="ordered")} == {1}
    assert len(plain.ask(lambda core: core.connections())) == 2 + 1 + 1
    # A crash dump would hold credentials; see test_rotation.
    assert {core_limit(each) for each in children(bridge)} == {"1"}
    bridge.tell_to_stop()
    let_go()
    assert bridge.stop(within=28) == 0
    assert plain.depth(OUT) == 3 * UNIT
    found = bodies(aws, subscribed)
    assert (len(found), found.total()) == (2 * UNIT, 2 * UNIT)
    assert {each["process"]: each["messages"] for each in bridge.said("route_ended", route="out")} == {
        1: UNIT,
        2: UNIT,
    }
    assert [each["exit_code"] for each in bridge.said("bridge_ended")] == [0]
    # CloudWatch gets what it got of one.
    assert total(bridge, "bridge_messages_total", route="out", outcome="delivered") == 2 * UNIT
    assert not any("process" in each for each in metric_lines(bridge))


def test_a_process_that_is_killed_is_started_again_and_when_the_first_of_all_is_the_others_end_by_themselves(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge, tmp_path: Path
) -> None:
    directory = tmp_path / "of the bridge"
    directory.mkdir()
    topic, subscribed = aws.make_topic()
    put(plain, 6)
    let_go = [hold_two_units(fault_proxy) for _ in range(2)]
    bridge = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        processes=2,
        in_flight=UNIT_BYTES,
        environment={"TMPDIR": str(directory)},
    )
    both_have_their_hands_full(bridge)
    let_go[0]()
    eventually(lambda: measured(bridge)[DELIVERED] == 2 * UNIT)
    both_have_their_hands_full(bridge)
    assert readiness(bridge)["ready"]
    first, second = children(bridge)
    of_second = Path(environment(second)["TMPDIR"])
    assert of_second.parent == directory
    os.kill(second, signal.SIGKILL)
    died = bridge.wait_for("process_died")
    assert "SIGKILL" in died["reason"]
    (route,) = readiness(bridge)["routes"]
    assert (route["ready"], route["state"]) == (False, "starting")
    assert route["reason"].startswith(f"process {died['process']}: the process was killed by SIGKILL")
    # What it had done before counts still: to Prometheus a counter that falls is a restart.
    assert measured(bridge)[DELIVERED] == 2 * UNIT
    let_go[1]()
    eventually(lambda: measured(bridge)[DELIVERED] == 6 * UNIT)
    eventually(lambda: bool(readiness(bridge)["ready"]))
    # Where its key repository would be, with TLS.
    assert not of_second.exists()
    found = bodies(aws, subscribed)
    assert set(found) == set(range(6 * UNIT))
    assert found.total() - len(found) <= UNIT

    let_go.append(hold_two_units(fault_proxy))
    put(plain, 1)
    eventually(lambda: measured(bridge)["bridge_in_flight", "out"] > 0)
    left = children(bridge)
    assert (first in left, second in left, len(left)) == (True, False, 2)
    os.kill(bridge.process_id, signal.SIGKILL)
    let_go[2]()
    eventually(lambda: not any(alive(each) for each in left), what="all to have ended")
    # In good order: what they had in hand has arrived, once, and the rest is where it was.
    assert plain.depth(OUT) + bodies(aws, subscribed).total() == UNIT


def test_in_an_outage_the_back_outs_of_all_processes_are_the_destinations_and_set_nothing_aside(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    fifo, ordered = aws.make_fifo_topic()
    put(plain, 1)
    plain.put(IN, "ordered")
    bucket = aws.make_bucket()
    refused = fault_proxy.answer("PublishBatch", status=503, code="ServiceUnavailable", times=8)
    bridge = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "ordered", "from": {"mq": IN}, "to": {"sns": fifo}},
        dead_letters={"bucket": bucket, "retries": 0, "backout_threshold": 2},
        processes=2,
    )
    eventually(lambda: measured(bridge).get(DELIVERED) == UNIT and len(aws.read_all(ordered)) == 1)
    assert refused.happened == 8
    assert {each["process"] for each in bridge.said("route_waiting", route="out")} == {1, 2}
    assert bridge.stop() == 0
    assert aws.keys(bucket) == []
    assert bodies(aws, subscribed) == Counter(range(UNIT))


def test_where_a_process_can_not_go_on_the_bridge_ends_as_one_does(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    bridge = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": aws.make_topic()[0]}},
        dead_letters=aws.make_bucket(),
        binding="cobol",
        processes=2,
        until="bridge_ended",
    )
    assert "choose pymqi or ibmmq" in bridge.wait_for("process_stopped")["reason"]
    assert bridge.stop() == 1
