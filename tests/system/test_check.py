"""`bridge check` against a set-up in which all is right, and against others that are wrong in one way each."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from typer.testing import CliRunner

from bridge.binding import CHOICE
from bridge.cli import app
from mock_mq.core import QueueDefinition, Right
from mock_mq.core.definition import Channel
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.bridge.mq_ends import Program
from tests.bridge.pem import ec_key, issue
from tests.fixtures.aws import ACCOUNT, REGION, Aws
from tests.fixtures.certificates import Certificates
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import CANARY

OUT, STOCK, IN, LEDGER = "OUT", "STOCK", "IN", "LEDGER"
CHANNEL = "BRIDGE.SVRCONN"
LOOKS = {"MQCONN", "MQOPEN", "MQINQ", "MQCLOSE", "MQBACK", "MQDISC"}
"""Calls that move no message."""
QUESTIONS = {
    "GetSecretValue",
    "GetCallerIdentity",
    "GetTopicAttributes",
    "GetQueueUrl",
    "GetQueueAttributes",
    "HeadObject",
    "DescribeKey",
}


@dataclass
class SetUp:
    """All of it is right until a test spoils something; the queue manager starts when it is first asked for."""

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

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The command's exit code and what it printed."""
        self.reaching.setdefault("connections", [self.queue_manager.connection_name])
        if "credentials" not in self.reaching:
            self.reaching["credentials"] = f"secretsmanager:{self.aws.make_secret(json.dumps(self.secret))}"
        file = self.directory / "bridge.yaml"
        file.write_text(yaml.safe_dump(self.configuration))
        result = CliRunner().invoke(app, [*arguments, "--config", str(file)], catch_exceptions=False)
        assert CANARY not in result.output
        return result.exit_code, result.stdout, result.stderr

    def findings(self) -> tuple[int, list[dict[str, str]]]:
        code, out, _ = self.run("check", "--json")
        return code, json.loads(out)["findings"]


@pytest.fixture(autouse=True)
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
) -> SetUp:
    topic, _ = aws.make_topic()
    stock, orders = (
        aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for url in (aws.make_queue(), aws.make_queue())
    )
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


@pytest.mark.parametrize("name", ["pymqi", "ibmmq"])
def test_where_all_is_right_it_says_so_of_each_thing_and_nothing_has_moved(
    right: SetUp, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE, name)
    right.queue_manager.put(OUT, CANARY)
    source = right.configuration["routes"][2]["from"]["sqs"].rpartition(":")[2]
    url = right.aws.sqs.get_queue_url(QueueName=source)["QueueUrl"]
    right.aws.sqs.send_message(QueueUrl=url, MessageBody=CANARY)
    code, found = right.findings()
    assert (code, [each for each in found if each["level"] == "failure"]) == (0, [])
    # These are what a rehearsal is.
    warned = [each["thing"] for each in found if each["level"] == "warning"]
    assert {each.split(" CN=")[0] for each in warned} == {
        "MQ client",
        "AWS endpoint",
        "client certificate",
        "CA certificate",
        f"TLS at {right.queue_manager.connection_name}",
    }
    told = {each["thing"]: each["what"] for each in found}
    for each in found:
        print(each)
    assert right.queue_manager.depth(OUT) == 1
    assert {each.call for each in right.queue_manager.calls()} <= LOOKS
    assert {each.action for each in right.proxy.requests if "?" not in each.path} <= QUESTIONS
    assert right.aws.counts(url) == (1, 0)
