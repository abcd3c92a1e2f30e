"""A secret's text, from Secrets Manager."""

from __future__ import annotations

from bridge.aws.faults import FAULTS, classify
from bridge.aws.session import Clients
from bridge.errors import Stop


def fetch_secret(name: str, clients: Clients | None = None) -> str:
    """The current text of a secret, by its name or ARN; whoever gets it keeps it out of every log.

    Raises `Away` where it can't be had now (slowly, where it is missing or may not be read), and `Stop` where
    the secret or its name can never do.
    """
    region = name.split(":")[3] if name.startswith("arn:") else ""
    thing = f"secretsmanager:{name}"
    try:
        answer = (clients or Clients()).secretsmanager(region).get_secret_value(SecretId=name)
    except FAULTS as error:
        found = classify(error, thing)
        if found.away:
            raise found.as_away() from None
        raise Stop(found.reason) from None
    if "SecretString" in answer:
        return answer["SecretString"]
    try:
        return answer["SecretBinary"].decode()
    except UnicodeDecodeError:
        raise Stop(f"{thing}: the secret is binary and no UTF-8; store it as text") from None
