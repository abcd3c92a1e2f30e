"""The one-shot of docker-compose.yml: certificates, the secret, and what the bridge's configuration names.

`python -m examples.rehearsal`, with CERTIFICATES (a directory), AWS_ENDPOINT_URL, MQ_USER and MQ_PASSWORD, as
whom the bridge connects, and MQ_PKI, a directory for IBM's image. It may be run again: what is there stays.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from certs import Generated, generate
from certs.generating import valid_until
from examples import resources


def main() -> int:
    """0 when all is there, 1 with a sentence when it can't be made."""
    try:
        where, url = Path(os.environ["CERTIFICATES"]), os.environ["AWS_ENDPOINT_URL"]
        user, password = os.environ["MQ_USER"], os.environ["MQ_PASSWORD"]
    except KeyError as e:
        print(f"rehearsal: {e.args[0]} is not set", file=sys.stderr)
        return 1
    certificates = Generated(where)
    if valid_until(certificates) is None:
        generate(where, hosts=["mq"])
    if pki := os.environ.get("MQ_PKI"):
        _lay_out(certificates, Path(pki))
    try:
        made = resources.make(
            Session(region_name=resources.REGION), url, resources.credentials(certificates, user, password)
        )
    except (BotoCoreError, ClientError) as e:
        print(f"rehearsal: {url}: {e}", file=sys.stderr)
        return 1
    print(f"rehearsal: certificates in {where}; {made.topic_arn}, queues, buckets and the secret in {url}")
    return 0


def _lay_out(certificates: Generated, pki: Path) -> None:
    """The server's certificates where IBM's image looks for them: `keys/LABEL` and `trust/N`."""
    server = certificates.server
    for name, source in {
        "keys/qm1/tls.crt": server / "certificate.pem",
        "keys/qm1/tls.key": server / "private_key.pem",
        "keys/qm1/ca.crt": certificates.ca,
        "trust/0/ca.crt": certificates.ca,
    }.items():
        file = pki / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(source.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
