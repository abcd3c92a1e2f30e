"""What the documents of mock-mq tell a reader to type, run, or put into a file."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mock_mq import definition_file
from mock_mq.core import Definition
from mock_mq.running import RunningQueueManager
from tests.documents import DOCS, blocks, program
from tests.mock_mq.test_cli import MOCK_MQ, Serve, serve

__all__ = ["serve"]
pytest_plugins = ["pytester"]
TYPED = re.compile(r"^    (mock-mq .*?)(?:\s{2,}#.*)?$", re.MULTILINE)


def typed() -> list[str]:
    return TYPED.findall((DOCS / "mock-mq.md").read_text(encoding="utf-8"))


def test_each_command_that_uses_a_queue_manager_does_so(serve: Serve, tmp_path: Path) -> None:
    commands = [each for each in typed() if not each.startswith("mock-mq serve")]
    assert len(commands) > 12
    served = serve("--user", "app:passw0rd")
    for command in commands:
        if command.startswith(("mock-mq fault quiesce", "mock-mq fault stop")):
            served = serve("--user", "app:passw0rd")  # the one before may still be away
        name, *arguments = shlex.split(command.partition(" > ")[0])
        assert name == "mock-mq"
        who = [] if arguments[0] == "ping" or "--user" in arguments else ["--user", "app"]
        ran = subprocess.run(
            [*MOCK_MQ, *arguments, "--port", served.port, *who],
            capture_output=True,
            check=False,
            timeout=60,
            env={"PATH": "", "MOCK_MQ_PASSWORD": "passw0rd"},
        )
        assert ran.returncode == 0, (command, ran.stderr)


@pytest.mark.parametrize("command", [each for each in typed() if each.startswith("mock-mq serve")])
def test_each_way_to_serve_serves(serve: Serve, command: str) -> None:
    arguments = shlex.split(command)[2:]
    console = ["--console-port", "0"] if "--console" in arguments else []
    served = serve(*arguments, *console, MOCK_MQ_PASSWORD="passw0rd")
    assert int(served.port) > 0


@pytest.mark.parametrize(("language", "name"), [("yaml", "qm.yaml"), ("mqsc", "qm.mqsc")])
def test_each_definition_is_one(tmp_path: Path, language: str, name: str) -> None:
    (text,) = blocks(DOCS / "mock-mq.md", language)
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    made, _ = definition_file.read(file, Definition())
    assert {each.name for each in made.queues} >= {"ORDERS", "ORDERS.IN"}


@pytest.mark.parametrize("binding", ["pymqi", "ibmmq"])
def test_each_program_for_python_runs_as_it_stands(
    queue_manager: RunningQueueManager, tmp_path: Path, binding: str
) -> None:
    name = f"hello_{binding}.py"
    file = tmp_path / name
    file.write_text(program(DOCS / "testing.md", name), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(file), queue_manager.connection_name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout) == (0, f"hello from {binding}\n"), ran.stderr
    assert queue_manager.depth("DEV.QUEUE.1") == 0


def test_the_tests_for_pytest_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_payments=program(DOCS / "testing.md", "test_payments.py"))
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4)
