"""The command `bridge` as its user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from tests.bridge.test_configuration import SMALLEST
from tests.documents import DOCS

BRIDGE = [sys.executable, "-m", "bridge"]


def bridge(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "BRIDGE_CONFIG"}
    return subprocess.run(
        [*BRIDGE, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**inherited, **environ},
    )


def test_given_version_when_asked_then_it_is_told() -> None:
    result = bridge("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"bridge {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--help"],
            ["Usage: bridge", "run", "Run the routes", "Exit codes: 0 done, 1 failed, 2 bad usage"],
        ),
        (["check", "--help"], ["--json", "Nothing is sent, received or written", "warnings alone are 0"]),
        (
            ["run", "--help"],
            [
                "Run every route",
                "--dry-run",
                "--config FILE",
                "BRIDGE_CONFIG",
                "second Ctrl-C",
                "one a line",
                "stderr",
            ],
        ),
    ],
)
def test_given_help_when_asked_then_it_says_how(arguments: list[str], words: list[str]) -> None:
    result = bridge(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    plain = " ".join(result.stdout.split())
    assert [word for word in words if word not in plain] == []


def test_the_help_is_the_documented_one() -> None:
    assert bridge("--help").stdout.strip() in (DOCS / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["check"], ["check", "--json"], ["run", "--dry-run"]])
def test_given_mistakes_when_it_only_looks_then_it_exits_with_2_too(command: list[str]) -> None:
    result = bridge(*command, BRIDGE_CONFIG=SMALLEST.replace("bucket", "buckt"))
    assert (result.returncode, result.stdout) == (2, "")
    assert "dead_letters.buckt: is not a known key: write bucket" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["rum"], ["run", "--confg", "x"], ["run", "--config"], ["run", "x"], []]
)
def test_given_bad_usage_when_run_then_it_exits_with_2(arguments: list[str]) -> None:
    result = bridge(*arguments)
    assert result.returncode == 2
    assert "Usage: bridge" in result.stdout + result.stderr or "requires an argument" in result.stderr
    assert "Traceback" not in result.stderr


def test_given_mistakes_when_run_then_each_is_a_line_on_stderr_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    text = (
        SMALLEST.replace("name: QM1", "name: ${QM}").replace("channel", "chanel").replace("bucket", "buckt")
    )
    file.write_text(text + "password: hunter2\noffload: 256KB\n")
    result = bridge("run", "--config", str(file))
    assert result.returncode == 2
    assert result.stdout == ""
    assert (
        result.stderr.replace(str(file), "bridge.yaml")
        == """\
bridge.yaml:1: queue_manager.channel: is missing: add channel: BRIDGE.SVRCONN
bridge.yaml:2: queue_manager.name: the environment variable QM is not set: set it, or write $${QM} to mean \
the text itself
bridge.yaml:4: queue_manager.chanel: is not a known key: write channel
bridge.yaml:5: dead_letters.bucket: is missing: add bucket: orders-dead-letters
bridge.yaml:5: dead_letters.buckt: is not a known key: write bucket
bridge.yaml:8: password: does not belong in this file: keep it in the secret or the directory that \
queue_manager.credentials names
bridge.yaml:9: offload: is not a mapping: write its keys beneath it, indented: bucket, threshold, always, \
read_from, maximum_size, delete_after_delivery
"""
    )


@pytest.mark.parametrize(
    ("environ", "arguments", "words"),
    [
        ({}, [], "bridge: no configuration is given: use --config FILE, or set BRIDGE_CONFIG to the text\n"),
        ({"BRIDGE_CONFIG": ""}, [], "BRIDGE_CONFIG: is empty: set it to the"),
        ({"BRIDGE_CONFIG": "- a\n"}, [], "BRIDGE_CONFIG:1: the document: is not a mapping: "),
        (
            {"BRIDGE_CONFIG": "a: 'b\n"},
            [],
            "BRIDGE_CONFIG:1: the document: is not YAML, the quote opened here",
        ),
        ({"BRIDGE_CONFIG": SMALLEST}, ["--config", "nowhere.yaml"], "nowhere.yaml: there is no such file: "),
        ({"BRIDGE_CONFIG": SMALLEST}, ["--config", "/"], "/: is a directory: name the YAML file in it"),
        ({"BRIDGE_CONFIG": SMALLEST}, ["--config", ""], ".: is a directory: name the YAML file in it"),
        ({"BRIDGE_CONFIG": "a: !!python/object:os.system {}"}, [], "BRIDGE_CONFIG:1: a: the tag !!python"),
        ({"BRIDGE_CONFIG": SMALLEST + "offload: 😀\n"}, [], "BRIDGE_CONFIG:8: offload: is not a mapping"),
    ],
)
def test_given_no_right_configuration_when_run_then_it_exits_with_2_and_says_why(
    environ: dict[str, str], arguments: list[str], words: str
) -> None:
    result = bridge("run", *arguments, **environ)
    assert result.returncode == 2
    assert result.stdout == ""
    assert any(line.startswith(words.rstrip("\n")) for line in result.stderr.splitlines())
    assert "Traceback" not in result.stderr


def test_given_the_console_script_when_run_then_it_is_the_same_command() -> None:
    script = "import sys; from bridge.cli import main; sys.argv = ['bridge', 'run']; main()"
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("bridge: no configuration is given")


# A port of this machine's that nothing listens on: the bridge goes on trying, until it is told to stop.
AWAY = SMALLEST.replace("localhost(1414)", "127.0.0.1(1)") + "http: {port: 0}\n"
AWS = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.mark.parametrize("received", [signal.SIGTERM, signal.SIGINT])
def test_given_a_queue_manager_that_is_away_when_told_to_stop_then_it_ends_with_0(
    received: signal.Signals,
) -> None:
    environ = {**os.environ, **AWS, "BRIDGE_CONFIG": AWAY}
    with subprocess.Popen(
        [*BRIDGE, "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["event"], first["routes"]) == ("configuration_loaded", ["orders-out"])
        process.send_signal(received)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert "Traceback" not in out + err
    assert all(json.loads(line)["timestamp"] for line in out.splitlines())
