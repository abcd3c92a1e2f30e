"""IBM's Java clients as processes that do what they are told (`Judge.java` in `java` and in `jakarta`)."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

JAVA = Path(__file__).parent / "java"
"""The classes for Java and for JMS."""
JAKARTA = Path(__file__).parent / "jakarta"
"""The classes for Jakarta Messaging, with Spring's and Camel's containers over them."""
_NAMES = count(1)


class Refused(Exception):
    """What IBM's client raised; `reason` is MQ's code, or 0 where the exception had none."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["problem"])
        self.reason: int = answer.get("reason", 0)


def missing() -> str:
    """What the machine lacks to run it; empty for nothing."""
    lacking = [program for program in ("javac", "mvn") if shutil.which(program) is None]
    return f"{' and '.join(lacking)} not found: install a JDK (17 or later) and Maven" if lacking else ""


def build(project: Path = JAVA) -> None:
    """Compiles it, and fetches IBM's client the first time; quick when nothing has changed.

    One at a time, for tests run in several processes. Raises `RuntimeError` with what Maven says.
    """
    target = project / "target"
    made = target / "made"
    sources = [project / "pom.xml", *(project / "src").rglob("*.java")]
    lock = os.open(project, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.is_file() and all(made.stat().st_mtime > source.stat().st_mtime for source in sources):
            return
        # Or the jars of an earlier version would stay on the class path.
        shutil.rmtree(target, ignore_errors=True)
        done = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "process-classes"],
            cwd=project,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"mvn failed:\n{done.stdout}{done.stderr}")
        made.touch()
    finally:
        os.close(lock)


class Judge:
    """The process. Many connections, one call at a time."""

    def __init__(self, directory: Path, project: Path = JAVA) -> None:
        target = project / "target"
        classes = f"{target / 'classes'}{os.pathsep}{target / 'dependency' / '*'}"
        # The names of ciphers are Java's own, not those IBM's JVMs once had.
        options = ["-Dcom.ibm.mq.cfg.useIBMCipherMappings=false", "-Xmx1g", "-XX:TieredStopAtLevel=1"]
        self._errors = (directory / "judge.log").open("w")
        self._process = subprocess.Popen(
            ["java", *options, "-cp", classes, "Judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=directory,  # where it leaves its traces
        )

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the judge ended with {self._process.wait(30)}: see {self._errors.name}")
        answer: dict[str, Any] = json.loads(line)
        if "problem" in answer:
            raise Refused(answer)
        return answer

    def connect(self, kind: str, **options: Any) -> JavaConnection:
        name = f"{kind}-{next(_NAMES)}"
        self.ask(on=name, do="connect", kind=kind, **options)
        return JavaConnection(self, name)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._errors.close()


@dataclass(frozen=True)
class JavaConnection:
    """A connection of IBM's client: `base` (classes for Java) or `jms`; `context`, `spring` or `camel`."""

    judge: Judge
    name: str

    def __call__(self, what: str, **options: Any) -> dict[str, Any]:
        return self.judge.ask(on=self.name, do=what, **options)

    def put(self, queue: str, body: bytes, **options: Any) -> str:
        message_id: str = self("put", queue=queue, body=base64.b64encode(body).decode(), **options)[
            "messageId"
        ]
        return message_id

    def get(self, queue: str, **options: Any) -> dict[str, Any]:
        return with_bytes(self("get", queue=queue, **options))

    def browse(self, queue: str) -> list[dict[str, Any]]:
        return [with_bytes(each) for each in self("browse", queue=queue)["messages"]]


def with_bytes(message: dict[str, Any]) -> dict[str, Any]:
    """The same, with `body` as bytes where there is one."""
    return message | ({"body": base64.b64decode(message["body"])} if "body" in message else {})
