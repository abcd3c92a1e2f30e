"""What an operator's tools see of a running bridge: health, readiness, metrics, CloudWatch's log lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import yaml
from prometheus_client.parser import text_string_to_metric_families

from bridge.binding import Binding
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.bridge.mq_ends import QUEUE, Program
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.certificates import Certificates
from tests.fixtures.fault_proxy import FaultProxy

OTHER = "DEV.QUEUE.2"
CANARY = "canary-77aa"


def ask(bridge: RunningBridge, path: str) -> tuple[int, str]:
    """The status and text at a path of the bridge's port."""
    port = bridge.wait_for("http_listening")["port"]
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as e:
        return e.code, e.read().decode()


def readiness(bridge: RunningBridge) -> dict[str, Any]:
    """What /readyz says, its status with it."""
    status, text = ask(bridge, "/readyz")
    found: dict[str, Any] = json.loads(text)
    assert (status == 200) is found["ready"]
    return found


def measured(bridge: RunningBridge) -> dict[tuple[str, ...], float]:
    """The samples of /metrics, as Prometheus reads them: by name and the labels' values, route first."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items(), reverse=True))): sample.value
        for family in text_string_to_metric_families(ask(bridge, "/metrics")[1])
        for sample in family.samples
    }


def metric_lines(bridge: RunningBridge) -> list[dict[str, Any]]:
    return bridge.said("metrics")


def total(bridge: RunningBridge, name: str, **labels: str) -> float:
    """What CloudWatch would sum up for a metric under one set of dimensions."""
    return sum(
        float(line[name])
        for line in metric_lines(bridge)
        for directive in line["_aws"]["CloudWatchMetrics"]
        if any(each["Name"] == name for each in directive["Metrics"])
        and sorted(labels) in [sorted(each) for each in directive["Dimensions"]]
        and all(line[key] == value for key, value in labels.items())
    )


def test_a_route_that_runs_is_alive_ready_and_measured(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, subscribed = aws.make_topic()
    program = Program(binding, queue_manager)
    for number in range(7):
        program.put(f"{CANARY} {number}".encode(), QUEUE, Format=b"MQSTR")
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: measured(bridge).get(("bridge_messages_total", "out", "delivered")) == 7)
    assert ask(bridge, "/healthz") == (200, '{"alive": true, "stuck": []}\n')
    (route,) = readiness(bridge)["routes"]
    assert (route["name"], route["state"], route["ready"], route["reason"]) == ("out", "running", True, "")
    assert (route["source"], route["destination"]) == (f"mq:{QUEUE}", f"sns:{topic}")
    assert 0 <= route["seconds_since_delivery"] < 60
    found = measured(bridge)
    assert found["bridge_bytes_total", "out", "delivered"] == 7 * len(f"{CANARY} 0")
    assert found["bridge_route_ready", "out"] == 1
    assert found["bridge_dead_letters_total", "out"] == 0
    assert found["bridge_reconnects_total", "out"] == 0
    assert found["bridge_retries_total", "out"] == 0
    assert found["bridge_circuit_state", "out"] == 0
    assert found["bridge_in_flight", "out"] == found["bridge_in_flight_bytes", "out"] == 0
    assert found["bridge_latency_seconds_count", "out"] == 7
    assert 0 <= found["bridge_latency_seconds_sum", "out"] < 7 * 60
    assert found["bridge_aws_requests_total", "sns.PublishBatch"] >= 1
    assert "bridge_certificate_days_left" not in {name for name, *_ in found}
    assert CANARY not in ask(bridge, "/metrics")[1] + ask(bridge, "/readyz")[1]
    assert CANARY not in ask(bridge, "/routes")[1]
    assert ask(bridge, "/nothing")[0] == 404
    assert len(aws.read_all(subscribed)) == 7
    assert bridge.stop() == 0


def test_a_route_whose_destination_is_away_is_alive_but_not_ready_and_shows_what_waits(
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
    fault_proxy: FaultProxy,
) -> None:
    topic, _ = aws.make_topic()
    program = Program(binding, queue_manager)
    for _ in range(3):
        program.put(b"waits", OTHER, Format=b"MQSTR")
    fault_proxy.answer("PublishBatch", status=503, code="ServiceUnavailable", times=100)
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": OTHER}, "to": {"sns": topic}},
        {"name": "idle", "from": {"mq": QUEUE}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    bridge.wait_for("route_waiting", route="out")
    found = readiness(bridge)
    assert not found["ready"]
    states = {route["name"]: (route["state"], route["ready"]) for route in found["routes"]}
    assert states["out"] == ("waiting", False)
    eventually(lambda: {r["name"]: r["state"] for r in readiness(bridge)["routes"]}["idle"] == "running")
    reason = next(route["reason"] for route in found["routes"] if route["name"] == "out")
    assert topic in reason
    assert "ServiceUnavailable" in reason
    assert ask(bridge, "/healthz")[0] == 200
    eventually(lambda: ("bridge_source_depth", "out") in measured(bridge))
    now = measured(bridge)
    assert now["bridge_route_ready", "out"] == 0
    assert now["bridge_source_depth", "out"] == 3
    assert now["bridge_source_depth", "idle"] == 0
    assert 0 <= now["bridge_source_oldest_age_seconds", "out"] < 60
    assert now["bridge_back_outs_total", "out"] >= 1
    assert now["bridge_circuit_state", "out"] == 2
    assert now["bridge_retries_total", "out"] >= 2


def test_connections_that_are_made_anew_are_counted(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": aws.make_topic()[0]}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: bool(readiness(bridge)["ready"]))
    queue_manager.stop()
    eventually(lambda: not readiness(bridge)["ready"])
    queue_manager.start()
    eventually(lambda: bool(readiness(bridge)["ready"]))
    assert measured(bridge)["bridge_reconnects_total", "out"] == 1


def test_a_bridge_that_waits_for_its_credentials_is_alive_not_ready_and_says_why(
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    fault_proxy: FaultProxy,
) -> None:
    fault_proxy.answer("GetSecretValue", status=503, code="ServiceUnavailable", times=100)
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": aws.make_topic()[0]}},
        dead_letters=aws.make_bucket(),
        credentials="secretsmanager:nowhere",
        until="route_waiting",
    )
    (route,) = readiness(bridge)["routes"]
    assert (route["name"], route["state"]) == ("out", "starting")
    assert "nowhere" in route["reason"]
    assert ask(bridge, "/healthz")[0] == 200
    assert measured(bridge)["bridge_route_ready", "out"] == 0


def test_cloudwatch_gets_the_same_names_counters_by_their_growth_and_dead_letters_for_all_routes(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, _ = aws.make_topic()
    program = Program(binding, queue_manager)
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        cloudwatch={"namespace": "bridge/test", "interval": 1},
    )
    delivered = {"route": "out", "outcome": "delivered"}

    def sent_again(count: int) -> None:
        program.put(b"text", QUEUE, Format=b"MQSTR")
        program.put(b"x" * 300_000, QUEUE, Format=b"MQSTR")  # too large for SNS, and nothing is offloaded
        eventually(lambda: total(bridge, "bridge_messages_total", **delivered) == count)
        eventually(lambda: total(bridge, "bridge_dead_letters_total") == count)

    for count in (1, 2, 3):
        sent_again(count)
    assert bridge.stop() == 0
    assert total(bridge, "bridge_dead_letters_total", route="out") == 3
    assert total(bridge, "bridge_bytes_total", **delivered) == 3 * 4
    assert total(bridge, "bridge_bytes_total", route="out", outcome="dead_letter") == 3 * 300_000
    assert total(bridge, "bridge_aws_requests_total", operation="sns.PublishBatch") >= 3
    for line in metric_lines(bridge):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "bridge/test"
        for each in directive["Metrics"]:
            assert isinstance(line[each["Name"]], float | int)
            assert each["Unit"] in {"Count", "Bytes", "Seconds"}
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(line[name], str) for name in dimensions)
    units = {
        each["Name"]: each["Unit"]
        for line in metric_lines(bridge)
        for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert units["bridge_bytes_total"] == "Bytes"
    assert units["bridge_source_oldest_age_seconds"] == "Seconds"
    assert (units["bridge_latency_seconds_sum"], units["bridge_latency_seconds_count"]) == (
        "Seconds",
        "Count",
    )
    assert total(bridge, "bridge_latency_seconds_count", route="out") == 6
    assert {"bridge_route_ready", "bridge_source_depth", "bridge_reconnects_total"} <= set(units)


def test_bodies_that_went_through_s3_are_counted_by_route_where_they_are_put_and_where_they_are_fetched(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    queue = aws.make_queue()
    program = Program(binding, queue_manager)
    for size in (2000, 2000, 10):
        program.put(b"x" * size, QUEUE, Format=b"MQSTR")
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sqs": queue}},
        {"name": "in", "from": {"sqs": queue, "wait": 1}, "to": {"mq": OTHER}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        offload={"bucket": aws.make_bucket(), "threshold": "1KiB"},
        cloudwatch={"namespace": "bridge/test", "interval": 3600},
    )
    eventually(lambda: measured(bridge)["bridge_messages_total", "in", "delivered"] == 3)
    found = measured(bridge)
    assert (found["bridge_offloads_total", "out"], found["bridge_offloads_total", "in"]) == (2, 2)
    assert bridge.stop() == 0
    assert [total(bridge, "bridge_offloads_total", route=name) for name in ("out", "in")] == [2, 2]


def test_a_message_that_was_delivered_and_sqs_does_not_let_delete_is_counted_and_arrives_once(
    aws: Aws,
    queue_manager: RunningQueueManager,
    start_bridge: StartBridge,
    binding: Binding,
    fault_proxy: FaultProxy,
) -> None:
    queue = aws.make_queue()
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})
    fault_proxy.fail_entries("DeleteMessageBatch", {0: ("ReceiptHandleIsInvalid", True)})
    aws.sqs.send_message(QueueUrl=queue, MessageBody="payment")
    bridge = start_bridge(
        queue_manager,
        {"name": "in", "from": {"sqs": queue, "wait": 1}, "to": {"mq": OTHER}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    eventually(lambda: sum(aws.counts(queue)) == 0)
    assert measured(bridge)["bridge_possible_duplicates_total", "in"] == 1
    assert [each.data for each in queue_manager.browse(OTHER)] == [b"payment"]


def test_a_queue_that_may_not_be_inquired_is_said_once_and_costs_the_route_nothing(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, binding: Binding
) -> None:
    topic, _ = aws.make_topic()
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": "NO.SUCH.QUEUE"}, "to": {"sns": topic}},
        {"name": "well", "from": {"mq": QUEUE}, "to": {"sns": topic}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
    )
    said = bridge.wait_for("depth_unknown")
    assert said["queue"] == "NO.SUCH.QUEUE"
    assert "2085 MQRC_UNKNOWN_OBJECT_NAME" in said["reason"]
    eventually(lambda: ("bridge_source_depth", "well") in measured(bridge))
    assert ("bridge_source_depth", "out") not in measured(bridge)


def test_the_days_that_the_certificates_have_left_are_measured(
    aws: Aws,
    start_queue_manager: StartQueueManager,
    certificates: Certificates,
    start_bridge: StartBridge,
    binding: Binding,
) -> None:
    tls = TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=True,
    )
    secure = start_queue_manager(tls=tls)
    secret = json.dumps(
        {
            "certificate": certificates.client_certificate.read_text(),
            "private_key": certificates.client_key.read_text(),
            "ca": certificates.ca.read_text(),
        }
    )
    bridge = start_bridge(
        secure,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": aws.make_topic()[0]}},
        dead_letters=aws.make_bucket(),
        binding=binding.name,
        credentials=f"secretsmanager:{aws.make_secret(secret)}",
    )
    eventually(lambda: measured(bridge).get(("bridge_route_ready", "out")) == 1)
    assert 0 < measured(bridge)[("bridge_certificate_days_left",)] < 400


def health(configuration: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bridge", "health", "--config", str(configuration)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def configuration_with(tmp_path: Path, **http: Any) -> Path:
    file = tmp_path / "asking.yaml"
    content = {
        "queue_manager": {"name": "QM1", "connections": ["127.0.0.1(1)"], "channel": "C"},
        "dead_letters": {"bucket": "bucket"},
        "http": http,
        "routes": [{"name": "out", "from": {"mq": "Q"}, "to": {"sqs": "q"}}],
    }
    file.write_text(yaml.safe_dump(content))
    return file


def test_the_health_check_asks_the_bridge_that_runs_here(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge, tmp_path: Path
) -> None:
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": aws.make_topic()[0]}},
        dead_letters=aws.make_bucket(),
    )
    port = bridge.wait_for("http_listening")["port"]
    for address in ("127.0.0.1", "0.0.0.0"):
        done = health(configuration_with(tmp_path, port=port, address=address))
        assert (done.returncode, done.stdout, done.stderr) == (0, "bridge: alive\n", "")
    assert bridge.stop() == 0
    done = health(configuration_with(tmp_path, port=port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"bridge: nothing answers at 127.0.0.1:{port}: ")


def test_what_answers_but_is_no_bridge_is_not_healthy(aws: Aws, tmp_path: Path) -> None:
    port = int(aws.url.rpartition(":")[2])
    done = health(configuration_with(tmp_path, port=port))
    assert (done.returncode, done.stderr) == (1, f"bridge: what answers at 127.0.0.1:{port} is no bridge\n")


def test_a_port_that_is_taken_ends_the_bridge_with_what_to_do(
    aws: Aws, queue_manager: RunningQueueManager, start_bridge: StartBridge
) -> None:
    port = int(aws.url.rpartition(":")[2])
    bridge = start_bridge(
        queue_manager,
        {"name": "out", "from": {"mq": QUEUE}, "to": {"sns": aws.make_topic()[0]}},
        dead_letters=aws.make_bucket(),
        http={"port": port},
        until="bridge_stopped",
    )
    said = bridge.wait_for("bridge_stopped")
    assert said["reason"].startswith(f"http: can't listen on 127.0.0.1:{port}: ")
    assert "http.port" in said["reason"]
    assert bridge.stop() == 1
