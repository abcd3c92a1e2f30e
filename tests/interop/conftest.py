"""IBM's own client judges mock-mq: it is built and started here, and pointed at queue managers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from mock_mq.running import RunningQueueManager
from mock_mq.server import TLS
from tests.fixtures.certificates import Certificates
from tests.interop.judge import JAKARTA, JAVA, JavaConnection, Judge, build, missing

STORE_PASSWORD = "store-password"
TLS_CIPHER = "TLS_AES_256_GCM_SHA384"
_SIZES = {"0 B": 0, "4 KB": 4096, "100 KB": 100 * 1024, "5 MB": 5 * 1024 * 1024}
sizes = pytest.mark.parametrize("size", _SIZES.values(), ids=_SIZES.keys())


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    yield from _judge(tmp_path_factory, JAVA)


@pytest.fixture(scope="session")
def jakarta(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    yield from _judge(tmp_path_factory, JAKARTA)


def _judge(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Judge]:
    lacking = missing()
    if lacking and os.environ.get("CI") == "true":
        pytest.fail(f"in CI IBM's client is never left out: {lacking}")
    if lacking:
        pytest.skip(lacking)
    build(project)
    running = Judge(tmp_path_factory.mktemp("judge"), project)
    yield running
    running.close()


@dataclass(frozen=True)
class Stores:
    """Java's key stores: who to trust, and who to be."""

    truststore: Path
    keystore: Path


def make_stores(certificates: Certificates, directory: Path) -> Stores:
    stores = Stores(directory / "trust.p12", directory / "key.p12")
    ca = x509.load_pem_x509_certificate(certificates.ca.read_bytes())
    encryption = BestAvailableEncryption(STORE_PASSWORD.encode())
    # Java takes a certificate for trusted only where this attribute of its own says so.
    stores.truststore.write_bytes(
        pkcs12.serialize_java_truststore([pkcs12.PKCS12Certificate(ca, b"ca")], encryption)
    )
    certificate = x509.load_pem_x509_certificate(certificates.client_certificate.read_bytes())
    key = load_pem_private_key(certificates.client_key.read_bytes(), None)
    stores.keystore.write_bytes(
        pkcs12.serialize_key_and_certificates(b"client", key, certificate, [ca], encryption)  # type: ignore[arg-type]
    )
    return stores


@pytest.fixture(scope="session")
def stores(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    return make_stores(certificates, tmp_path_factory.mktemp("stores"))


@dataclass(frozen=True)
class Reachable:
    """A queue manager, and how IBM's client gets there."""

    queue_manager: RunningQueueManager
    options: dict[str, Any]

    def connect(self, judge: Judge, kind: str, **changes: Any) -> JavaConnection:
        options = {name: value for name, value in (self.options | changes).items() if value is not None}
        return judge.connect(kind, **options)


def options_of(queue_manager: RunningQueueManager) -> dict[str, Any]:
    return {
        "host": queue_manager.host,
        "port": queue_manager.port,
        "channel": queue_manager.channel,
        "queueManager": queue_manager.name,
    }


def tls_options(stores: Stores) -> dict[str, Any]:
    return {
        "cipher": TLS_CIPHER,
        "truststore": str(stores.truststore),
        "keystore": str(stores.keystore),
        "storePassword": STORE_PASSWORD,
    }


def mutual_tls(certificates: Certificates) -> TLS:
    return TLS(
        certificates.server_certificate,
        certificates.server_key,
        certificates.ca,
        require_client_certificate=True,
    )


@pytest.fixture(params=["plain", "mutual-tls"])
def reachable(
    request: pytest.FixtureRequest,
    start_queue_manager: Callable[..., RunningQueueManager],
    certificates: Certificates,
    stores: Stores,
) -> Reachable:
    """A queue manager with user `app`, password `right`, reached plainly and over mutual TLS."""
    secure = request.param == "mutual-tls"
    queue_manager = start_queue_manager(
        users={"app": "right"}, tls=mutual_tls(certificates) if secure else None
    )
    options = options_of(queue_manager) | {"user": "app", "password": "right"}
    return Reachable(queue_manager, options | (tls_options(stores) if secure else {}))
