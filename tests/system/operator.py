"""Who runs `bridge dead-letters`, and the letters that he finds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bridge.aws.dead_letters import S3DeadLetters
from bridge.aws.session import Clients
from bridge.message import DeadLetter, Descriptor, Message, Property
from mock_mq.running import RunningQueueManager


def message(number: int, body: bytes = b"") -> Message:
    return Message(
        body or f"body {number}".encode(),
        Descriptor(message_id=(number + 1).to_bytes(24, "big"), format="MQSTR"),
        {"colour": Property("blue")},
        source_id=f"source-{number}",
    )


def of_id(message_id: bytes) -> Message:
    """A message with that MsgId."""
    return replace(message(0), descriptor=replace(message(0).descriptor, message_id=message_id))


def set_aside(
    bucket: str, route: str, messages: Iterable[Message], when: datetime | None = None
) -> list[str]:
    """Keeps letters; returns their prefixes."""
    letters = S3DeadLetters(Clients(), bucket, clock=lambda: when or datetime.now(UTC))
    kept = [
        letters.keep(DeadLetter(route, "mq:OUT", "sqs:somewhere", "sqs:somewhere: refused", 3, each))
        for each in messages
    ]
    return [each.removeprefix(f"s3://{bucket}/") for each in kept]


@dataclass
class Operator:
    """Runs the command against these routes."""

    directory: Path
    bucket: str
    routes: list[dict[str, Any]]
    queue_manager: RunningQueueManager | None = None
    environment: dict[str, str] = field(default_factory=dict)
    credentials: str = ""

    def command(self, *arguments: str) -> list[str]:
        file = self.directory / "operator.yaml"
        manager = self.queue_manager
        reaching = {
            "name": manager.name if manager else "QM1",
            "connections": [manager.connection_name if manager else "127.0.0.1(1)"],
            "channel": manager.channel if manager else "NOWHERE",
        }
        told = {
            "queue_manager": reaching | ({"credentials": self.credentials} if self.credentials else {}),
            "dead_letters": {"bucket": self.bucket, "retries": 0},
            "routes": self.routes,
        }
        file.write_text(yaml.safe_dump(told))
        return [sys.executable, "-m", "bridge", "dead-letters", *arguments, "--config", str(file)]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.environment,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)
