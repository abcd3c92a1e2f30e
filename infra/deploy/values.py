"""The values of the secrets: read, checked as the bridge checks them, and put by the API alone.

A value never goes through a template, an argument list or a file of ours; nothing here shows any of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bridge import credentials
from bridge.credentials import Credentials, CredentialsError
from certs import generating
from infra.deploy import places
from infra.deploy.errors import DeployError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEPT = "has a value, which is kept: update_secrets changes it"


def read(directory: Path) -> Credentials:
    """The credentials in a directory, usable by the bridge. Raises `DeployError` with what is wrong."""
    try:
        return credentials.from_directory(directory)
    except CredentialsError as error:
        raise DeployError(f"{directory}: {error}") from None


def is_throwaway(value: Credentials) -> bool:
    """Whether generate_secrets made them, so that they are for rehearsals only."""
    return any("Throwaway" in one.subject.rfc4514_string() for one in value.authorities())


def expiry(value: Credentials) -> str:
    """When the first of the certificates expires, in words."""
    until = value.valid_until()
    return f"valid until {until:%Y-%m-%d}" if until else "without certificates"


def generate() -> str:
    """Makes throwaway certificates in certs/out, unless there are valid ones that serve; says which."""
    if generated_serve():
        return f"{places.CERTIFICATES} has them already: kept"
    made = generating.generate(places.CERTIFICATES, hosts=[places.MOCK_HOST])
    return f"made {made.server} and {made.bridge}, valid for {generating.VALID_DAYS} days"


def generated_exist() -> bool:
    """Whether certs/out has certificates that are valid, whomever they are for."""
    until = generating.valid_until(generating.Generated(places.CERTIFICATES))
    return until is not None and until > datetime.now(UTC)


def generated_serve() -> bool:
    """Whether they are also for the name that the mock queue manager has in the VPC."""
    made = generating.Generated(places.CERTIFICATES)
    return generated_exist() and not generating.missing_hosts(made, [places.MOCK_HOST])


def has_value(client: SecretsManagerClient, name: str) -> bool:
    """Whether the secret exists and has a value. Raises `DeployError` where it is scheduled for deletion."""
    try:
        found = client.describe_secret(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    if "DeletedDate" in found:
        raise DeployError(
            f"the secret {name} is scheduled for deletion: restore it first "
            f"(aws secretsmanager restore-secret --secret-id {name})"
        )
    return any("AWSCURRENT" in stages for stages in found.get("VersionIdsToStages", {}).values())


def create(client: SecretsManagerClient, name: str, value: Credentials) -> str:
    """Gives the secret its first value, or keeps the one it has; says which."""
    if has_value(client, name):
        return f"{name} {KEPT}"
    client.put_secret_value(SecretId=name, SecretString=_text(value))
    return f"{name} has its value: {expiry(value)}"


def update(client: SecretsManagerClient, name: str, value: Credentials) -> str:
    """Gives the secret a new value, unless it has that; says which. Raises `DeployError` without any."""
    if not has_value(client, name):
        raise DeployError(f"{name} has no value to update: create_secrets gives it one")
    if client.get_secret_value(SecretId=name).get("SecretString") == _text(value):
        return f"{name} has this very value already: nothing changed"
    client.put_secret_value(SecretId=name, SecretString=_text(value))
    return f"{name} has a new value: {expiry(value)}; the one before stays as version AWSPREVIOUS"


def days_left(client: SecretsManagerClient, name: str) -> int | None:
    """Whole days until the first certificate in the secret expires; None without a value or certificates."""
    if not has_value(client, name):
        return None
    try:
        text = client.get_secret_value(SecretId=name).get("SecretString", "")
        until = credentials.from_json(text).valid_until()
    except CredentialsError as error:
        # An expired certificate is refused when it is read.
        return 0 if "expired" in str(error) else None
    return (until - datetime.now(UTC)).days if until else None


def _text(value: Credentials) -> str:
    """The secret's JSON, the same for the same credentials."""
    return json.dumps({key: text for key, text in asdict(value).items() if text})
