"""The stacks of the three sample integrations, synthesised once as `cdk` would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INTEGRATIONS = ("orders", "payments", "partners")
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/bridge/bridge@sha256:{'ab' * 32}"


@dataclass(frozen=True)
class Synthesis:
    """What came of it: the directory, and each stack's template."""

    directory: Path
    templates: dict[str, Any]

    def resources(self, kind: str = "", *, stack: str = "") -> list[tuple[str, dict[str, Any]]]:
        """The resources of a type in stacks of a name (the beginnings of both), each with where."""
        return [
            (f"{name}/{logical}", resource)
            for name, template in self.templates.items()
            if name.startswith(stack)
            for logical, resource in template["Resources"].items()
            if resource["Type"].startswith(kind)
        ]

    def statements(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Every statement of every policy, with where it is and its resource's type."""
        found = []
        for where, resource in self.resources():
            for document in documents(resource.get("Properties", {})):
                found += [(where, resource["Type"], each) for each in many(document["Statement"])]
        return found


def documents(value: Any) -> list[dict[str, Any]]:
    """Every policy document in a value, however deep."""
    if isinstance(value, list):
        return [each for item in value for each in documents(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "Statement" in value and "Version" in value else []
    return own + [each for item in value.values() for each in documents(item)]


def many(value: Any) -> list[Any]:
    """What may be one thing or a list of them."""
    return value if isinstance(value, list) else [value]


def synthesise(
    directory: Path, *, program: Sequence[str] = ("-m", "infra.app"), **context: str
) -> subprocess.CompletedProcess[str]:
    """Runs the application as `cdk` does."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    environ |= {
        "CDK_OUTDIR": str(directory),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    }
    return subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def synthesis(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    if not shutil.which("node"):
        reason = "no Node.js, which CDK runs on: on Debian, apt-get install nodejs"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("cdk")
    done = synthesise(directory, bridge_image=IMAGE, mock_image=IMAGE)
    assert done.returncode == 0, done.stderr
    templates = {
        path.name.removesuffix(".template.json"): json.loads(path.read_text())
        for path in sorted(directory.glob("*.template.json"))
    }
    return Synthesis(directory, templates)
