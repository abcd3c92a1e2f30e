"""Who is not trusted does not get in, and nothing ever falls back to plain text."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_mq.running import RunningQueueManager
from tests.fixtures.certificates import Certificates
from tests.interop.conftest import (
    TLS_CIPHER,
    Reachable,
    Stores,
    make_stores,
    mutual_tls,
    options_of,
    sizes,
    tls_options,
)
from tests.interop.judge import Judge, Refused

TLS_FAILED = 2397  # MQRC_JSSE_ERROR
BROKEN = 2009


@pytest.fixture
def secure(
    start_queue_manager: Callable[..., RunningQueueManager], certificates: Certificates, stores: Stores
) -> Reachable:
    queue_manager = start_queue_manager(tls=mutual_tls(certificates))
    return Reachable(queue_manager, options_of(queue_manager) | tls_options(stores))


@pytest.mark.parametrize("kind", ["base", "jms"])
@pytest.mark.parametrize("cipher", [TLS_CIPHER, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], ids=["1.3", "1.2"])
def test_the_right_certificates_get_in_with_ciphers_of_either_version_of_tls(
    judge: Judge, secure: Reachable, kind: str, cipher: str
) -> None:
    secure.connect(judge, kind, cipher=cipher)("disconnect")


@sizes
def test_what_is_put_over_tls_1_2_is_got_byte_for_byte(judge: Judge, secure: Reachable, size: int) -> None:
    java = secure.connect(judge, "base", cipher="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
    body = os.urandom(size)
    java.put("DEV.QUEUE.1", body)
    assert java.get("DEV.QUEUE.1")["body"] == body


@pytest.mark.parametrize("kind", ["base", "jms"])
def test_a_server_that_the_client_does_not_trust_is_a_tls_failure(
    judge: Judge, secure: Reachable, other_certificates: Certificates, tmp_path: Path, kind: str
) -> None:
    others = make_stores(other_certificates, tmp_path)
    with pytest.raises(Refused, match=r"SSLHandshakeException|CertificateException|PKIX") as refused:
        secure.connect(judge, kind, truststore=str(others.truststore))
    assert refused.value.reason == TLS_FAILED


@pytest.mark.parametrize("kind", ["base", "jms"])
def test_a_client_that_the_server_does_not_trust_is_refused(
    judge: Judge, secure: Reachable, other_certificates: Certificates, tmp_path: Path, kind: str
) -> None:
    others = make_stores(other_certificates, tmp_path)
    with pytest.raises(Refused) as refused:
        secure.connect(judge, kind, keystore=str(others.keystore))
    # With TLS 1.3 a client learns of it after its own side of the handshake is done.
    assert refused.value.reason in {TLS_FAILED, BROKEN}


def test_a_client_without_a_certificate_is_refused(judge: Judge, secure: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        secure.connect(judge, "base", keystore=None)
    assert refused.value.reason in {TLS_FAILED, BROKEN}


def test_a_plain_client_is_refused(judge: Judge, secure: Reachable) -> None:
    with pytest.raises(Refused) as refused:
        secure.connect(judge, "base", cipher=None)
    assert refused.value.reason == BROKEN


def test_a_client_that_wants_tls_does_not_make_do_with_a_plain_queue_manager(
    judge: Judge, queue_manager: RunningQueueManager, stores: Stores
) -> None:
    with pytest.raises(Refused, match=r"SSLException|SSLHandshakeException") as refused:
        judge.connect("base", **options_of(queue_manager), **tls_options(stores))
    assert refused.value.reason == TLS_FAILED
