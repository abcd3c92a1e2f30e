"""The log as whoever reads it sees it: one JSON object a line, and nothing that should not be there."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import Any

CANARY = "hunter2"

PROGRAM = """
import logging, sys, warnings
from pathlib import Path
import structlog
from bridge import log
from bridge.credentials import Credentials

log.configure()
logger = structlog.get_logger("bridge.pump")
"""


def lines(body: str) -> list[dict[str, Any]]:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM + body], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_given_an_event_when_logged_then_it_is_one_json_line_with_time_level_and_event_first() -> None:
    (line,) = lines('logger.info("delivered", route="orders-out", count=10, seconds=0.25)')
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "delivered",
        "route": "orders-out",
        "count": 10,
        "seconds": 0.25,
    }


def test_given_context_bound_to_a_thread_when_logged_then_it_is_in_the_line() -> None:
    (line,) = lines('structlog.contextvars.bind_contextvars(route="orders-in")\nlogger.warning("waiting")')
    assert (line["route"], line["level"]) == ("orders-in", "warning")


def test_given_the_libraries_when_they_log_then_warnings_are_folded_in_and_the_rest_is_left_out() -> None:
    found = lines("""
logging.getLogger("botocore.retries").info("too much")
logging.getLogger("urllib3.connectionpool").warning("Retrying (%s)", "Retry(total=2)")
logging.getLogger("bridge.mq").info("ours, by the standard library")
logger.debug("too fine")
warnings.warn("old", DeprecationWarning)
""")
    assert [(line["level"], line["event"].split("\n")[0], line["logger"]) for line in found[:2]] == [
        ("warning", "Retrying (Retry(total=2))", "urllib3.connectionpool"),
        ("info", "ours, by the standard library", "bridge.mq"),
    ]
    assert all("timestamp" in line for line in found)


def test_given_an_exception_when_logged_then_the_traceback_is_in_its_line_without_local_variables() -> None:
    (line,) = lines(f"""
def work():
    password = "{CANARY[:3]}" + "{CANARY[3:]}"
    return 1 / len(password[100:])
try:
    work()
except ZeroDivisionError:
    logger.exception("failed", route="orders-out")
""")
    assert "ZeroDivisionError: division by zero" in line["exception"]
    assert CANARY not in json.dumps(line)


def test_given_bytes_and_objects_when_logged_then_only_their_kind_is_said() -> None:
    (line,) = lines(f"""
class Message:
    def __repr__(self): return "{CANARY}"
logger.info("odd", body=b"{CANARY}", message=Message(), path=Path("/a/b"),
            many=[b"xy", 1, {{"k": Message()}}], error=ValueError("plain words"), none=None,
            secret=Credentials(user="u", password="{CANARY}"))
""")
    del line["timestamp"]
    assert line == {
        "level": "info",
        "event": "odd",
        "body": "<7 bytes>",
        "message": "<Message>",
        "path": "/a/b",
        "many": ["<2 bytes>", 1, {"k": "<Message>"}],
        "error": "plain words",
        "none": None,
        "secret": "<Credentials>",
    }


def test_given_line_ends_in_a_value_when_logged_then_it_is_still_one_line() -> None:
    (line,) = lines('logger.info("one\\ntwo", route="a\\nb\\u2028c")')
    assert (line["event"], line["route"]) == ("one\ntwo", "a\nb\u2028c")


def test_given_a_terminal_when_logged_then_a_person_can_read_it() -> None:
    terminal, other_end = pty.openpty()
    body = f"""
def work():
    password = "{CANARY[:3]}" + "{CANARY[3:]}"
    return 1 / len(password[100:])
logger.info("delivered", route="orders-out")
try:
    work()
except ZeroDivisionError:
    logger.exception("failed")
"""
    with subprocess.Popen([sys.executable, "-c", PROGRAM + body], stdout=other_end) as process:
        os.close(other_end)
        shown = b""
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.wait(60) == 0
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    assert not text.startswith("{")
    assert re.search(r"\[info\s*\] delivered\s+route=orders-out", text)
    assert "ZeroDivisionError" in text
    assert CANARY not in text
