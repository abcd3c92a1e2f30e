"""`mock-mq fault` and `mock-mq serve --define`, as their user types them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from mock_mq.client.connection import Connection, Target
from mock_mq.constants import OpenOption
from mock_mq.errors import MQError
from mock_mq.wire.structures import MessageDescriptor, ObjectDescriptor, PutMessageOptions
from tests.mock_mq.test_cli import Serve, Served, mock_mq, serve

__all__ = ["serve"]
QUEUE = "DEV.QUEUE.1"


def fault(served: Served, *arguments: str) -> str:
    ran = mock_mq("fault", *arguments, "--port", served.port)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.decode()


def connect(served: Served) -> Connection:
    return Connection.connect(Target((("127.0.0.1", int(served.port)),), "DEV.APP.SVRCONN"))


def put(connection: Connection) -> int:
    """The reason that an MQPUT is answered with; 0 for none."""
    handle, _ = connection.open(ObjectDescriptor(object_name=QUEUE), OpenOption.OUTPUT)
    try:
        connection.put(handle, MessageDescriptor(), PutMessageOptions(), b"body")
    except MQError as e:
        return e.reason
    return 0


def test_a_fault_is_set_shown_and_taken_back(serve: Serve) -> None:
    served = serve()
    connection = connect(served)
    number = fault(served, "add", "fail", "--call", "MQPUT", "--queue", "DEV.*", "--reason", "2053").strip()
    assert put(connection) == 2053
    listed = fault(served, "list").splitlines()
    rule = "call=MQPUT queue=DEV.* reason=2053"
    assert re.split(r"\s{2,}", listed[1].strip()) == [number, "fail", rule, "1"]
    fault(served, "remove", number)
    assert put(connection) == 0
    assert len(fault(served, "list").splitlines()) == 1


def test_faults_are_cleared(serve: Serve) -> None:
    served = serve()
    fault(served, "add", "drop", "--call", "MQPUT")
    fault(served, "clear")
    assert put(connect(served)) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "fail"], "fail needs a reason"),
        (["add", "fail", "--reason", "1"], "reason 1 is none that is known here"),
        (["add", "delay"], "delay needs seconds"),
        (["add", "drop", "--nth", "1", "--every", "2"], "nth and every exclude each other"),
        (["remove", "7"], "there is no fault 7"),
    ],
)
def test_a_fault_that_can_not_be_is_refused_in_one_line(
    serve: Serve, arguments: list[str], told: str
) -> None:
    served = serve()
    ran = mock_mq("fault", *arguments, "--port", served.port)
    (line,) = ran.stderr.decode().splitlines()
    assert ran.returncode == 1
    assert line.startswith("mock-mq: ")
    assert told in line


def test_the_queue_manager_is_stopped_and_comes_again(serve: Serve) -> None:
    served = serve()
    connection = connect(served)
    assert put(connection) == 0
    fault(served, "stop", "--seconds", "0")
    with contextlib.suppress(MQError):
        while True:
            connection.commit()
    again = None
    while again is None:
        with contextlib.suppress(MQError):  # not started yet
            again = connect(served)
    again.commit()
    ran = served("browse", QUEUE)
    assert ran.stdout.decode().count("\n") == 1  # the heading: what was not persistent is gone


def test_what_files_define_is_there_faults_too(serve: Serve, tmp_path: Path) -> None:
    yaml, mqsc = tmp_path / "qm.yaml", tmp_path / "more.mqsc"
    yaml.write_text("queues: [ORDERS]\nfaults:\n  - {do: fail, call: MQPUT, queue: DEV.*, reason: 2053}\n")
    mqsc.write_text("DEFINE QLOCAL(SMALL) MAXDEPTH(0)\n")
    served = serve("--define", str(yaml), "--define", str(mqsc))
    assert served("browse", "ORDERS").returncode == 0
    assert b"2053" in mock_mq("put", "SMALL", "x", "--port", served.port).stderr
    assert put(connect(served)) == 2053


def test_a_file_that_can_not_be_followed_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "qm.mqsc"
    file.write_text("\nDEFINE QLOCAL(A) COLOUR(RED)\n")
    ran = mock_mq("serve", "--port", "0", "--define", str(file))
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert f"{file}: line 2: COLOUR is no attribute known here" in ran.stderr.decode()
