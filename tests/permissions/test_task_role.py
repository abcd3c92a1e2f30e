"""The task's role and the operator's policy against what is really called, all through the tests: enough, and
nothing beyond.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra import permissions

# IAM's names where they are not the operation's own. Source: "Service Authorization Reference".
ACTIONS = {
    "secrets-manager.GetSecretValue": "secretsmanager:GetSecretValue",
    "sns.PublishBatch": "sns:Publish",
    "sqs.SendMessageBatch": "sqs:SendMessage",
    "sqs.DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs.ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "s3.HeadObject": "s3:GetObject",
    "s3.CreateMultipartUpload": "s3:PutObject",
    "s3.UploadPart": "s3:PutObject",
    "s3.CompleteMultipartUpload": "s3:PutObject",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
}
NEEDS_NO_GRANT = {"sts:GetCallerIdentity"}


@pytest.fixture
def called(request: pytest.FixtureRequest) -> set[str]:
    """The actions of all calls that were recorded: the bridge's or, where a test says so, the operator's."""
    caller = getattr(request, "param", "bridge")
    record = Path(os.environ.get("RECORD_AWS_CALLS", ""))
    if not record.is_file():
        pytest.skip("no calls were recorded: make test does it")
    lines = [line.split() for line in record.read_text().splitlines()]
    operations = {operation for who, operation in lines if who == caller}
    return {ACTIONS.get(each, each.replace(".", ":", 1)) for each in operations}


def test_the_role_grants_all_that_the_bridge_calls(called: set[str]) -> None:
    assert called - NEEDS_NO_GRANT - permissions.ALL == set()


def test_the_role_grants_nothing_that_the_bridge_never_calls(called: set[str]) -> None:
    # Not called, but asked by S3 itself before it says that an object is gone and not that it is forbidden.
    assert permissions.ALL - called == set(permissions.TELL_MISSING)


@pytest.mark.parametrize("called", ["check"], indirect=True)
def test_the_role_grants_what_a_check_looks_at_and_a_check_calls_nothing_that_moves_a_message(
    called: set[str],
) -> None:
    assert called - permissions.ALL - NEEDS_NO_GRANT == permissions.LOOK - permissions.ALL
    assert called & permissions.ALL == {
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "s3:GetObject",
        "secretsmanager:GetSecretValue",
    }


@pytest.mark.parametrize("called", ["operator"], indirect=True)
def test_the_operators_policy_grants_what_the_command_calls_and_nothing_else(called: set[str]) -> None:
    assert called - NEEDS_NO_GRANT == permissions.OPERATOR
