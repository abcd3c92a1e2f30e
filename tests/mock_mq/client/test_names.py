"""Names that MQ has no letters for, or that are not there: a program connects all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.binding import Binding, load_binding
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from tests.mock_mq.client.program import Program, refused

PUT = """
import encodings.idna  # while it can still be read
import os
import sys
from bridge.binding import load_binding
binding = load_binding(sys.argv[1])
mq = binding.mq
definition = mq.CD(Version=11, ChannelName=sys.argv[2].encode(), ConnectionName=sys.argv[3].encode())
if sys.argv[4:]:
    os.setuid(int(sys.argv[4]))
connection = mq.QueueManager(None)
connection.connect_with_options("QM1", cd=definition)
connection.put1(b"DEV.QUEUE.1", b"body")
connection.disconnect()
"""
NOBODY = 54_321


def put(
    binding: Binding,
    queue_manager: RunningQueueManager,
    path: Path,
    *arguments: str,
    user: str | None = None,
) -> tuple[str, str]:
    """PutApplName and UserIdentifier of what a program in the file `path` puts, run by `user`."""
    path.write_text(PUT)
    names = {name: user for name in ("LOGNAME", "USER") if user is not None}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"LOGNAME", "USER", "LNAME", "USERNAME"}
    }
    where = [binding.name, queue_manager.channel, queue_manager.connection_name]
    done = subprocess.run(
        [sys.executable, str(path), *where, *arguments],
        env=inherited | names | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    program = Program(binding, queue_manager)
    md = program.get(program.open())[1]
    return md.PutApplName.strip(b" \0").decode("latin-1"), md.UserIdentifier.strip(b" \0").decode("latin-1")


def test_a_program_and_a_user_are_told_with_question_marks_for_letters_mq_lacks(
    binding: Binding, queue_manager: RunningQueueManager, tmp_path: Path
) -> None:
    names = put(binding, queue_manager, tmp_path / "zażółć.py", user="łódź")
    assert names == ("za?ó??.py", "?ód?")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without a name")
def test_a_containers_user_without_a_name_connects(
    binding: Binding, queue_manager: RunningQueueManager, tmp_path: Path
) -> None:
    assert put(binding, queue_manager, tmp_path / "nobody.py", str(NOBODY))[0] == "nobody.py"


def test_a_password_may_have_any_letters_and_a_user_those_of_mq(
    start_queue_manager: StartQueueManager,
) -> None:
    binding = load_binding("pymqi")  # ASCII is all that ibmmq takes
    queue_manager = start_queue_manager(users={"zoë": "zażółć", "łódź": "zażółć"})
    Program(binding, queue_manager, user="zoë", password="zażółć")
    for user, password in (("zoë", "zazolc"), ("łódź", "zażółć")):
        with refused(binding, 2035):
            Program(binding, queue_manager, user=user, password=password)
