"""What runs: the container as little as can be, the configuration that it gets, and how many there are."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bridge import configuration
from tests.documents import DOCS
from tests.infra.conftest import IMAGE, INTEGRATIONS, Synthesis

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-west-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


def resolved(synthesis: Synthesis, stack: str, value: Any) -> str:
    """A template's text as CloudFormation would fill it in."""
    if isinstance(value, str):
        return value
    ((function, given),) = value.items()
    if function == "Fn::Join":
        return str(given[0]).join(resolved(synthesis, stack, each) for each in given[1])
    if function == "Ref" and given in PSEUDO:
        return PSEUDO[given]
    if function == "Fn::ImportValue":
        exporter, _, _ = given.partition(":")
        output = next(
            each
            for each in synthesis.templates[exporter]["Outputs"].values()
            if each.get("Export", {}).get("Name") == given
        )
        return resolved(synthesis, exporter, output["Value"])
    logical = given if function == "Ref" else given[0]
    resource = synthesis.templates[stack]["Resources"][logical]
    properties = resource["Properties"]
    service, name = {
        "AWS::SNS::Topic": ("sns", properties.get("TopicName")),
        "AWS::SQS::Queue": ("sqs", properties.get("QueueName")),
    }[resource["Type"]]
    return f"arn:aws:{service}:eu-west-1:123456789012:{name}"


def task(synthesis: Synthesis, stack: str) -> dict[str, Any]:
    ((_, definition),) = synthesis.resources("AWS::ECS::TaskDefinition", stack=stack)
    properties: dict[str, Any] = definition["Properties"]
    return properties


@pytest.mark.parametrize("stack", [*(f"bridge-{name}-service" for name in INTEGRATIONS), "bridge-mock"])
def test_a_container_has_as_little_as_can_be(synthesis: Synthesis, stack: str) -> None:
    properties = task(synthesis, stack) if stack != "bridge-mock" else _mock(synthesis)
    (container,) = properties["ContainerDefinitions"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", container["User"])
    assert container["ReadonlyRootFilesystem"] is True
    assert container["Privileged"] is False
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert container["Image"] == IMAGE
    assert [each["ContainerPath"] for each in container["MountPoints"]] == ["/run/bridge"]
    assert {"Name": "TMPDIR", "Value": "/run/bridge"} in container["Environment"]
    assert container["HealthCheck"]["Command"][0] == "CMD", "not CMD-SHELL: there is no shell"
    assert properties["NetworkMode"] == "awsvpc"
    assert "Secrets" not in container or stack == "bridge-mock", (
        "secrets are read at run time: one can be renewed"
    )


def _mock(synthesis: Synthesis) -> Any:
    return synthesis.templates["bridge-mock"]["Resources"][
        next(
            name
            for name, each in synthesis.templates["bridge-mock"]["Resources"].items()
            if each["Type"] == "AWS::ECS::TaskDefinition"
        )
    ]["Properties"]


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_the_configuration_in_the_template_is_one_that_the_bridge_takes(
    synthesis: Synthesis, name: str
) -> None:
    stack = f"bridge-{name}-service"
    (container,) = task(synthesis, stack)["ContainerDefinitions"]
    (given,) = [each["Value"] for each in container["Environment"] if each["Name"] == "BRIDGE_CONFIG"]
    text = resolved(synthesis, stack, given)
    loaded = configuration.load(None, {"BRIDGE_CONFIG": text})
    assert loaded.queue_manager.credentials is not None
    assert loaded.queue_manager.credentials.where == f"bridge/{name}/mq"
    assert loaded.cloudwatch is not None
    assert loaded.cloudwatch.namespace == f"bridge/{name}"
    assert loaded.dead_letters.bucket == f"bridge-{name}-dead-letters-123456789012-eu-west-1"
    assert loaded.offload is not None
    assert loaded.offload.bucket == f"bridge-{name}-payloads-123456789012-eu-west-1"
    made = {
        each["Properties"].get("TopicName") or each["Properties"].get("QueueName")
        for kind in ("AWS::SNS::Topic", "AWS::SQS::Queue")
        for _, each in synthesis.resources(kind, stack=f"bridge-{name}-data")
        if each["Type"] == kind
    }
    for route in json.loads(text)["routes"]:
        for end in (route["from"], route["to"]):
            arn = end.get("sns") or end.get("sqs")
            assert arn is None or arn.rpartition(":")[2] in made
    assert len(text) < 16_384, "ECS takes no more in all of a task's definition"


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_a_service_rolls_back_what_fails_drains_what_stops_and_has_no_public_address(
    synthesis: Synthesis, name: str
) -> None:
    stack = f"bridge-{name}-service"
    ((_, service),) = synthesis.resources("AWS::ECS::Service", stack=stack)
    properties = service["Properties"]
    assert properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {
        "Enable": True,
        "Rollback": True,
    }
    assert properties["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    assert properties.get("EnableExecuteCommand", False) is False
    (container,) = task(synthesis, stack)["ContainerDefinitions"]
    assert 30 <= container["StopTimeout"] <= 120
    assert container["HealthCheck"]["Command"] == ["CMD", "bridge", "health"]


def test_task_sizes_and_spot_are_settings(synthesis: Synthesis) -> None:
    sizes = {name: task(synthesis, f"bridge-{name}-service") for name in INTEGRATIONS}
    assert {name: (each["Cpu"], each["Memory"]) for name, each in sizes.items()} == {
        "orders": ("512", "1024"),
        "payments": ("1024", "2048"),
        "partners": ("256", "512"),
    }
    spot = {
        name: [
            each["CapacityProvider"]
            for each in synthesis.resources("AWS::ECS::Service", stack=f"bridge-{name}-service")[0][1][
                "Properties"
            ]["CapacityProviderStrategy"]
        ]
        for name in INTEGRATIONS
    }
    assert spot == {"orders": ["FARGATE"], "payments": ["FARGATE"], "partners": ["FARGATE", "FARGATE_SPOT"]}


def test_tasks_follow_the_messages_that_wait_for_each_route(synthesis: Synthesis) -> None:
    def tracked(name: str) -> dict[str, tuple[str, str]]:
        found = {}
        for _, policy in synthesis.resources(
            "AWS::ApplicationAutoScaling::ScalingPolicy", stack=f"bridge-{name}-"
        ):
            tracking = policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]
            waiting, tasks, share = tracking["CustomizedMetricSpecification"]["Metrics"]
            assert share["Expression"] == "waiting / IF(tasks < 1, 1, tasks)"
            assert [each["ReturnData"] for each in (waiting, tasks, share)] == [False, False, True]
            assert tasks["MetricStat"]["Metric"]["MetricName"] == "RunningTaskCount"
            metric = waiting["MetricStat"]["Metric"]
            (dimension,) = metric["Dimensions"]
            found[policy["Properties"]["PolicyName"]] = (metric["MetricName"], dimension["Value"])
        return found

    assert tracked("orders") == {
        "backlog-orders-orders-out": ("bridge_source_depth", "orders-out"),
        "backlog-orders-stock-out": ("bridge_source_depth", "stock-out"),
        "backlog-orders-orders-in": ("ApproximateNumberOfMessagesVisible", "orders-in"),
    }
    assert set(tracked("partners")) == {
        f"backlog-partners-{name}" for name in ("quotes-out", "claims-out", "quotes-in")
    }
    assert tracked("payments") == {}, "as many as it says, no more and no fewer"
    ((_, target),) = synthesis.resources(
        "AWS::ApplicationAutoScaling::ScalableTarget", stack="bridge-partners-"
    )
    assert (target["Properties"]["MinCapacity"], target["Properties"]["MaxCapacity"]) == (1, 10)


def test_what_is_fifo_by_name_is_fifo_and_each_queue_has_its_redrive_queue(synthesis: Synthesis) -> None:
    for where, queue in synthesis.resources("AWS::SQS::Queue"):
        if queue["Type"] != "AWS::SQS::Queue":
            continue
        name = queue["Properties"]["QueueName"]
        assert queue["Properties"].get("FifoQueue", False) is name.endswith(".fifo"), where
        plain = name.removesuffix(".fifo")
        if not plain.endswith(("-redrive", "-test")):
            assert queue["Properties"]["RedrivePolicy"]["maxReceiveCount"] == 1000
            assert f"{plain}redrive".replace("-", "") in str(queue["Properties"]["RedrivePolicy"]).replace(
                "-", ""
            )
    for where, topic in synthesis.resources("AWS::SNS::Topic"):
        if topic["Type"] == "AWS::SNS::Topic":
            name = topic["Properties"]["TopicName"]
            assert topic["Properties"].get("FifoTopic", False) is name.endswith(".fifo"), where


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_an_alarm_rings_for_each_thing_that_matters_at_one_topic(synthesis: Synthesis, name: str) -> None:
    alarms = [
        each["Properties"]
        for _, each in synthesis.resources("AWS::CloudWatch::Alarm", stack=f"bridge-{name}-")
    ]
    watched = {each["MetricName"] for each in alarms}
    assert watched == {
        "RunningTaskCount",
        "bridge_dead_letters_total",
        "bridge_certificate_days_left",
        "bridge_route_ready",
        "bridge_reconnects_total",
        "bridge_source_oldest_age_seconds",
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
    }
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"]
    runbook = DOCS / "runbook"
    pages = {alarm["AlarmDescription"].rpartition("docs/runbook/")[2] for alarm in alarms}
    assert pages == {each.name for each in runbook.glob("*.md")} - {"README.md"}
    assert pages == set(
        re.findall(r"\]\(([\w-]+\.md)\)", (runbook / "README.md").read_text(encoding="utf-8"))
    )
    loud = {each["MetricName"] for each in alarms if each["TreatMissingData"] == "breaching"}
    assert loud == {"RunningTaskCount", "bridge_route_ready"}, "silence is the alarm"


def test_everything_that_can_be_tagged_says_what_it_costs_for(synthesis: Synthesis) -> None:
    for name in INTEGRATIONS:
        for where, resource in synthesis.resources(stack=f"bridge-{name}-"):
            tags = resource["Properties"].get("Tags") if "Properties" in resource else None
            if isinstance(tags, list):
                given = {each["Key"]: each["Value"] for each in tags}
                assert given["cost-centre"] == name, where
                assert given["integration"] == name, where
                assert given["project"] == "ibmmq-aws-bridge", where
