"""Where things are in the checkout, and what the stacks, secrets and repositories are called."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
INTEGRATIONS = INFRA / "integrations"
CDK = INFRA / "node_modules" / ".bin" / "cdk"
CERTIFICATES = ROOT / "certs" / "out"

PROJECT = "ibmmq-aws-bridge"
"""The value of the tag `project` that every stack has."""
PARTS = ("secrets", "data", "service", "monitoring")
"""An integration's stacks, in the order in which they need one another."""
MOCK = "mock"
"""What stands for an integration's name in what belongs to the mock queue manager."""
MOCK_HOST = "mock-mq.bridge.internal"
"""Where the bridge finds it in the VPC."""
NETWORK = "bridge-network"
IMAGES = "bridge-images"
MOCK_STACK = "bridge-mock"


def stack(integration: str, part: str) -> str:
    """The stack of an integration that holds `part`: secrets, data, service or monitoring."""
    return f"bridge-{integration}-{part}"


def secret(integration: str) -> str:
    """The name of the secret with an integration's credentials for the queue manager."""
    return f"bridge/{integration}/mq"
