"""What the emulator can't do of what the stacks need: known by name, so that it is known when it changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from moto.cloudformation.parsing import get_model_map

from tests.deploy.conftest import ROOT
from tests.deploy.emulator import NOT_MADE, types

LACKING = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::Secret",
    "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "AWS::ServiceDiscovery::Service",
}
"""Types that moto's CloudFormation does not know, made by tests/deploy/emulator.py through their own API."""

INCOMPLETE = {
    "AWS::EC2::RouteTable",
    "AWS::EC2::VPCEndpoint",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::KMS::Key",
}
"""Types that it knows but leaves behind, or can't make with tags; made likewise."""


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The types of every resource in every stack."""
    assembly = tmp_path_factory.mktemp("assembly")
    subprocess.run(
        [sys.executable, "-m", "infra.app"],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(assembly)},
        check=True,
        capture_output=True,
    )
    templates = [json.loads(path.read_text()) for path in Path(assembly).glob("*.template.json")]
    assert templates
    return {resource["Type"] for template in templates for resource in template["Resources"].values()}


def test_motos_gaps_are_those_that_are_known(used: set[str]) -> None:
    assert used - set(get_model_map()) == LACKING | set(NOT_MADE)


def test_the_emulator_fills_each_gap_and_nothing_that_is_not_used(used: set[str]) -> None:
    assert set(types()) == LACKING | INCOMPLETE | set(NOT_MADE)
    assert set(types()) <= used
