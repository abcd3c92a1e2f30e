"""An integration's file: what is wrong with it is said with its key and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import DIRECTORY, SettingsError, load
from tests.infra.conftest import INTEGRATIONS, synthesise

RIGHT: dict[str, Any] = {
    "queue_manager": {
        "name": "QM1",
        "connections": ["mq.example(1414)"],
        "channel": "BRIDGE.SVRCONN",
        "addresses": ["10.1.0.0/24"],
    },
    "routes": [
        {"name": "out", "from": {"mq": "OUT"}, "to": {"sns": "orders"}},
        {"name": "in", "from": {"sqs": "incoming"}, "to": {"mq": "IN"}},
    ],
}


def changed(**parts: Any) -> dict[str, Any]:
    return {**RIGHT, **parts}


def queue_manager(**parts: Any) -> dict[str, Any]:
    return changed(queue_manager={**RIGHT["queue_manager"], **parts})


def written(tmp_path: Path, content: Any, name: str = "test") -> Path:
    path = tmp_path / f"{name}.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_the_samples_and_the_smallest_file_are_right(tmp_path: Path) -> None:
    assert {load(path).name for path in DIRECTORY.glob("*.yaml")} >= set(INTEGRATIONS)
    assert load(written(tmp_path, RIGHT)).task.maximum == 4


def test_how_many_processes_a_task_has_is_told_to_the_bridge(tmp_path: Path) -> None:
    made = load(written(tmp_path, changed(task={"cpu": 2048, "memory": 4096, "processes": 2})))
    told = made.configuration(
        topics={"orders": "arn"}, queues={"incoming": "arn"}, payloads="", dead_letters=""
    )
    assert told["processes"] == 2


def test_each_of_several_destinations_is_made_and_told_to_the_bridge(tmp_path: Path) -> None:
    choice: list[dict[str, Any]] = [
        {"sqs": "large", "when": {"body": {"amount": [{"numeric": [">", 9]}]}}},
        {"sns": "orders"},
    ]
    integration = load(
        written(tmp_path, changed(routes=[{"name": "out", "from": {"mq": "OUT"}, "to": choice}]))
    )
    assert (integration.topics, integration.destinations) == (["orders"], ["large"])
    told = integration.configuration(
        topics={"orders": "arn:topic"}, queues={"large": "arn:queue"}, payloads="", dead_letters=""
    )
    assert told["routes"][0]["to"] == [{**choice[0], "sqs": "arn:queue"}, {"sns": "arn:topic"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [", "is not YAML"),
        ("- a", "is not a mapping: write queue_manager and routes"),
        (changed(rotues=[]), "rotues: is not a known key"),
        ({"routes": RIGHT["routes"]}, "queue_manager: is missing: add it"),
        (changed(routes=[]), "routes: "),
        (queue_manager(addresses=[]), "queue_manager.addresses: "),
        (
            queue_manager(addresses=["0.0.0.0/0"]),
            "queue_manager.addresses[0]: is not the queue manager's own",
        ),
        (queue_manager(addresses=["10.1.0.0/33"]), "queue_manager.addresses[0]: "),
        (queue_manager(connections=["mq.example:1414"]), "queue_manager.connections[0]: "),
        (queue_manager(name="QM-1"), "queue_manager.name: 'QM-1' is not a queue manager's name"),
        (queue_manager(cipher_spec="NULL_MD5"), "queue_manager.cipher_spec: "),
        (queue_manager(credentials="file:x"), "queue_manager.credentials: is not a known key"),
        (changed(routes=[{"name": "out", "from": {"mq": "A"}, "to": {"mq": "B"}}]), "not the bridge's work"),
        (changed(routes=[{"name": "out", "from": {"mq": "A"}}]), "routes[0].to: is missing"),
        (
            changed(routes=[{"name": "out", "from": {"mq": "A"}, "to": {"sns": "arn:aws:sns:x:1:o"}}]),
            "routes[0].to: is an ARN or a URL: write the name",
        ),
        (
            changed(routes=[{"name": "out", "from": {"mq": "A"}, "to": {"sns": "o", "group": "GroupId"}}]),
            "only a FIFO topic or queue has message groups",
        ),
        (changed(offload={"threshold": "1MB"}), "offload.threshold: "),
        (changed(dead_letters={"retries": 99}), "dead_letters.retries: "),
        (changed(task={"cpu": 256, "memory": 4096}), "task: is no size that Fargate has: memory for cpu 256"),
        (changed(task={"cpu": 300}), "task: is no size that Fargate has: cpu is one of"),
        (changed(task={"minimum": 5, "maximum": 2}), "task: has a minimum above its maximum"),
        (changed(task={"minimum": 0}), "task.minimum: "),
        (changed(access={"nowhere": {"senders": ["111122223333"]}}), "access.nowhere: no route has"),
        (changed(access={"orders": {"senders": ["111122223333"]}}), "write subscribers or publishers"),
        (
            changed(access={"orders": {"subscribers": ["*"]}}),
            "access.orders.subscribers[0]: is not an account",
        ),
        (changed(alarms={"email": "nobody"}), "alarms.email: "),
        (changed(keep_days={"logs": 91}), "keep_days.logs: "),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path: Path, content: Any, said: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert all(line.startswith(f"{path}: ") for line in caught.value.mistakes)
    assert any(said in line for line in caught.value.mistakes), caught.value.mistakes


def test_a_file_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    written(tmp_path, RIGHT, "here")
    with pytest.raises(SettingsError, match="No such file or directory: there are these integrations: here"):
        load(tmp_path / "orders.yaml")


def test_a_name_that_stacks_can_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"name: "):
        load(written(tmp_path, RIGHT, "Orders_1"))


@pytest.mark.usefixtures("synthesis")
def test_synthesis_tells_mistakes_without_a_traceback_and_an_image_must_be_pinned(tmp_path: Path) -> None:
    done = synthesise(tmp_path, integrations="nowhere")
    assert done.returncode == 2
    assert "nowhere.yaml: No such file or directory" in done.stderr
    done = synthesise(tmp_path, bridge_image="bridge:latest")
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "bridge_image: bridge:latest is not pinned: write ADDRESS@sha256: and 64 hexadecimal digits",
    )
    assert "Traceback" not in done.stderr
