"""Every command that the documents name is there as it is written, and is run by a test."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import app as bridge
from mock_mq.cli import app as mock_mq
from tests.documents import DOCS, ROOT
from tests.test_assurance import names_in

DOCUMENTS = (ROOT / "README.md", ROOT / "certs" / "README.md", *sorted(DOCS.rglob("*.md")))
PROGRAMS = {"bridge": bridge, "mock-mq": mock_mq}
_STARTS = re.compile(r"(?:\.venv/bin/)?(?:bridge|mock-mq|make|\./deploy\.sh|docker compose)(?= |$)")
_LINE = re.compile(r"^(?: {4}|\$ )(\S.*)$", re.MULTILINE)
_FENCED = re.compile(r"^```(?:sh|shell|console)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def commands(document: Path) -> Iterator[str]:
    """The commands of a document: lines of code, and what stands in backquotes."""
    text = document.read_text(encoding="utf-8")
    lines = [*_LINE.findall(text), *_SPAN.findall(text)]
    for block in _FENCED.findall(text):
        lines.extend(block.splitlines())
    for line in lines:
        if _STARTS.match(line):
            yield re.split(r" #| \||;| &&| >", line.removeprefix(".venv/bin/"))[0].strip()


DOCUMENTED = sorted({each for document in DOCUMENTS for each in commands(document)})

RUN_BY = {
    "bridge": "tests/bridge/test_cli.py::test_the_help_is_the_documented_one",
    "bridge --help": "tests/bridge/test_cli.py::test_the_help_is_the_documented_one",
    "bridge check": "tests/system/test_check.py",
    "bridge dead-letters": "tests/system/test_dead_letters.py",
    "bridge dead-letters export": "tests/system/test_dead_letters.py",
    "bridge dead-letters list": "tests/system/test_dead_letters.py",
    "bridge dead-letters replay": "tests/system/test_replay.py",
    "bridge dead-letters show": "tests/system/test_dead_letters.py",
    "bridge health": "tests/bridge/test_watching.py",
    "bridge run": "tests/system/test_routes.py",
    "bridge run --dry-run": "tests/system/test_dry_run.py",
    "bridge schema": "tests/bridge/test_describing.py::test_the_command_prints_it",
    "bridge test": "tests/bridge/shaping/test_document.py",
    "docker compose": "tests/images/test_images.py::"
    "test_what_compose_starts_carries_messages_both_ways_over_mutual_tls",
    "make bench": "tests/benchmarks/test_bridge.py",
    "make soak": "tests/benchmarks/test_soak.py",
    "make bench-mock-mq": "tests/test_documented_commands.py::test_a_target_of_make_is_there",
    "make demo": "tests/system/test_demo.py",
    "make images": "tests/images/conftest.py",
    "make infra": "tests/infra/test_checks.py",
    "make mutations": "tests/mock_mq/test_mutations.py",
    "make run": "tests/system/test_demo.py",
    "make sbom": "tests/images/test_images.py",
    "make test": "tests/test_locks.py",
    "make torture": "tests/torture/test_cells.py",
    "mock-mq": "tests/mock_mq/test_cli.py",
    "./deploy.sh": "tests/deploy/test_life.py",
}
"""The tests that run them: each command has the longest of these that it starts with."""


def shown_by(command: str) -> str:
    """Which of `RUN_BY` a command is; raises `LookupError` for one that nobody runs."""
    words = shlex.split(command.replace("<", "").replace(">", ""))
    options = {each for each in words if each.startswith("--")}
    plain = [each for each in words if not each.startswith("-")]
    fitting = [
        known
        for known in RUN_BY
        if {each for each in known.split() if each.startswith("--")} <= options
        and plain[: len(names := [each for each in known.split() if not each.startswith("--")])] == names
    ]
    if not fitting:
        raise LookupError(f"no test runs {command}: write one, and name it here")
    return max(fitting, key=len)


def test_there_are_commands_in_each_of_the_documents_for_users() -> None:
    assert len(DOCUMENTED) > 50
    for name in (
        "README.md",
        "docs/operations.md",
        "docs/mock-mq.md",
        "docs/deployment.md",
        "docs/shaping.md",
    ):
        assert list(commands(ROOT / name)), name


@pytest.mark.parametrize("command", DOCUMENTED)
def test_a_documented_command_is_run_by_a_test_that_there_is(command: str) -> None:
    file, _, test = RUN_BY[shown_by(command)].partition("::")
    assert names_in(ROOT / file) if test else (ROOT / file).is_file()
    assert not test or test in names_in(ROOT / file)


def test_nothing_is_said_to_be_run_that_is_not_documented() -> None:
    assert {shown_by(each) for each in DOCUMENTED} == set(RUN_BY)


@pytest.mark.parametrize("command", [each for each in DOCUMENTED if each.split()[0] in PROGRAMS])
def test_a_documented_command_is_understood_with_its_options(command: str) -> None:
    program, *words = shlex.split(command)
    result = CliRunner().invoke(PROGRAMS[program], [*words, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", [each for each in DOCUMENTED if each.startswith("make ")])
def test_a_target_of_make_is_there(command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_command_of_deploy_sh_is_one_of_its_own() -> None:
    # Its packages are not there where only the bridge is tested, so it is read, not run.
    script = (ROOT / "infra" / "deploy" / "cli.py").read_text(encoding="utf-8")
    for command in DOCUMENTED:
        program, *words = command.split()
        if program == "./deploy.sh" and words and not words[0].startswith("-"):
            assert re.search(rf'"{words[0]}"|^def {words[0]}\(', script, re.MULTILINE), command
