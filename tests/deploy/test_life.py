"""deploy.sh from the first certificate to the last key, against an emulator, and most of it once more."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridge import credentials
from certs import generate
from tests.deploy.conftest import IMAGE, MOCK_IMAGE, Checkout, Cloud
from tests.deploy.inventory import Inventory, inventory
from tests.deploy.watching import watched

pytestmark = pytest.mark.timeout(600)

DEAD_LETTERS = "bridge-orders-dead-letters-123456789012-eu-west-1"


@dataclass
class Chapter:
    """One command: what it said, and what there was afterwards."""

    done: subprocess.CompletedProcess[str]
    there: Inventory
    secret: dict[str, Any] = field(default_factory=dict)


@dataclass
class Story:
    """The commands that were run, by the name they are asked for below, in order."""

    cloud: Cloud
    checkout: Checkout
    chapters: dict[str, Chapter] = field(default_factory=dict)
    command_lines: set[bytes] = field(default_factory=set)
    dead_letter: bytes = b""

    def tell(self, name: str, *arguments: str) -> None:
        with watched(self.command_lines):
            done = self.checkout.run(*arguments, env=self.cloud.environment)
        self.chapters[name] = Chapter(done, inventory(self.cloud), self.value("bridge/orders/mq"))

    def value(self, name: str) -> dict[str, Any]:
        client = self.cloud.client("secretsmanager")
        try:
            value: dict[str, Any] = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            return {}
        return value

    def __getitem__(self, name: str) -> Chapter:
        return self.chapters[name]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of another CA, with an encrypted key and a password, to rotate to."""
    return generate(tmp_path_factory.mktemp("newer")).bridge


@pytest.fixture(scope="module")
def story(cloud: Cloud, checkout: Checkout, newer: Path) -> Story:
    it = Story(cloud, checkout)
    it.chapters["before"] = Chapter(subprocess.CompletedProcess([], 0, "", ""), inventory(cloud))
    it.tell("generate", "generate_secrets")
    it.tell("generate again", "generate_secrets")
    it.tell("deploy too early", "deploy", "orders", "--yes", "--bridge-image", IMAGE)
    it.tell("create", "create_secrets", "broker", "orders")
    it.tell("create again", "create_secrets", "broker", "orders", "--from", str(newer))
    it.tell("update with the same", "update_secrets", "broker", "orders")
    it.tell("update", "update_secrets", "broker", "orders", "--from", str(newer))
    it.tell("deploy", "deploy", "orders", "--yes", "--bridge-image", IMAGE)
    it.tell("deploy again", "deploy", "orders", "--yes", "--bridge-image", IMAGE)
    it.tell("restart", "update_secrets", "broker", "orders", "--from", str(newer), "--restart")
    it.tell("diff", "diff", "orders", "--bridge-image", IMAGE)
    it.tell("create mock", "create_secrets", "mock")
    it.tell("mock up", "mock", "up", "--yes", "--mock-image", MOCK_IMAGE)
    it.tell("mock up again", "mock", "up", "--yes", "--mock-image", MOCK_IMAGE)
    cloud.client("s3").put_object(Bucket=DEAD_LETTERS, Key="2026/a-dead-letter", Body=b"kept")
    it.tell("status", "status")
    it.tell("mock down", "mock", "down", "--yes")
    it.tell("mock down again", "mock", "down", "--yes")
    it.tell("destroy", "destroy", "--yes")
    it.tell("destroy again", "destroy", "--yes")
    it.tell("second create", "create_secrets", "broker", "orders", "--from", str(newer))
    it.tell("second deploy", "deploy", "orders", "--yes", "--bridge-image", IMAGE)
    it.dead_letter = (
        cloud.client("s3").get_object(Bucket=DEAD_LETTERS, Key="2026/a-dead-letter")["Body"].read()
    )
    it.tell("destroy the data", "destroy", "--delete-data", "--yes")
    it.tell("destroy nothing", "destroy", "--delete-data", "--yes")
    return it


def test_every_command_succeeds_but_the_deployment_before_its_secret(story: Story) -> None:
    codes = {name: chapter.done.returncode for name, chapter in story.chapters.items()}

    assert codes.pop("deploy too early") == 1
    assert set(codes.values()) == {0}, {
        name: (story[name].done.stdout[-2000:], story[name].done.stderr[-2000:])
        for name, code in codes.items()
        if code
    }


def test_a_deployment_without_its_secret_is_refused_before_anything_is_made(story: Story) -> None:
    chapter = story["deploy too early"]

    assert (
        "the secret bridge/orders/mq has no value yet: ./deploy.sh create_secrets broker orders"
        in chapter.done.stderr
    )
    assert chapter.there == story["before"].there


def test_certificates_are_made_once_and_for_the_mocks_name(story: Story) -> None:
    assert "made " in story["generate"].done.stdout
    assert "kept" in story["generate again"].done.stdout
    assert (story.checkout.certificates / "bridge" / "private_key.pem").stat().st_mode & 0o777 == 0o600


def test_the_secret_is_made_with_its_own_key_and_the_value_of_the_files(story: Story) -> None:
    made = story["create"]

    assert made.there["stacks"] == ["bridge-orders-secrets"]
    assert made.there["secrets"] == ["bridge/orders/mq"]
    assert made.there["aliases"] == ["alias/bridge-orders-secrets"]
    value = credentials.from_directory(story.checkout.certificates / "bridge")
    assert credentials.from_json(json.dumps(made.secret)) == value


def test_a_secret_is_not_made_twice_nor_its_value_replaced(story: Story) -> None:
    again = story["create again"]

    assert "has a value, which is kept: update_secrets changes it" in again.done.stdout
    assert again.secret == story["create"].secret
    assert again.there == story["create"].there


def test_an_update_rotates_the_value_and_tells_when_it_is_the_same(story: Story, newer: Path) -> None:
    assert "this very value already: nothing changed" in story["update with the same"].done.stdout
    assert story["update with the same"].secret == story["create"].secret
    assert "has a new value" in story["update"].done.stdout
    assert "a new value is taken at the next start" in story["update"].done.stdout
    assert "new tasks take the place of the old ones" in story["restart"].done.stdout
    assert credentials.from_json(json.dumps(story["update"].secret)) == credentials.from_directory(newer)


def test_a_deployment_makes_what_the_integration_needs(story: Story) -> None:
    there = story["deploy"].there

    assert there["stacks"] == [
        "bridge-network",
        "bridge-orders-data",
        "bridge-orders-monitoring",
        "bridge-orders-secrets",
        "bridge-orders-service",
    ]
    assert there["buckets"] == [DEAD_LETTERS, "bridge-orders-payloads-123456789012-eu-west-1"]
    assert there["topics"] == ["bridge-orders-alarms", "orders"]
    assert there["queues"] == ["orders-in", "orders-in-redrive", "orders-test", "stock", "stock-redrive"]
    assert there["subscriptions"] == ["orders -> orders-test"]
    assert there["clusters"] == there["services"] == ["bridge-orders"]
    assert there["logs"] == ["/bridge/network", "/bridge/orders"]
    assert len(there["keys"]) == 3
    assert len(there["roles"]) == 4
    assert len(there["endpoints"]) == 9
    assert there["networks"] == ["10.64.0.0/20"]
    assert "bridge-orders-dead-letters" in there["alarms"]


def test_the_tasks_run_the_images_that_were_given(story: Story, cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    definitions = [
        ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        for arn in ecs.list_task_definitions(status="INACTIVE")["taskDefinitionArns"]
        + ecs.list_task_definitions()["taskDefinitionArns"]
    ]

    assert story["deploy"].done.returncode == 0
    assert {(one["family"], one["containerDefinitions"][0]["image"]) for one in definitions} == {
        ("bridge-orders", IMAGE),
        ("bridge-mock", MOCK_IMAGE),
    }


def test_a_second_deployment_changes_nothing_and_diff_finds_nothing(story: Story) -> None:
    assert story["deploy again"].there == story["deploy"].there
    assert (
        story["deploy again"].done.stdout.count("(no changes)")
        + story["deploy again"].done.stderr.count("(no changes)")
        == 5
    )
    diff = story["diff"].done.stdout + story["diff"].done.stderr
    assert diff.count("There were no differences") == 5
    assert story["diff"].there == story["deploy"].there


def test_the_mock_comes_as_a_service_of_its_own_and_goes_alone(story: Story) -> None:
    assert story["mock up"].there["services"] == ["bridge-mock", "bridge-orders"]
    assert story["mock up again"].there == story["mock up"].there
    down = story["mock down"].there
    assert down["services"] == ["bridge-orders"]
    assert "bridge-mock-secrets" in down["stacks"]
    assert "nothing to do" in story["mock down again"].done.stdout


def test_status_shows_stacks_tasks_queues_dead_letters_alarms_and_certificates(story: Story) -> None:
    said = story["status"].done.stdout

    for shown in (
        r"bridge-orders-service\W+(CREATE|UPDATE)_COMPLETE",
        r"service\W+\d of 1 tasks run, deployment",
        r"orders-in\W+0 messages",
        rf"{DEAD_LETTERS}\W+1 objects",
        r"alarms\W",
        r"certificate\W+(29|30) days left",
        r"the mock queue manager",
    ):
        assert re.search(shown, said), (shown, said)


def test_destroying_keeps_what_holds_data_and_says_so(story: Story) -> None:
    for name in ("destroy", "destroy again"):
        chapter = story[name]
        assert "bridge-orders-data is kept, as it holds data" in chapter.done.stdout
        assert f"{DEAD_LETTERS}: 1 objects" in chapter.done.stdout
        there = {kind: names for kind, names in chapter.there.items() if names}
        assert there == {
            "stacks": ["bridge-orders-data"],
            "keys": [one for one in story["deploy"].there["keys"] if one.startswith("Data of")],
            "aliases": ["alias/bridge-orders-data"],
            "buckets": story["deploy"].there["buckets"],
            "topics": ["orders"],
            "queues": story["deploy"].there["queues"],
            "subscriptions": story["deploy"].there["subscriptions"],
            "logs": ["/bridge/orders"],
        }


def test_everything_goes_when_told_twice(story: Story) -> None:
    assert story["destroy the data"].there == story["before"].there
    assert story["destroy nothing"].there == story["before"].there
    assert "nothing to do" in story["destroy nothing"].done.stdout


def test_the_second_time_is_like_the_first_and_takes_up_the_data_that_were_kept(story: Story) -> None:
    assert story["second create"].secret == story["update"].secret
    assert story["second deploy"].there == story["deploy"].there
    assert story.dead_letter == b"kept"


@pytest.mark.parametrize("where", ["certificates", "newer"])
def test_nothing_of_a_private_key_is_said_or_seen_in_a_command_line(
    story: Story, newer: Path, where: str
) -> None:
    directory = newer if where == "newer" else story.checkout.certificates / "bridge"
    key = (directory / "private_key.pem").read_text().splitlines()[1:-1]

    assert any(b"cdk" in line for line in story.command_lines), "no command line was seen at all"
    for line in key:
        for name, chapter in story.chapters.items():
            assert line not in chapter.done.stdout + chapter.done.stderr, name
        assert not any(line.encode() in seen for seen in story.command_lines)
