"""KMS keys: all customer managed and rotated, few on purpose, as each costs and each is one more to grant.

An integration has one for its secret, which only its task reads, and one for its data: whoever may read a
message must be able to read its body in S3, the dead letter it became, and what the log says of it.
"""

from __future__ import annotations

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


def rotated_key(scope: Construct, name: str, alias: str, description: str) -> kms.Key:
    """A key that is rotated each year and outlives its stack, as what it has encrypted does."""
    return kms.Key(
        scope,
        name,
        alias=alias,
        description=description,
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN,
    )


def let_logs_use(key: kms.Key, group: str) -> None:
    """Lets CloudWatch Logs encrypt a log group of this name, and none else.

    Source: "Encrypt log data in CloudWatch Logs using AWS KMS".
    """
    stack = Stack.of(key)
    arn = stack.format_arn(
        service="logs", resource="log-group", resource_name=group, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LogGroup",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            resources=["*"],
            conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn}},
        )
    )


def log_key(scope: Construct, name: str, group: str) -> kms.Key:
    """A key for one log group alone."""
    key = rotated_key(scope, name, f"alias/{group.strip('/').replace('/', '-')}-logs", f"Log group {group}")
    let_logs_use(key, group)
    return key
