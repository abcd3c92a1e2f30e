"""A destination away for a while, the bridge a process: what it says, and how soon it goes on."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

from bridge.binding import Binding
from mock_mq.running import RunningQueueManager
from tests.bridge.mq_ends import connections_to
from tests.bridge.test_watching import measured, readiness
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import IN, OUT, letters, read, send

WITHIN = 10.0
"""Seconds in which a route goes on once its destination is back."""
ALWAYS = 10_000


def only_route(bridge: RunningBridge) -> tuple[str, bool, str]:
    """What /readyz says of the one route: its state, whether it is ready, and why not."""
    (route,) = readiness(bridge)["routes"]
    return route["state"], route["ready"], route["reason"]


def went_on(bridge: RunningBridge, since: float, what: str) -> None:
    """The route goes on within ten seconds of its destination's return, which it prints."""
    bridge.wait_for("route_going_on", within=WITHIN)
    print(f"\n{what}: went on {time.monotonic() - since:.1f} s after its return")  # noqa: T201


def test_sns_failing_and_then_gone_costs_no_message_its_place_and_is_said_in_three_lines(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    for number in range(40):
        plain.put(OUT, f"{number}")
    fault_proxy.answer("PublishBatch", status=503, code="ServiceUnavailable", times=ALWAYS)
    bucket = aws.make_bucket()
    bridge = start_bridge(
        plain, {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}, dead_letters=bucket
    )
    fault_proxy.wait_for("PublishBatch", 5)
    state, ready, reason = only_route(bridge)
    assert (state, ready) == ("waiting", False)
    assert topic in reason
    assert "ServiceUnavailable" in reason
    fault_proxy.stop()
    eventually(lambda: "can't be reached" in only_route(bridge)[2], what="another reason")
    assert fault_proxy.connections == 0
    fault_proxy.mend()
    fault_proxy.start()
    back_at = time.monotonic()
    went_on(bridge, back_at, "SNS")
    assert Counter(each["Body"] for each in read(aws, subscribed, 40)) == Counter(map(str, range(40)))
    eventually(lambda: only_route(bridge) == ("running", True, ""), what="it is ready")
    assert bridge.stop() == 0
    assert aws.keys(bucket) == []
    assert 2 <= len(bridge.said("route_waiting")) <= 3
    assert len(bridge.said("route_going_on")) == 1
    assert "Traceback" not in bridge.output


def test_a_queue_manager_that_breaks_connections_and_then_is_gone_costs_no_message_its_place(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    incoming, bucket = aws.make_queue(), aws.make_bucket()
    number = plain.fault("drop", call="MQCONN")
    bridge = start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=bucket,
    )
    send(aws, incoming, *(str(n) for n in range(40)))
    eventually(lambda: plain.happened(number) >= 3, what="several failures")
    assert connections_to(plain.port) == 0
    state, ready, reason = only_route(bridge)
    assert (state, ready) == ("waiting", False)
    assert "2009 MQRC_CONNECTION_BROKEN" in reason
    plain.stop()
    eventually(lambda: "2538 MQRC_HOST_NOT_AVAILABLE" in only_route(bridge)[2], what="another reason")
    assert aws.counts(incoming) == (40, 0)
    plain.mend()
    plain.start()
    back_at = time.monotonic()
    went_on(bridge, back_at, "queue manager")
    eventually(lambda: plain.depth(IN) == 40 and aws.counts(incoming) == (0, 0), what="all of it there")
    assert bridge.stop() == 0
    assert Counter(each.data for each in plain.browse(IN)) == Counter(b"%d" % n for n in range(40))
    assert aws.keys(bucket) == []
    assert 1 <= len(bridge.said("route_waiting")) <= 3
    assert "Traceback" not in bridge.output


def test_started_while_everything_is_away_it_waits_for_each_in_turn_and_then_all_is_delivered(
    aws: Aws,
    fault_proxy: FaultProxy,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    topic, subscribed = aws.make_topic()
    incoming, bucket = aws.make_queue(), aws.make_bucket()
    send(aws, incoming, "in")
    plain.put(OUT, "out")
    secret = aws.make_secret(json.dumps({"user": "bridge", "password": "any"}))
    fault_proxy.stop()
    plain.stop()
    bridge = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=bucket,
        binding=binding.name,
        secret=secret,
        until="http_listening",
    )
    assert secret in bridge.wait_for("route_waiting", route="credentials")["reason"]
    assert not readiness(bridge)["ready"]
    # Secrets Manager is back, and SNS is not yet.
    fault_proxy.answer("PublishBatch", status=503, times=ALWAYS)
    fault_proxy.start()
    for route in ("out", "in"):
        assert "2538" in bridge.wait_for("route_waiting", route=route)["reason"]
    plain.start()
    eventually(lambda: plain.depth(IN) == 1, what="what came from SQS")
    fault_proxy.wait_for("PublishBatch", 4)
    fault_proxy.mend()
    assert [each["Body"] for each in read(aws, subscribed, 1)] == ["out"]
    eventually(lambda: bool(readiness(bridge)["ready"]), what="all is well")
    assert bridge.stop() == 0
    assert aws.keys(bucket) == []


def test_told_to_set_aside_it_drains_the_source_says_so_and_delivers_again_once_the_destination_is_back(
    aws: Aws,
    fault_proxy: FaultProxy,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
) -> None:
    topic, subscribed = aws.make_topic()
    incoming, bucket = aws.make_queue(), aws.make_bucket()
    # Of ten a KiB, so that there are three units of work.
    texts = {f"out {number} ".ljust(105, ".") for number in range(25)}
    for text in texts:
        plain.put(OUT, text)
    fault_proxy.answer("PublishBatch", status=503, code="ServiceUnavailable", times=ALWAYS)
    bridge = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters={"bucket": bucket, "when_away": "set_aside"},
        in_flight="1KiB",
    )
    eventually(lambda: plain.depth(OUT) == 0 and len(letters(aws, bucket)) == 25, what="the source empty")
    # The retries were the first unit's; the others had one try each.
    assert fault_proxy.count("PublishBatch") == 5
    found = {route["name"]: route for route in readiness(bridge)["routes"]}
    assert (found["out"]["state"], found["out"]["ready"]) == ("setting_aside", False)
    assert "ServiceUnavailable" in found["out"]["reason"]
    eventually(lambda: measured(bridge)["bridge_messages_total", "out", "dead_letter"] == 25)
    assert measured(bridge)["bridge_route_ready", "out"] == 0
    assert len(bridge.said("route_setting_aside", route="out")) == 1
    assert set(letters(aws, bucket)) == texts
    assert all("ServiceUnavailable" in reason for reason in letters(aws, bucket).values())
    fault_proxy.mend()
    plain.put(OUT, "afterwards")
    assert [each["Body"] for each in read(aws, subscribed, 1)] == ["afterwards"]
    bridge.wait_for("route_going_on", route="out")
    eventually(lambda: bool(readiness(bridge)["ready"]), what="all is well")
    # The queue manager as a destination; as a source it is waited for.
    plain.stop()
    send(aws, incoming, *(f"in {number}" for number in range(15)))
    eventually(lambda: aws.counts(incoming) == (0, 0), what="SQS empty")
    assert {body for body in letters(aws, bucket) if body.startswith("in")} == {f"in {n}" for n in range(15)}
    states = {route["name"]: route["state"] for route in readiness(bridge)["routes"]}
    assert states == {"out": "waiting", "in": "setting_aside"}
    plain.start()
    send(aws, incoming, "in at last")
    eventually(lambda: plain.depth(IN) == 1, what="what came afterwards")
    eventually(lambda: bool(readiness(bridge)["ready"]), what="all is well")
    assert bridge.stop() == 0
    assert len(letters(aws, bucket)) == 40


def test_one_bad_message_goes_to_the_bucket_after_two_retries_and_its_siblings_arrive(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    topic, subscribed = aws.make_topic()
    bucket = aws.make_bucket()
    for number in range(10):
        plain.put(OUT, f"{number}")
    for place in (3, 0, 0):  # it is alone in its retries
        fault_proxy.fail_entries("PublishBatch", {place: ("InternalError", False)})
    bridge = start_bridge(
        plain, {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}, dead_letters=bucket
    )
    bridge.wait_for("message_set_aside")
    assert sorted(each["Body"] for each in read(aws, subscribed, 9)) == [str(n) for n in range(10) if n != 3]
    eventually(lambda: plain.depth(OUT) == 0, what="committed")
    assert bridge.stop() == 0
    assert fault_proxy.count("PublishBatch") == 3
    assert list(letters(aws, bucket)) == ["3"]
    assert "InternalError" in letters(aws, bucket)["3"]
    assert bridge.said("route_waiting") == []


def test_a_message_with_which_the_bridge_dies_each_time_is_set_aside_after_so_many_deliveries(
    aws: Aws, fault_proxy: FaultProxy, plain: RunningQueueManager, start_bridge: StartBridge
) -> None:
    threshold = 2
    topic, subscribed = aws.make_topic()
    incoming, bucket = aws.make_queue(VisibilityTimeout="2"), aws.make_bucket()
    plain.put(OUT, "poison out")
    send(aws, incoming, "poison in")
    fault_proxy.silence("PublishBatch", after=False, times=threshold)
    number = plain.fault("silence", call="MQPUT", queue=IN, times=threshold)

    def start() -> RunningBridge:
        settings: Any = {"bucket": bucket, "backout_threshold": threshold}
        return start_bridge(
            plain,
            {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
            {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
            dead_letters=settings,
        )

    for death in range(1, threshold + 1):
        bridge = start()
        fault_proxy.wait_for("PublishBatch", death)
        eventually(lambda death=death: plain.happened(number) == death, what="it is put")  # type: ignore[misc]
        bridge.close()
    bridge = start()
    eventually(lambda: len(letters(aws, bucket)) == 2, what="both set aside")
    eventually(lambda: plain.depth(OUT) == 0 and aws.counts(incoming) == (0, 0), what="both gone")
    assert bridge.stop() == 0
    reason = f"backed out {threshold} times: the threshold is {threshold}"
    assert letters(aws, bucket) == {"poison out": reason, "poison in": reason}
    # Never tried again, and never there.
    assert fault_proxy.count("PublishBatch") == plain.happened(number) == threshold
    assert plain.depth(IN) == 0
    assert aws.read_all(subscribed) == []
