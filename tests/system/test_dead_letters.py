"""`bridge dead-letters list`, `show` and `export`, what is typed wrong, and what a terminal is shown."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.documents import ROOT
from tests.fixtures.aws import Aws
from tests.system.ends import CANARY, OUT, read
from tests.system.operator import Operator, message, of_id, set_aside

NOW = datetime.now(UTC)


@pytest.fixture
def bucket(aws: Aws) -> str:
    return aws.make_bucket()


@pytest.fixture
def queue(aws: Aws) -> str:
    return aws.make_queue()


@pytest.fixture
def operator(aws: Aws, bucket: str, queue: str, tmp_path: Path) -> Operator:
    return Operator(
        tmp_path, bucket, [{"name": "out", "from": {"mq": OUT}, "to": {"sqs": aws.queue_arn(queue)}}]
    )


def in_terminal(operator: Operator, *arguments: str, answer: str = "") -> tuple[int, str]:
    """Exit code and all that the terminal showed."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        operator.command(*arguments),
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"COLUMNS": "100", "TERM": "xterm"},
    ) as process:
        os.close(its)
        os.write(ours, answer.encode())
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # how Linux says that nobody has it open any more
            pass
    os.close(ours)
    return process.returncode, shown.decode()


def test_letters_are_listed_for_scripts_and_shown_without_their_body(operator: Operator, bucket: str) -> None:
    secret = f"{CANARY} \x1b[2J é".encode()
    old, new = (
        set_aside(bucket, "out", [message(number, secret)], NOW - timedelta(days=days))[0]
        for number, days in ((1, 4), (2, 0))
    )
    lines = operator.run("list", "--since", "3d")
    head, line = lines.stdout.splitlines()
    row = dict(zip(head.split("\t"), line.split("\t"), strict=True))
    assert (lines.returncode, lines.stderr) == (0, "1 letter to be replayed, 0 damaged\n")
    assert row == {
        "when": f"{NOW:%Y-%m-%dT%H:%M:%S+00:00}",
        "route": "out",
        "attempts": "3",
        "size": str(len(secret)),
        "message_id": (3).to_bytes(24, "big").hex(),
        "letter": new,
        "reason": "sqs:somewhere: refused",
    }
    objects = [json.loads(each) for each in operator.run("list", "--json").stdout.splitlines()]
    assert [(each["letter"], each["state"]) for each in objects] == [(old, "waiting"), (new, "waiting")]

    shown = operator.run("show", f"s3://{bucket}/{new}")
    words = " ".join(shown.stdout.split())
    for told in ("route out", "source id source-2", "format MQSTR", "colour (string) blue", "replays none"):
        assert told in words
    assert CANARY not in lines.stdout + shown.stdout + shown.stderr
    # A terminal is not to do what a body says.
    assert f"{CANARY} \\x1b[2J é" in operator.run("show", new, "--body", "text").stdout
    assert f"00000000  {secret[:4].hex()} " in operator.run("show", new, "--body", "hex").stdout
    several = operator.run("show", "out/")
    assert (several.returncode, several.stdout) == (2, "")
    assert f"several begin so, {old} for one" in " ".join(several.stderr.split())


def test_letters_are_exported_byte_for_byte_and_what_is_there_is_left_alone(
    aws: Aws, operator: Operator, bucket: str, tmp_path: Path
) -> None:
    body = bytes(range(256))
    one, two, damaged = set_aside(bucket, "out", [message(n, body + bytes([n])) for n in range(3)])
    aws.s3.delete_object(Bucket=bucket, Key=f"{damaged}/body")
    aws.s3.put_object(Bucket=bucket, Key="elsewhere/../body", Body=b"x")
    directory = tmp_path / "letters"
    first = operator.run("export", str(directory))
    assert (first.returncode, first.stdout) == (1, "2 letters exported, 0 there already, 2 damaged\n")
    assert f"{damaged}: damaged: the body is missing" in first.stderr
    for prefix in (one, two):
        for name in ("body", "letter.json"):
            assert (directory / prefix / name).read_bytes() == aws.object(bucket, f"{prefix}/{name}")
    written = sorted(each for each in directory.rglob("*") if each.is_file())
    assert {each.stat().st_mode & 0o777 for each in written} == {0o600}
    assert {each.stat().st_mode & 0o777 for each in directory.rglob("*") if each.is_dir()} == {0o700}
    assert len(written) == 5

    (directory / one / "body").write_bytes(b"cut off")
    again = operator.run("export", str(directory), one, two)
    assert (again.returncode, again.stdout) == (0, "1 letter exported, 1 there already, 0 damaged\n")
    assert (directory / one / "body").read_bytes() == body + b"\0"


def test_what_is_typed_wrong_or_not_there_is_a_line_and_no_traceback(operator: Operator, bucket: str) -> None:
    replay = ("replay", "--yes")
    mistakes: dict[tuple[str, ...], tuple[int, str]] = {
        ("list", "--since", "yesterday"): (2, "'yesterday' is no time: write 2h, 3d or 45m"),
        ("list", "s3://another/x"): (2, f"s3://another/x: the dead letters are in s3://{bucket}/"),
        ("list", ""): (2, "a letter's name is empty"),
        ("show", "in/2026"): (1, "bridge: in/2026: there is no such letter"),
        ("export", "/dev/null/x"): (1, "bridge: /dev/null/x: Not a directory"),
        replay: (2, "which letters? Name some, or use --route"),
        (*replay, "--all", "--to", "nowhere"): (2, "the configuration has no such route: choose out"),
        ("replay", "--all"): (2, "there is no terminal to ask at: use --yes"),
        (*replay, "--route", "none"): (0, ""),
    }
    set_aside(bucket, "out", [message(1)])
    running = {arguments: operator.start(*arguments) for arguments in mistakes}
    for arguments, (code, words) in mistakes.items():
        out, err = running[arguments].communicate(timeout=60)
        said = " ".join(err.split())
        assert (running[arguments].returncode, words in said) == (code, True), (arguments, out, err)
        assert "Traceback" not in err
    operator.bucket = "no-such-bucket-at-all"
    for command in (("list",), (*replay, "--all")):
        ran = operator.run(*command)
        assert ran.returncode == 1
        assert ran.stderr.startswith("bridge: s3://no-such-bucket-at-all: refused with NoSuchBucket")


def test_a_terminal_is_shown_a_table_asked_and_shown_how_far_it_is(
    aws: Aws, operator: Operator, bucket: str, queue: str
) -> None:
    [letter] = set_aside(bucket, "out", [message(1)])
    code, shown = in_terminal(operator, "list")
    assert code == 0
    assert "out: sqs:somewhere: refused" in shown
    assert letter in shown
    code, shown = in_terminal(operator, "replay", "--route", "out", answer="n\n")
    assert (code, "Replay 1 letter? [y/N]" in shown, "nothing was sent" in shown) == (1, True, True)
    assert aws.counts(queue) == (0, 0)
    code, shown = in_terminal(operator, "replay", "--route", "out", answer="y\n")
    assert (code, "1/1" in shown, "1 sent" in shown) == (0, True, True)
    assert [each["Body"] for each in read(aws, queue, 1)] == ["body 1"]
    code, shown = in_terminal(operator, "list", "--replayed")
    assert (code, letter in shown, "0 letters to be replayed" in shown) == (0, True, True)


def test_each_documented_command_does_what_it_is_there_for(
    aws: Aws, operator: Operator, bucket: str, queue: str, tmp_path: Path
) -> None:
    typed = [
        shlex.split(line.partition("  #")[0])[2:]
        for name in ("docs/operations.md", "README.md")
        for line in re.findall(
            r"^    (bridge dead-letters .*)$", (ROOT / name).read_text("utf-8"), re.MULTILINE
        )
    ]
    assert {each[0] for each in typed} == {"list", "show", "replay", "export"}
    to = {"sqs": aws.queue_arn(queue)}
    operator.routes = [
        {"name": each, "from": {"mq": each.replace("-", ".")}, "to": to}
        for each in ("orders-out", "orders-large")
    ]
    old = of_id(b"AMQ QM1".ljust(24, b"1"))
    set_aside(bucket, "orders-out", [old], datetime(2026, 2, 3, 4, tzinfo=UTC))
    set_aside(bucket, "orders-out", [message(1)])
    for arguments in typed:
        # There is no terminal here to ask at.
        asked = ["--yes"] if arguments[0] == "replay" and "--yes" not in arguments else []
        where = [str(tmp_path / each) if each == "letters" else each for each in arguments]
        ran = operator.run(*where, *asked)
        assert ran.returncode == 0, (arguments, ran.stderr)
    assert len(list((tmp_path / "letters").rglob("letter.json"))) == 1
    assert sorted(each["Body"] for each in aws.read_all(queue)) == ["body 0", "body 1"]
