"""A set-up in which all is right, for whoever only looks at it: the command as its user types it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from typer.testing import CliRunner

from bridge.cli import app
from mock_mq.core import QueueDefinition
from mock_mq.core.definition import Channel
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.fixtures.aws import Aws
from tests.fixtures.certificates import Certificates
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import CANARY

OUT, STOCK, IN, LEDGER = "OUT", "STOCK", "IN", "LEDGER"
CHANNEL = "BRIDGE.SVRCONN"


@dataclass
class SetUp:
    """All of it is right until a test spoils something; the queue manager starts when first asked for."""

    aws: Aws
    proxy: FaultProxy
    directory: Path
    start: StartQueueManager
    tls: TLS | None
    secret: dict[str, str]
    configuration: dict[str, Any]
    certificates: Certificates
    definition: dict[str, Any] = field(default_factory=dict)
    started: RunningQueueManager | None = None

    @property
    def queue_manager(self) -> RunningQueueManager:
        if self.started is None:
            self.started = self.start(tls=self.tls, **self.definition)
        return self.started

    @property
    def reaching(self) -> dict[str, Any]:
        """The part of the configuration that says how to reach the queue manager."""
        found: dict[str, Any] = self.configuration["queue_manager"]
        return found

    @property
    def file(self) -> Path:
        return self.directory / "bridge.yaml"

    def prepare(self) -> None:
        """Starts the queue manager and writes secret and configuration."""
        self.reaching.setdefault("connections", [self.queue_manager.connection_name])
        if self.secret and "credentials" not in self.reaching:
            self.reaching["credentials"] = f"secretsmanager:{self.aws.make_secret(json.dumps(self.secret))}"
        self.file.write_text(yaml.safe_dump(self.configuration))

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The command's exit code and what it printed."""
        self.prepare()
        result = CliRunner().invoke(app, [*arguments, "--config", str(self.file)], catch_exceptions=False)
        assert CANARY not in result.output
        return result.exit_code, result.stdout, result.stderr

    def findings(self) -> tuple[int, list[dict[str, str]]]:
        code, out, _ = self.run("check", "--json")
        return code, json.loads(out)["findings"]


@pytest.fixture
def unsilenced() -> Iterator[None]:
    """The command silences the log of its process, which is the tests'."""
    before = structlog.get_config()
    yield
    logging.disable(logging.NOTSET)
    structlog.configure(**before)


@pytest.fixture
def right(
    aws: Aws,
    fault_proxy: FaultProxy,
    tmp_path: Path,
    start_queue_manager: StartQueueManager,
    certificates: Certificates,
    unsilenced: None,
) -> SetUp:
    topic, _ = aws.make_topic()
    stock, orders = aws.queue_arn(aws.make_queue()), aws.queue_arn(aws.make_queue())
    payloads, letters = aws.make_bucket(), aws.make_bucket()
    aws.s3.put_bucket_lifecycle_configuration(
        Bucket=payloads,
        LifecycleConfiguration={
            "Rules": [{"ID": "old", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}}]
        },
    )
    return SetUp(
        aws,
        fault_proxy,
        tmp_path,
        start_queue_manager,
        TLS(
            certificates.server_certificate,
            certificates.server_key,
            certificates.ca,
            require_client_certificate=True,
        ),
        {
            "certificate": certificates.client_certificate.read_text(),
            "private_key": certificates.client_key.read_text(),
            "ca": certificates.ca.read_text(),
            "user": "bridge",
            "password": CANARY,
        },
        {
            "queue_manager": {"name": "QM1", "channel": CHANNEL, "cipher_spec": "ANY_TLS12_OR_HIGHER"},
            "offload": {"bucket": payloads},
            "dead_letters": {"bucket": letters},
            "routes": [
                {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}},
                {"name": "stock", "from": {"mq": STOCK}, "to": {"sqs": stock}},
                {"name": "in", "from": {"sqs": orders}, "to": {"mq": IN, "ledger": LEDGER}},
            ],
        },
        certificates,
        {
            "channels": (Channel(CHANNEL),),
            "queues": tuple(QueueDefinition(name) for name in (OUT, STOCK, IN, LEDGER)),
            "users": {"bridge": CANARY},
        },
    )
