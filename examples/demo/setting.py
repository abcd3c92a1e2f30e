"""All that the bridge needs, on this machine: a queue manager with mutual TLS, AWS, a secret, the bridge."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml
from boto3.session import Session

from certs import Generated, generate
from examples import resources
from examples.demo.processes import python, running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REGION: Final = resources.REGION
CHANNEL = "BRIDGE.SVRCONN"
QUEUE_MANAGER = "QM1"
USER, PASSWORD = "bridge", "only-for-the-demonstration"
OUT_QUEUE, IN_QUEUE, TO_SQS_QUEUE = "ORDERS.OUT", "ORDERS.IN", "STOCK.OUT"
KEYS = {"aws_access_key_id": "demo", "aws_secret_access_key": "demo"}
"""Credentials that an emulator takes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where everything is.

    The last three are URLs of SQS queues: `subscribed` is to the topic, `stock` is where the route MQ -> SQS
    leads, `incoming` is where SQS -> MQ begins.
    """

    directory: Path
    certificates: Generated
    connection_name: str
    aws_url: str
    topic_arn: str
    subscribed: str
    stock: str
    incoming: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which boto3, and so the bridge, finds the emulator."""
        return environment(self.aws_url)

    @property
    def configuration(self) -> Path:
        """The bridge's configuration file."""
        return self.directory / "bridge.yaml"

    def sqs(self) -> SQSClient:
        """A client of one's own."""
        return _session().client("sqs", endpoint_url=self.aws_url)

    def s3(self) -> S3Client:
        """A client of one's own."""
        return _session().client("s3", endpoint_url=self.aws_url)


def _session() -> Session:
    return Session(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"], region_name=REGION)


def environment(aws_url: str) -> dict[str, str]:
    """The environment of this process, pointed at the emulator and at nothing else of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BRIDGE_"))}
    return kept | {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextlib.contextmanager
def set_up(directory: Path) -> Iterator[Setting]:
    """Starts the queue manager and the emulator, and makes in them what the bridge's configuration names."""
    certificates = generate(directory / "certs", days=1)
    with _queue_manager(directory, certificates) as connection_name, _emulator(directory) as aws_url:
        setting = _make_resources(directory, certificates, connection_name, aws_url)
        setting.configuration.write_text(yaml.safe_dump(_configuration(setting), sort_keys=False))
        yield setting


@contextlib.contextmanager
def bridge(setting: Setting) -> Iterator[Path]:
    """Runs the bridge; yields its log."""
    log = setting.directory / "bridge.log"
    command = python("-m", "bridge", "run", "--config", str(setting.configuration))
    with running(command, '"route_started"', environment=setting.environment, log=log):
        yield log


@contextlib.contextmanager
def _queue_manager(directory: Path, certificates: Generated) -> Iterator[str]:
    command = python(
        *("-m", "mock_mq", "serve", "--port", "0", "--queue-manager", QUEUE_MANAGER, "--channel", CHANNEL),
        *("--queue", OUT_QUEUE, "--queue", IN_QUEUE, "--queue", TO_SQS_QUEUE, "--user", USER),
        *("--tls-cert", str(certificates.server / "certificate.pem")),
        *("--tls-key", str(certificates.server / "private_key.pem")),
        *("--tls-ca", str(certificates.ca), "--require-client-cert"),
    )
    ready = r"^mock-mq: \S+ listening on ([\d.]+):(\d+)"
    log = directory / "mock-mq.log"
    environment = dict(os.environ) | {"MOCK_MQ_PASSWORD": PASSWORD}
    with running(command, ready, environment=environment, log=log) as (_, found):
        yield f"{found[1]}({found[2]})"


@contextlib.contextmanager
def _emulator(directory: Path) -> Iterator[str]:
    command = python("-m", "examples.demo.emulator")
    log = directory / "aws.log"
    with running(command, r"listening on (\S+)", environment=environment(""), log=log) as (_, found):
        yield found[1]


def _make_resources(directory: Path, certificates: Generated, connection_name: str, aws_url: str) -> Setting:
    made = resources.make(_session(), aws_url, resources.credentials(certificates, USER, PASSWORD))
    return Setting(
        directory,
        certificates,
        connection_name,
        aws_url,
        made.topic_arn,
        made.subscribed,
        made.stock,
        made.incoming,
    )


def _configuration(setting: Setting) -> dict[str, object]:
    return {
        "queue_manager": {
            "name": QUEUE_MANAGER,
            "connections": [setting.connection_name],
            "channel": CHANNEL,
            "cipher_spec": "ANY_TLS12_OR_HIGHER",
            "peer_name": "CN=mock-mq,O=Throwaway",
            "credentials": f"secretsmanager:{resources.SECRET}",
        },
        "offload": {"bucket": resources.PAYLOADS},
        "dead_letters": {"bucket": resources.DEAD_LETTERS},
        "http": {"port": 0},
        "routes": [
            {"name": "orders-out", "from": {"mq": OUT_QUEUE}, "to": {"sns": setting.topic_arn}},
            {"name": "stock-out", "from": {"mq": TO_SQS_QUEUE}, "to": {"sqs": "stock"}},
            {"name": "orders-in", "from": {"sqs": "orders-in", "wait": 1}, "to": {"mq": IN_QUEUE}},
        ],
    }
