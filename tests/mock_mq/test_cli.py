"""The command `mock-mq` as its user types it."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mock_mq.running import RunningQueueManager
from tests.fixtures.certificates import Certificates

MOCK_MQ = [sys.executable, "-m", "mock_mq"]
EVERY_BYTE = bytes(range(256))
QUEUE = "DEV.QUEUE.1"


def _environment(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "MOCK_MQ_PASSWORD"} | environ


def mock_mq(
    *arguments: str, stdin: bytes | None = None, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*MOCK_MQ, *arguments],
        capture_output=True,
        input=stdin,
        timeout=60,
        check=False,
        env=_environment(environ),
    )


@dataclass
class Served:
    """A running `mock-mq serve` and how it is reached."""

    process: subprocess.Popen[str]
    first_line: str

    @property
    def port(self) -> str:
        return self.first_line.rpartition(":")[2].strip()

    def __call__(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
        return mock_mq(command, *arguments, "--port", self.port, stdin=None, **environ)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """The exit code and what was logged."""
        self.process.send_signal(how)
        _, logged = self.process.communicate(timeout=30)
        return self.process.returncode, logged


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as running:

        def start(*arguments: str, **environ: str) -> Served:
            process = running.enter_context(
                subprocess.Popen(
                    [*MOCK_MQ, "serve", "--port", "0", *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=_environment(environ),
                )
            )
            running.callback(process.kill)
            assert process.stdout is not None
            return Served(process, process.stdout.readline())

        yield start


def _at(queue_manager: RunningQueueManager) -> list[str]:
    return ["--port", str(queue_manager.port)]


def _one_line(result: subprocess.CompletedProcess[bytes], code: int = 1) -> str:
    """What a command that failed has to say."""
    assert (result.returncode, result.stdout) == (code, b"")
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("mock-mq: ")
    return line


def test_given_a_served_queue_manager_when_used_then_messages_come_back_until_it_is_stopped(
    serve: Serve,
) -> None:
    served = serve("--queue", "ORDERS.OUT", "--queue", "TEST.*", "--queue-manager", "ACME")
    assert re.fullmatch(r"mock-mq: ACME listening on 127\.0\.0\.1:\d+\n", served.first_line)
    for queue in ("ORDERS.OUT", "TEST.ANY", "DEV.QUEUE.3"):
        assert served("put", queue, "héllo").returncode == 0
        assert served("depth", queue).stdout == b"1\n"
        assert served("get", queue).stdout == "héllo".encode()
        assert served("depth", queue).stdout == b"0\n"
    code, logged = served.stop()
    assert code == 0
    assert "Traceback" not in logged


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_given_a_client_that_waits_when_the_server_is_told_to_stop_then_both_end_plainly(
    serve: Serve, how: signal.Signals
) -> None:
    served = serve()
    waiting = subprocess.Popen(
        [*MOCK_MQ, "get", QUEUE, "--wait", "60", "--port", served.port], stderr=subprocess.PIPE, text=True
    )
    assert served.process.stderr is not None
    assert "connected" in served.process.stderr.readline()
    assert served.stop(how)[0] == 0
    _, told = waiting.communicate(timeout=30)
    assert waiting.returncode == 1
    # The first where MQGET was waiting by then.
    assert re.search("2162 MQRC_Q_MGR_STOPPING|2009 MQRC_CONNECTION_BROKEN", told)
    assert len(told.splitlines()) == 1


def test_given_users_when_served_then_only_they_connect_and_passwords_are_told_nowhere(serve: Serve) -> None:
    served = serve("--user", "app", "--user", "bob:hunter3", MOCK_MQ_PASSWORD="hunter2")
    assert served("depth", QUEUE, "--user", "app", MOCK_MQ_PASSWORD="hunter2").stdout == b"0\n"
    assert served("depth", QUEUE, "--user", "bob", "--password", "hunter3").stdout == b"0\n"
    for refused in (
        served("depth", QUEUE, "--user", "app", MOCK_MQ_PASSWORD="hunter3"),
        served("depth", QUEUE),
    ):
        line = _one_line(refused)
        assert "2035 MQRC_NOT_AUTHORIZED" in line
        assert "MOCK_MQ_PASSWORD" in line
    assert "hunter" not in served.stop()[1]


def test_given_mutual_tls_when_served_then_only_a_trusted_certificate_gets_in(
    serve: Serve, certificates: Certificates, other_certificates: Certificates
) -> None:
    served = serve(
        *("--tls-cert", str(certificates.server_certificate), "--tls-key", str(certificates.server_key)),
        *("--tls-ca", str(certificates.ca), "--require-client-cert"),
    )

    def depth(ca: Certificates, own: Certificates | None) -> subprocess.CompletedProcess[bytes]:
        files = ["--tls-ca", str(ca.ca)]
        if own:
            files += ["--tls-cert", str(own.client_certificate), "--tls-key", str(own.client_key)]
        return served("depth", QUEUE, *files)

    assert depth(certificates, certificates).stdout == b"0\n"
    assert "2393" in _one_line(depth(other_certificates, certificates))
    _one_line(depth(certificates, None))
    _one_line(depth(certificates, other_certificates))
    _one_line(served("depth", QUEUE))


def test_given_tls_in_the_environment_when_served_then_it_is_mutual_and_leaves_no_file(
    serve: Serve, certificates: Certificates, tmp_path: Path
) -> None:
    content = {
        "certificate": certificates.server_certificate.read_text(),
        "private_key": certificates.server_key.read_text(),
        "ca": certificates.ca.read_text(),
    }
    served = serve(MOCK_MQ_TLS=json.dumps(content), TMPDIR=str(tmp_path))
    ca = ("--tls-ca", str(certificates.ca))
    own = ("--tls-cert", str(certificates.client_certificate), "--tls-key", str(certificates.client_key))
    assert served("depth", QUEUE, *ca, *own).stdout == b"0\n"
    _one_line(served("depth", QUEUE, *ca))
    _one_line(served("depth", QUEUE))
    assert [each.stat().st_mode & 0o077 for each in tmp_path.rglob("*")] == [0, 0, 0, 0]
    assert served.stop()[0] == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"certificate": "x", "private_key": "y"}'])
def test_given_tls_in_the_environment_that_is_none_when_served_then_it_says_so(content: str) -> None:
    line = _one_line(mock_mq("serve", "--port", "0", MOCK_MQ_TLS=content), 2)
    assert "MOCK_MQ_TLS: not JSON with certificate, private_key and ca" in line


def test_given_a_queue_manager_when_pinged_then_it_is_known_whether_something_listens(serve: Serve) -> None:
    served = serve()
    assert served("ping").returncode == 0
    code, logged = served.stop()
    assert (code, logged) == (0, "")
    assert "Connection refused" in _one_line(served("ping"))


def test_given_a_port_in_use_when_served_then_it_says_so(queue_manager: RunningQueueManager) -> None:
    line = _one_line(mock_mq("serve", *_at(queue_manager)))
    assert f"can't listen on 127.0.0.1:{queue_manager.port}: Address already in use" in line


def test_given_any_bytes_when_put_and_got_then_they_are_the_same(
    queue_manager: RunningQueueManager, tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(EVERY_BYTE)
    put = mock_mq("put", QUEUE, "--file", str(source), *_at(queue_manager))
    assert re.fullmatch(rb"414D5120514D31[0-9A-F]{34}\n", put.stdout)
    mock_mq("put", QUEUE, "--file", "-", *_at(queue_manager), stdin=EVERY_BYTE * 2)
    assert mock_mq("get", QUEUE, "--output", str(target), *_at(queue_manager)).returncode == 0
    assert target.read_bytes() == EVERY_BYTE
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert mock_mq("get", QUEUE, *_at(queue_manager)).stdout == EVERY_BYTE * 2


def test_given_nowhere_to_write_it_when_got_then_the_message_stays(
    queue_manager: RunningQueueManager, tmp_path: Path
) -> None:
    mock_mq("put", QUEUE, "precious", *_at(queue_manager))
    result = mock_mq("get", QUEUE, "--output", str(tmp_path / "not" / "there"), *_at(queue_manager))
    assert "No such file or directory" in _one_line(result)
    assert mock_mq("get", QUEUE, *_at(queue_manager)).stdout == b"precious"


def test_given_nobody_reads_it_when_got_then_the_message_stays(queue_manager: RunningQueueManager) -> None:
    mock_mq("put", QUEUE, "precious", *_at(queue_manager))
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [*MOCK_MQ, "get", QUEUE, *_at(queue_manager)],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (result.returncode, result.stderr) == (1, b"mock-mq: DEV.QUEUE.1: Broken pipe\n")
    assert mock_mq("get", QUEUE, *_at(queue_manager)).stdout == b"precious"


def test_given_nothing_there_when_got_then_it_says_so_and_when_waiting_it_takes_what_comes(
    queue_manager: RunningQueueManager,
) -> None:
    assert "2033 MQRC_NO_MSG_AVAILABLE" in _one_line(mock_mq("get", QUEUE, *_at(queue_manager)))
    with subprocess.Popen(
        [*MOCK_MQ, "get", QUEUE, "--wait", "60", *_at(queue_manager)], stdout=subprocess.PIPE
    ) as waiting:
        assert mock_mq("put", QUEUE, "at last", *_at(queue_manager)).returncode == 0
        assert waiting.communicate(timeout=60)[0] == b"at last"


def test_given_messages_when_browsed_then_a_table_tells_them_and_bodies_only_if_asked(
    queue_manager: RunningQueueManager,
) -> None:
    put = mock_mq("put", QUEUE, "hello [red]", *_at(queue_manager))
    mock_mq("put", QUEUE, "--file", "-", "--ccsid", "500", *_at(queue_manager), stdin=b"\x1b[2J\xff")
    message_id = put.stdout.decode().strip()

    lines = mock_mq("browse", QUEUE, *_at(queue_manager)).stdout.decode().splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["MsgId", "Format", "CCSID", "Length", "Put", "(GMT)"]
    assert lines[1].split()[:4] == [message_id, "MQSTR", "1208", "11"]
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", lines[1])
    assert lines[2].split()[1:3] == ["500", "5"]
    assert "hello" not in "".join(lines)

    lines = mock_mq("browse", QUEUE, "--body", *_at(queue_manager)).stdout.decode().splitlines()
    assert lines[1].rstrip().endswith("hello [red]")
    assert lines[2].rstrip().endswith("1b 5b 32 4a ff")
    assert len(mock_mq("browse", QUEUE, "--limit", "1", *_at(queue_manager)).stdout.splitlines()) == 2
    assert queue_manager.depth(QUEUE) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["put", "NO.SUCH", "x"], ["NO.SUCH", "2085 MQRC_UNKNOWN_OBJECT_NAME", "--queue"]),
        (["get", "NO.SUCH"], ["NO.SUCH", "2085"]),
        (["browse", "NO.SUCH"], ["NO.SUCH", "2085"]),
        (["depth", "NO.SUCH"], ["NO.SUCH", "2085"]),
        (["depth", QUEUE, "--channel", "NO.SUCH"], ["2540 MQRC_UNKNOWN_CHANNEL_NAME", "--channel"]),
        (["depth", QUEUE, "--queue-manager", "QM9"], ["2058 MQRC_Q_MGR_NAME_ERROR", "--queue-manager"]),
        (["put", QUEUE, "--file", "/no/such"], ["/no/such", "No such file"]),
    ],
)
def test_given_something_that_is_not_there_when_named_then_one_line_says_what_and_what_to_do(
    queue_manager: RunningQueueManager, arguments: list[str], words: list[str]
) -> None:
    line = _one_line(mock_mq(*arguments, *_at(queue_manager)))
    assert [word for word in words if word not in line] == []


def test_given_nobody_who_listens_when_connecting_then_it_says_how_to_start_one(
    queue_manager: RunningQueueManager,
) -> None:
    queue_manager.stop()
    line = _one_line(mock_mq("depth", QUEUE, *_at(queue_manager)))
    assert "2538 MQRC_HOST_NOT_AVAILABLE" in line
    assert "mock-mq serve" in line


@pytest.mark.parametrize("host", ["a..b", "no-such-host.invalid"])
@pytest.mark.parametrize("command", [["serve"], ["depth", QUEUE]])
def test_given_a_host_that_is_not_there_when_named_then_one_line_says_so(
    command: list[str], host: str
) -> None:
    assert host in _one_line(mock_mq(*command, "--host", host))


def test_given_a_user_that_mq_can_not_write_when_named_then_it_exits_with_2(
    queue_manager: RunningQueueManager,
) -> None:
    _one_line(mock_mq("depth", QUEUE, "--user", "用户", *_at(queue_manager)), code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["Usage: mock-mq"]),
        (["srve"], ["No such command"]),
        (["serve", "--port", "65536"], ["--port"]),
        (["serve", "--queue", "A B"], ["'A B'", "1 to 48"]),
        (["serve", "--channel", "C" * 21], ["1 to 20"]),
        (["serve", "--user", "app"], ["MOCK_MQ_PASSWORD"]),
        (["serve", "--user", ":secret"], ["NAME:PASSWORD"]),
        (["serve", "--tls-cert", __file__], ["--tls-key"]),
        (["serve", "--tls-ca", __file__], ["--tls-cert"]),
        (["serve", "--require-client-cert"], ["--tls-ca"]),
        (["serve", "--tls-cert", __file__, "--tls-key", __file__], ["PEM"]),
        (["put", QUEUE], ["TEXT", "--file"]),
        (["put", QUEUE, "x", "--file", "y"], ["TEXT", "--file"]),
        (["put", QUEUE, "x", "--format", "NINECHARS"], ["--format"]),
        (["get", QUEUE, "--wait", "-1"], ["--wait"]),
        (["depth", "Q" * 49], ["1 to 48"]),
        (["depth", QUEUE, "--tls-cert", __file__], ["--tls-key"]),
        (["depth", QUEUE, "--tls-ca", __file__], ["--tls-ca"]),
        (["depth", QUEUE, "--tls-ca", "/no/such"], ["/no/such"]),
    ],
)
def test_given_bad_usage_when_run_then_it_exits_with_2_and_says_what_would_be_right(
    arguments: list[str], words: list[str]
) -> None:
    result = mock_mq(*arguments)
    told = (result.stdout + result.stderr).decode()
    assert result.returncode == 2, told
    assert [word for word in words if word not in told] == []
    assert "Traceback" not in told
    assert "secret" not in told


def test_given_help_when_asked_then_it_says_how_to_keep_passwords_off_the_command_line() -> None:
    result = mock_mq("--help")
    plain = " ".join(result.stdout.decode().split())
    assert result.returncode == 0
    for word in ("serve", "put", "get", "browse", "depth", "MOCK_MQ_PASSWORD", "Exit codes"):
        assert word in plain
    assert "hunter2" not in mock_mq("put", "--help", MOCK_MQ_PASSWORD="hunter2").stdout.decode()
