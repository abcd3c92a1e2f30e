"""The secret with an integration's credentials, and its key. deploy.sh puts the value, never a template."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.keys import rotated_key
from infra.nag import accept


class SecretsStack(Stack):
    """One empty secret, `bridge/<integration>/mq`."""

    def __init__(self, scope: Construct, name: str, *, integration: str, **given: Any) -> None:
        super().__init__(
            scope, name, description=f"Credentials of the bridge's integration {integration}", **given
        )
        self.key = rotated_key(
            self, "Key", f"alias/bridge-{integration}-secrets", f"Credentials of the bridge's {integration}"
        )
        # Not the construct of the library's: that one would make up a value.
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            name=f"bridge/{integration}/mq",
            description=f"What {integration} shows its queue manager: JSON, see docs/configuration.md",
            kms_key_id=self.key.key_arn,
        )
        secret.apply_removal_policy(RemovalPolicy.DESTROY)
        accept(
            secret,
            "SMG4",
            "Certificates of a queue manager's CA are renewed by people: deploy.sh update_secrets",
        )
        self.secret_arn = secret.ref
