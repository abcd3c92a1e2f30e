"""What `mock-mq serve --trace --pcap` writes: the same lines for the same calls, and what Wireshark reads."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from mock_mq.client.connection import Connection, Target
from mock_mq.constants import OpenOption
from mock_mq.errors import MQError
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor, ObjectDescriptor, PutMessageOptions
from tests.mock_mq.test_cli import Serve, mock_mq, serve

__all__ = ["serve"]
QUEUE, BODY, PASSWORD = "DEV.QUEUE.1", b"the body itself", "canary-in-the-password"


def converse(port: int, user: str = "app", password: str = PASSWORD) -> None:
    """A put, a get, and a get of nothing."""
    target = Target((("127.0.0.1", port),), "DEV.APP.SVRCONN", user=user, password=password)
    connection = Connection.connect(target)
    options = OpenOption.INPUT_SHARED | OpenOption.OUTPUT
    handle, _ = connection.open(ObjectDescriptor(object_name=QUEUE), options)
    connection.put(handle, MessageDescriptor(), PutMessageOptions(), BODY)
    connection.get(handle, MessageDescriptor(), GetMessageOptions(), 100)
    with pytest.raises(MQError):
        connection.get(handle, MessageDescriptor(), GetMessageOptions(), 100)
    connection.disconnect()


def traced(serve: Serve, tmp_path: Path, name: str) -> str:
    trace = tmp_path / name
    served = serve("--user", f"app:{PASSWORD}", "--trace", str(trace), "--masked")
    converse(int(served.port))
    served.stop()
    return trace.read_text()


def test_two_runs_of_the_same_calls_give_the_same_lines_when_masked(serve: Serve, tmp_path: Path) -> None:
    one, other = traced(serve, tmp_path, "one"), traced(serve, tmp_path, "other")
    assert one == other
    lines = one.splitlines()
    assert lines[0] == "[1] opened"
    assert "[1] <- MQGET_REPLY handle=2 cc=2 rc=2033 MQRC_NO_MSG_AVAILABLE" in one
    assert lines[-1] == "[1] closed"


def test_a_trace_has_times_and_addresses_and_neither_bodies_nor_passwords(
    serve: Serve, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    served = serve("--user", f"app:{PASSWORD}", "--trace", str(trace))
    converse(int(served.port))
    served.stop()
    text = trace.read_text()
    assert f"-> 127.0.0.1:{served.port}" in text.splitlines()[0]
    assert BODY.decode() not in text
    assert PASSWORD not in text
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600


def test_wireshark_reads_the_capture(serve: Serve, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("in CI Wireshark is never left out: install tshark")
        pytest.skip("tshark not found")
    capture = tmp_path / "capture.pcap"
    served = serve("--user", f"app:{PASSWORD}", "--pcap", str(capture))
    converse(int(served.port))
    served.stop()
    assert stat.S_IMODE(capture.stat().st_mode) == 0o600
    assert PASSWORD.encode() not in capture.read_bytes()
    assert BODY in capture.read_bytes()
    read = subprocess.run(
        ["tshark", "-r", str(capture), "-d", f"tcp.port=={served.port},mq"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for call in ("INITIAL_DATA", "MQCONN", "MQOPEN", "MQPUT", "MQGET", "MQDISC"):
        assert call in read
    assert "Malformed" not in read


def test_a_file_that_can_not_be_written_is_said_at_start(tmp_path: Path) -> None:
    ran = mock_mq("serve", "--port", "0", "--trace", str(tmp_path / "no" / "such" / "directory"))
    assert ran.returncode == 2
    assert ran.stderr.decode().startswith("mock-mq: ")
