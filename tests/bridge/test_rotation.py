"""New credentials are for a process without connections; until there is none the old ones stay in use."""

from __future__ import annotations

import resource
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.access import Access
from bridge.assembly import make_key_repository
from bridge.binding import Binding
from bridge.credentials import Credentials, from_directory
from bridge.errors import Stop
from bridge.gate import Gate
from bridge.key_repository import KeyRepository
from bridge.mq_connection import MqConnection
from bridge.rotation import Rotation
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.server import TLS
from tests.bridge.mq_ends import settings
from tests.bridge.test_supervisor import configured
from tests.fixtures.bridge import eventually
from tests.fixtures.certificates import Certificates

WITHIN = 10.0


@pytest.fixture
def old(certificates: Certificates) -> Credentials:
    return from_directory(certificates.bridge_directory)


@pytest.fixture
def new(certificates: Certificates, other_certificates: Certificates) -> Credentials:
    """Another client's, of another CA; the queue manager's own is as before."""
    return Credentials(
        certificate=other_certificates.client_certificate.read_text(),
        private_key=other_certificates.client_key.read_text(),
        ca=certificates.ca.read_text(),
    )


@pytest.fixture
def access(old: Credentials) -> Iterator[Access]:
    made = Access(old, KeyRepository(old))
    yield made
    made.close()


def test_while_a_connection_can_not_be_ended_the_old_credentials_stay_for_the_new_would_not_be_used(
    binding: Binding,
    access: Access,
    old: Credentials,
    new: Credentials,
    certificates: Certificates,
    other_certificates: Certificates,
    start_queue_manager: StartQueueManager,
) -> None:
    lenient, strict = (
        start_queue_manager(
            tls=TLS(
                certificates.server_certificate, certificates.server_key, ca, require_client_certificate=True
            )
        )
        for ca in (certificates.ca, other_certificates.ca)
    )
    by_old, by_new = (
        MqConnection(
            binding, settings(each, cipher_spec="ANY_TLS12_OR_HIGHER", credentials="file:/any"), access
        )
        for each in (lenient, strict)
    )
    rotation = Rotation(
        lambda: new, lambda found: KeyRepository(found) if found else None, access, Gate(), every=1
    )
    by_old.connect()
    lenient.fault("fail", call="MQBACK", reason=2102, times=1)
    by_old.close()
    old_file = access.keys.path if access.keys else Path()
    with capture_logs() as logs:
        rotation.look()
    assert [each["event"] for each in logs] == ["credentials_change_waits"]
    assert "does not back out" in logs[0]["reason"]
    assert access.credentials == old
    assert old_file.exists()
    by_old.close()
    with capture_logs() as logs:
        rotation.look()
    assert [each["event"] for each in logs] == ["credentials_changed"]
    assert not old_file.parent.exists()
    by_new.connect()
    by_new.close()


def test_who_has_not_let_go_is_named_and_who_has_goes_on_when_the_gate_opens() -> None:
    gate, stop = Gate(), threading.Event()
    hangs, passed = threading.Event(), threading.Event()
    ready = threading.Barrier(3)

    def hang() -> None:
        with gate.user():
            ready.wait(WITHIN)
            hangs.wait(WITHIN)

    def come() -> None:
        with gate.user():
            ready.wait(WITHIN)
            let_go = threading.Event()
            while not let_go.is_set():
                assert gate.pass_through(let_go.set, stop)
            passed.set()

    threads = [threading.Thread(target=work, name=work.__name__) for work in (hang, come)]
    for thread in threads:
        thread.start()
    ready.wait(WITHIN)
    with gate.closed(within=0.5) as late:
        assert late == ["hang"]
    assert passed.wait(WITHIN)
    hangs.set()
    for thread in threads:
        thread.join(WITHIN)
    with gate.closed(within=WITHIN) as late:
        assert late == []


def test_told_to_stop_at_the_gate_a_route_connects_no_more() -> None:
    gate, stop = Gate(), threading.Event()
    answers: list[bool] = []
    at_the_gate = threading.Event()

    def route() -> None:
        with gate.user():
            answers.append(gate.pass_through(at_the_gate.set, stop))

    thread = threading.Thread(target=route)
    # Closed by a rotation that waits for this one.
    closing = threading.Thread(target=lambda: _hold_closed(gate, stop))
    with gate.user():
        closing.start()
        eventually(lambda: gate.or_closing(stop).is_set(), within=WITHIN)
        thread.start()
        assert at_the_gate.wait(WITHIN)
        stop.set()
        thread.join(WITHIN)
    closing.join(WITHIN)
    assert answers == [False]


def _hold_closed(gate: Gate, stop: threading.Event) -> None:
    with gate.closed(within=WITHIN):
        assert stop.is_set()


def test_an_error_that_nobody_thought_of_does_not_end_the_looking_and_is_not_quoted(
    access: Access, new: Credentials
) -> None:
    stop = threading.Event()
    errors = [ValueError("canary-4f1d9c")]

    def read() -> Credentials:
        if errors:
            raise errors.pop()
        stop.set()
        return new

    with capture_logs() as logs:
        Rotation(read, lambda _: KeyRepository(new), access, Gate(), every=0.01).run(stop)
    assert [each["event"] for each in logs] == ["credentials_not_read", "credentials_changed"]
    assert "canary" not in str(logs)


def test_without_a_place_for_the_key_repository_it_is_said_what_to_do_and_nothing_is_left(
    old: Credentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_queue_manager: StartQueueManager
) -> None:
    configuration = configured(
        start_queue_manager(),
        "bucket",
        {"name": "out", "from": {"mq": "DEV.QUEUE.1"}, "to": {"sqs": "some-queue"}},
        credentials="secretsmanager:any",
        cipher_spec="ANY_TLS12_OR_HIGHER",
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(Stop, match=r"can't be written \(File too large\): name another directory"):
            make_key_repository(configuration, old)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(Stop, match=r"can't be written \(No such file or directory\)"):
        make_key_repository(configuration, old)
