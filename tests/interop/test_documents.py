"""The program for Java that the documents have, as it stands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from mock_mq.running import RunningQueueManager
from tests.documents import DOCS, program
from tests.interop.judge import JAKARTA, Judge

_CLIENT = re.compile(
    r"<artifactId>(com\.ibm\.mq\.jakarta\.client)</artifactId>\s*<version>([\d.]+)</version>"
)


def test_the_program_for_jms_runs(jakarta: Judge, queue_manager: RunningQueueManager, tmp_path: Path) -> None:
    file = tmp_path / "Hello.java"
    file.write_text(program(DOCS / "testing.md", "Hello.java"), encoding="utf-8")
    ran = subprocess.run(
        [
            "java",
            "-cp",
            str(JAKARTA / "target" / "dependency" / "*"),
            str(file),
            queue_manager.connection_name,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "hello from JMS"), ran.stderr
    assert queue_manager.depth("DEV.QUEUE.1") == 0


def test_its_client_is_the_one_that_is_tried() -> None:
    tried = _CLIENT.findall((JAKARTA / "pom.xml").read_text(encoding="utf-8"))
    assert tried
    assert _CLIENT.findall(program(DOCS / "testing.md", "pom.xml")) == tried
