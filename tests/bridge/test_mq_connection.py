"""Connecting to a queue manager, on both bindings: TLS both ways, credentials, nothing left behind."""

from __future__ import annotations

import contextlib
import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

import pytest

from bridge.access import Access
from bridge.binding import Binding
from bridge.credentials import Credentials, from_directory
from bridge.errors import Away
from bridge.key_repository import KeyRepository
from bridge.message import Message
from bridge.mq_connection import MqConnection
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.bridge.mq_ends import QUEUE, connections_to, settings, sink, source
from tests.fixtures.certificates import Certificates

ANY_TLS = "ANY_TLS12_OR_HIGHER"
TLS_HANDSHAKE = 0x16


class Offering:
    """What is no queue manager, but offers TLS as `context` says, or none; notes what it is sent.

    `first_bytes` is how each connection began, as it came; `read` what came through TLS.
    """

    name, channel = "QM1", "DEV.APP.SVRCONN"

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.first_bytes: list[bytes] = []
        self.read: list[bytes] = []
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connection_name = f"127.0.0.1({self._listener.getsockname()[1]})"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                with accepted, contextlib.suppress(OSError):
                    self.first_bytes.append(accepted.recv(3, socket.MSG_PEEK))
                    if self._context is None:
                        accepted.sendall(b"TSH \0\0\0\x1c")
                        continue
                    with self._context.wrap_socket(accepted, server_side=True) as secured:
                        if received := secured.recv(1000):
                            self.read.append(received)


@pytest.fixture
def secure(start_queue_manager: StartQueueManager, certificates: Certificates) -> RunningQueueManager:
    """A queue manager that lets in whoever has a certificate of the same CA."""
    return start_queue_manager(
        tls=TLS(
            certificates.server_certificate,
            certificates.server_key,
            certificates.ca,
            require_client_certificate=True,
        )
    )


@pytest.fixture(scope="session")
def keys(certificates: Certificates) -> Iterator[KeyRepository]:
    with KeyRepository(from_directory(certificates.bridge_directory)) as made:
        yield made


def connected(
    binding: Binding,
    queue_manager: RunningQueueManager,
    *,
    keys: KeyRepository | None = None,
    credentials: Credentials | None = None,
    **changes: Any,
) -> MqConnection:
    made = MqConnection(binding, settings(queue_manager, **changes), Access(credentials, keys))
    made.connect()
    return made


def test_mutual_tls_with_the_named_peer(
    binding: Binding, secure: RunningQueueManager, keys: KeyRepository
) -> None:
    made = connected(binding, secure, keys=keys, cipher_spec=ANY_TLS, peer_name="CN=mock-mq,O=Throwaway")
    assert made.connected
    made.close()


def test_several_connections_of_one_process_share_its_tls(
    binding: Binding, secure: RunningQueueManager, keys: KeyRepository
) -> None:
    made = [connected(binding, secure, keys=keys, cipher_spec=ANY_TLS) for _ in range(3)]
    assert connections_to(secure.port) == 3
    for each in made:
        each.close()


def test_another_peer_than_the_one_named_is_refused(
    binding: Binding, secure: RunningQueueManager, keys: KeyRepository
) -> None:
    with pytest.raises(Away, match=r"\(2398 MQRC_SSL_PEER_NAME_MISMATCH\): compare peer_name") as away:
        connected(binding, secure, keys=keys, cipher_spec=ANY_TLS, peer_name="CN=another")
    assert away.value.slowly


def test_a_queue_manager_of_another_ca_is_refused(
    binding: Binding, secure: RunningQueueManager, other_certificates: Certificates
) -> None:
    with (
        KeyRepository(from_directory(other_certificates.bridge_directory)) as strangers,
        pytest.raises(Away, match=r"TLS could not be agreed on \(2393 MQRC_SSL_INITIALIZATION_ERROR\)"),
    ):
        connected(binding, secure, keys=strangers, cipher_spec=ANY_TLS)


def test_without_a_certificate_of_its_own_it_is_refused(
    binding: Binding, secure: RunningQueueManager, certificates: Certificates
) -> None:
    authority = Credentials(certificate="", private_key="", ca=certificates.ca.read_text())
    with KeyRepository(authority) as anonymous, pytest.raises(Away, match=r"\(2393 ") as away:
        connected(binding, secure, keys=anonymous, cipher_spec=ANY_TLS)
    assert away.value.slowly


LESS = ("an expired certificate", "TLS 1.1", "a cipher that hides nothing", "no TLS")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("offers", [*LESS, "all that is asked for"])
def test_a_queue_manager_that_offers_less_is_refused_and_told_nothing_in_plain_text(
    binding: Binding, certificates: Certificates, expired_certificates: Certificates, offers: str
) -> None:
    of = expired_certificates if offers == "an expired certificate" else certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(of.server_certificate, of.server_key)
    if offers == "TLS 1.1":
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    elif offers == "a cipher that hides nothing":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("eNULL:@SECLEVEL=0")
    # Whichever CA it is is trusted: what is wrong is the one thing.
    trusting = replace(from_directory(certificates.bridge_directory), ca=of.ca.read_text())
    with (
        KeyRepository(trusting) as keys,
        Offering(None if offers == "no TLS" else context) as peer,
        pytest.raises(Away, match=r"TLS could not be agreed on \(2393 " if offers in LESS else "2009|2059"),
    ):
        connected(binding, peer, keys=keys, cipher_spec=ANY_TLS)  # type: ignore[arg-type]
    assert {each[0] for each in peer.first_bytes} == {TLS_HANDSHAKE}
    assert (peer.read == []) == (offers in LESS)


def test_a_user_is_let_in_by_password(binding: Binding, start_queue_manager: StartQueueManager) -> None:
    queue_manager = start_queue_manager(users={"bridge": "s3cret"})
    credentials = Credentials(certificate="", private_key="", ca="", user="bridge", password="s3cret")
    connected(binding, queue_manager, credentials=credentials).close()
    wrong = replace(credentials, password="canary")
    words = (
        r"queue manager QM1 at 127\.0\.0\.1\(\d+\), channel DEV\.APP\.SVRCONN: not authorised to connect "
        r"\(2035 MQRC_NOT_AUTHORIZED\): check the password, or let user bridge connect"
    )
    with pytest.raises(Away, match=words) as away:
        connected(binding, queue_manager, credentials=wrong)
    assert away.value.slowly
    assert "canary" not in str(away.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "OTHER"}, r"\(2058 MQRC_Q_MGR_NAME_ERROR\): correct name"),
        ({"channel": "NO.SUCH"}, r"there is no such channel \(2540 MQRC_UNKNOWN_CHANNEL_NAME\)"),
        ({"connections": ("127.0.0.1(1)",)}, r"no queue manager answers there \(2538 "),
    ],
    ids=["name", "channel", "port"],
)
def test_what_is_wrong_with_the_connection_is_said(
    binding: Binding, queue_manager: RunningQueueManager, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(Away, match=words):
        connected(binding, queue_manager, **wrong)
    assert connections_to(queue_manager.port) == 0


def test_the_next_of_the_list_is_taken_when_the_first_does_not_answer(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    made = connected(binding, queue_manager, connections=("127.0.0.1(1)", queue_manager.connection_name))
    assert made.connected
    made.close()


def test_however_often_the_queue_manager_restarts_no_connection_is_left_behind(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    taking, putting = source(binding, queue_manager), sink(binding, queue_manager)
    for _ in range(10):
        taking.connect()
        putting.connect()
        assert connections_to(queue_manager.port) == 2
        queue_manager.stop()
        for end in (taking.commit, lambda: putting.deliver([Message(b"x")])):
            with pytest.raises(Away):
                end()
        queue_manager.start()
    taking.close()
    putting.close()
    assert connections_to(queue_manager.port) == 0


def test_a_queue_that_can_not_be_opened_leaves_no_connection_behind(
    binding: Binding, queue_manager: RunningQueueManager
) -> None:
    made = source(binding, queue_manager, queue="NO.SUCH.QUEUE")
    for _ in range(5):
        with pytest.raises(Away, match="2085"):
            made.connect()
    assert connections_to(queue_manager.port) == 0


@pytest.mark.parametrize("how", ["closed", "forgotten"])
def test_what_was_not_committed_when_a_connection_ends_never_is(
    binding: Binding, queue_manager: RunningQueueManager, how: str
) -> None:
    made = connected(binding, queue_manager)
    queue = made.open(QUEUE, binding.constants.MQOO_OUTPUT)
    options = binding.mq.PMO()
    options.Options = binding.constants.MQPMO_SYNCPOINT
    queue.put(b"half a unit", binding.mq.MD(), options)
    if how == "closed":
        made.close()
    del made, queue
    gc.collect()
    taking = source(binding, queue_manager)
    taking.connect()
    assert taking.take(1) == []
