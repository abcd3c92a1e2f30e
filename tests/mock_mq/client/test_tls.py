"""Mutual TLS as pymqi and ibmmq programs ask for it; never plain text instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.binding import Binding
from bridge.credentials import Credentials, from_directory
from bridge.key_repository import KeyRepository
from mock_mq.core.definition import Channel
from mock_mq.pytest_plugin import StartQueueManager
from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.fixtures.certificates import Certificates
from tests.mock_mq.client.program import ANY, Program, channel, connect, refused, tls_options


@pytest.fixture(scope="session")
def others(other_certificates: Certificates) -> Iterator[KeyRepository]:
    with KeyRepository(from_directory(other_certificates.bridge_directory)) as made:
        yield made


@pytest.mark.parametrize(
    "cipher", [ANY, b"ANY_TLS13", b"TLS_AES_256_GCM_SHA384", b"ECDHE_RSA_AES_256_GCM_SHA384"]
)
def test_the_right_certificates_get_in(
    binding: Binding,
    secure: RunningQueueManager,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
    cipher: bytes,
) -> None:
    program = connect(binding, secure, tls_options(binding, keys, monkeypatch), cipher=cipher)
    queue = program.open()
    program.put(queue, bytes(5_000_000))
    assert len(program.get(queue, length=None)[0]) == 5_000_000


def test_the_repositorys_suffix_may_be_left_out(
    binding: Binding, secure: RunningQueueManager, keys: KeyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem = str(keys.path).removesuffix(".p12").encode()
    connect(binding, secure, tls_options(binding, keys, monkeypatch, KeyRepository=stem))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"password": "wrong"}, 2381),
        ({"KeyRepository": b"/no/such/repository"}, 2381),
        ({"KeyRepository": b""}, 2381),
        ({"KeyRepository": b"/"}, 2381),
        ({"CertificateLabel": b"another"}, 2381),
    ],
    ids=["wrong password", "no such file", "none named", "a directory", "no such label"],
)
def test_a_repository_that_can_not_be_used(
    binding: Binding,
    secure: RunningQueueManager,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
    reason: int,
) -> None:
    with refused(binding, reason):
        connect(binding, secure, tls_options(binding, keys, monkeypatch, **fields))


def test_an_untrusted_server_or_client_is_a_tls_failure(
    binding: Binding, secure: RunningQueueManager, others: KeyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused(binding, 2393):
        connect(binding, secure, tls_options(binding, others, monkeypatch))


@pytest.mark.parametrize("cipher", [b"ANY_TLS12", b"ANY_TLS13"])
def test_a_client_without_a_certificate_is_a_tls_failure_where_one_is_required(
    binding: Binding,
    secure: RunningQueueManager,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    cipher: bytes,
) -> None:
    authority = Credentials(certificate="", private_key="", ca=certificates.ca.read_text())
    with KeyRepository(authority) as anonymous:
        options = tls_options(binding, anonymous, monkeypatch, CertificateLabel=b"")
        with refused(binding, 2393):
            connect(binding, secure, options, cipher=cipher)


def test_a_queue_manager_of_another_ca_is_a_tls_failure_though_it_lets_anybody_in(
    binding: Binding,
    start_queue_manager: StartQueueManager,
    certificates: Certificates,
    others: KeyRepository,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls = TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=False,
    )
    open_to_all = start_queue_manager(tls=tls)
    connect(binding, open_to_all, tls_options(binding, keys, monkeypatch))
    with refused(binding, 2393):
        connect(binding, open_to_all, tls_options(binding, others, monkeypatch))


def test_a_cipher_spec_nobody_knows(
    binding: Binding, secure: RunningQueueManager, keys: KeyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused(binding, 2400):
        connect(binding, secure, tls_options(binding, keys, monkeypatch), cipher=b"NULL_SHA256")


@pytest.mark.parametrize(
    ("peer_name", "reason"),
    [
        ("CN=mock-mq,O=Throwaway", 0),
        ("CN=mock-mq; O=Throwaway", 0),
        ("CN=mock*", 0),
        ('O="Throwaway"', 0),
        ("CN=another", 2398),
        ("CN=mock-mq,O=Another", 2398),
        ("OU=any", 2398),
        ("nonsense", 2399),
        ("CN=mock-mq,nonsense", 2399),
        ("CN=mock-mq,X=nonsense", 2399),
    ],
)
def test_sslpeer_names_the_queue_manager(
    binding: Binding,
    secure: RunningQueueManager,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
    peer_name: str,
    reason: int,
) -> None:
    import ctypes  # noqa: PLC0415 - pymqi has no other way to point

    options = tls_options(binding, keys, monkeypatch)
    fields: dict[str, Any] = {"SSLPeerNamePtr": peer_name.encode()}
    buffer = ctypes.create_string_buffer(peer_name.encode())
    if binding.name == "pymqi":
        fields = {"SSLPeerNamePtr": ctypes.addressof(buffer), "SSLPeerNameLength": len(peer_name)}
    if reason:
        with refused(binding, reason):
            connect(binding, secure, options, **fields)
    else:
        connect(binding, secure, options, **fields)


def test_a_tls_client_does_not_talk_to_a_plain_server(
    binding: Binding, queue_manager: RunningQueueManager, keys: KeyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refused(binding, 2393):
        connect(binding, queue_manager, tls_options(binding, keys, monkeypatch))


def test_a_plain_client_gets_nowhere_with_a_tls_server(binding: Binding, secure: RunningQueueManager) -> None:
    with refused(binding, 2009):
        Program(binding, secure)


@pytest.mark.parametrize(
    ("channel_fields", "cipher", "reason"),
    [
        ({"cipher_spec": "ANY_TLS13"}, b"ANY_TLS13", 0),
        ({"cipher_spec": "ANY_TLS13"}, b"ECDHE_RSA_AES_256_GCM_SHA384", 2393),
        ({"cipher_spec": "ECDHE_RSA_AES_128_GCM_SHA256"}, b"ECDHE_RSA_AES_256_GCM_SHA384", 2393),
        ({"peer_name": "CN=*"}, ANY, 0),
        ({"peer_name": "CN=somebody else"}, ANY, 2398),
    ],
)
def test_a_channel_wants_its_own_cipher_spec_and_peer(
    binding: Binding,
    start_queue_manager: StartQueueManager,
    certificates: Certificates,
    keys: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
    channel_fields: dict[str, str],
    cipher: bytes,
    reason: int,
) -> None:
    tls = TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=True,
    )
    running = start_queue_manager(tls=tls, channels=(Channel("DEV.APP.SVRCONN", **channel_fields),))  # type: ignore[arg-type]
    options = tls_options(binding, keys, monkeypatch)
    if not reason:
        connect(binding, running, options, cipher=cipher).connection.commit()
        return
    with refused(binding, reason):
        connect(binding, running, options, cipher=cipher)


def test_tls_is_set_up_once_a_process_and_anew_when_no_connection_is_left(
    binding: Binding,
    secure: RunningQueueManager,
    keys: KeyRepository,
    others: KeyRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = connect(binding, secure, tls_options(binding, keys, monkeypatch))
    # The other key repository, whose certificate is not trusted, is not even looked at.
    definition = channel(binding, secure, SSLCipherSpec=ANY)
    second = binding.mq.QueueManager(None)
    with pytest.raises(binding.mq.MQMIError) as warned:
        second.connect_with_options(secure.name, cd=definition, sco=tls_options(binding, others, monkeypatch))
    assert (warned.value.comp, warned.value.reason) == (1, 2391)
    assert secure.ask(lambda core: len(core.connections())) == 2
    second.disconnect()
    first.connection.disconnect()
    with refused(binding, 2393):
        connect(binding, secure, tls_options(binding, others, monkeypatch))
