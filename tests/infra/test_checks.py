"""The templates under others' eyes: cfn-lint, cdk-nag, checkov; and that each would see what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import ROOT, Synthesis, synthesise

CHECKOV = ROOT / "build" / "checkov" / "bin" / "checkov"


def test_cfn_lint_has_nothing_to_say(synthesis: Synthesis) -> None:
    templates = [str(path) for path in synthesis.directory.glob("*.template.json")]
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--regions",
        "eu-west-1",
        "us-east-1",
        "--",
        *templates,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


_CARELESS = """
from aws_cdk import App, Stack, aws_sqs
from infra.app import build
app = App()
build(app)
aws_sqs.Queue(Stack(app, "careless"), "Queue")
app.synth()
"""


def test_cdk_nag_looks_at_every_stack_as_it_is_synthesised(synthesis: Synthesis, tmp_path: Path) -> None:
    assert json.loads((synthesis.directory / "validation-report.json").read_text())["pluginReports"] == []
    done = synthesise(tmp_path, program=["-c", _CARELESS])
    assert done.returncode != 0
    reports = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    found = {each["ruleName"] for report in reports for each in report["violations"]}
    assert found == {"AwsSolutions-SQS3", "AwsSolutions-SQS4"}


@pytest.fixture
def checkov() -> Path:
    if not CHECKOV.is_file():
        reason = "checkov is not set up: make infra does it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return CHECKOV


def checked(checkov: Path, directory: Path) -> dict[str, Any]:
    command = [
        str(checkov),
        "--directory",
        str(directory),
        "--framework",
        "cloudformation",
        "--output",
        "json",
    ]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_checkov_has_nothing_to_say_but_what_is_explained(synthesis: Synthesis, checkov: Path) -> None:
    found = checked(checkov, synthesis.directory)
    assert found["results"]["failed_checks"] == []
    assert found["results"]["parsing_errors"] == []
    skipped = {
        each["check_id"]: each["check_result"]["suppress_comment"]
        for each in found["results"]["skipped_checks"]
    }
    assert set(skipped) == {"CKV_AWS_18"}
    assert all(skipped.values())
    assert len(found["results"]["passed_checks"]) > 200


def test_checkov_would_see_a_bucket_without_encryption(
    synthesis: Synthesis, checkov: Path, tmp_path: Path
) -> None:
    template = json.loads(json.dumps(synthesis.templates["bridge-orders-data"]))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            del resource["Properties"]["PublicAccessBlockConfiguration"]
    (tmp_path / "t.template.json").write_text(json.dumps(template))
    failed = {each["check_id"] for each in checked(checkov, tmp_path)["results"]["failed_checks"]}
    assert "CKV_AWS_53" in failed
