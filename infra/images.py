"""The repositories of the two images."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from infra.keys import rotated_key

BRIDGE, MOCK_MQ = "bridge/bridge", "bridge/mock-mq"
"""Their names."""

_KEPT = 20


class ImagesStack(Stack):
    """ECR: tags that never change, every image scanned, the newest twenty kept."""

    def __init__(self, scope: Construct, name: str, **given: Any) -> None:
        super().__init__(scope, name, description="The bridge's images", **given)
        key = rotated_key(self, "Key", "alias/bridge-images", "The bridge's images")
        for part, repository in (("Bridge", BRIDGE), ("MockMq", MOCK_MQ)):
            made = ecr.Repository(
                self,
                part,
                repository_name=repository,
                encryption=ecr.RepositoryEncryption.KMS,
                encryption_key=key,
                image_scan_on_push=True,
                image_tag_mutability=ecr.TagMutability.IMMUTABLE,
                removal_policy=RemovalPolicy.RETAIN,
            )
            made.add_lifecycle_rule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=Duration.days(7))
            made.add_lifecycle_rule(tag_status=ecr.TagStatus.ANY, max_image_count=_KEPT)
