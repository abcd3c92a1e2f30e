"""Who is not trusted does not get in, and nothing ever falls back to plain text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.certificates import Certificates
from tests.fixtures.queue_manager import RunningQueueManager
from tests.interop.conftest import Reachable, Stores, make_stores, mutual_tls, options_of, tls_options
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
def test_the_right_certificates_get_in(judge: Judge, secure: Reachable, kind: str) -> None:
    secure.connect(judge, kind)("disconnect")


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
    assert refused.value.reason
