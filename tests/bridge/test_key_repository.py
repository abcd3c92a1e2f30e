"""The key repository: what is in it, who can read it, and that it goes away."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from bridge.credentials import Credentials, CredentialsError
from bridge.key_repository import DEFAULT_LABEL, KeyRepository
from tests.bridge.pem import Pair, ec_key, issue, rsa_key


@pytest.fixture(scope="module")
def ca() -> Pair:
    return issue("CA", ec_key())


@pytest.fixture(scope="module")
def client(ca: Pair) -> Pair:
    return issue("bridge", rsa_key(), ca)


@pytest.fixture(scope="module")
def credentials(ca: Pair, client: Pair) -> Credentials:
    return Credentials(certificate=client.pem, private_key=client.key_pem, ca=ca.pem)


def test_given_credentials_when_made_then_key_certificate_and_ca_are_read_back(
    credentials: Credentials, ca: Pair, client: Pair
) -> None:
    with KeyRepository(credentials) as repository:
        found = pkcs12.load_pkcs12(repository.path.read_bytes(), repository.password.encode())
    assert found.cert is not None
    assert found.cert.certificate == client.certificate
    assert found.cert.friendly_name == DEFAULT_LABEL.encode()
    assert found.key is not None
    assert found.key.public_key() == client.certificate.public_key()
    assert [one.certificate for one in found.additional_certs] == [ca.certificate]
    assert [one.friendly_name for one in found.additional_certs] == [b"ca1"]


def test_given_a_label_when_made_then_the_certificate_has_it(credentials: Credentials) -> None:
    with KeyRepository(credentials, "orders bridge") as repository:
        found = pkcs12.load_pkcs12(repository.path.read_bytes(), repository.password.encode())
    assert repository.label == "orders bridge"
    assert found.cert is not None
    assert found.cert.friendly_name == b"orders bridge"


def test_given_a_repository_when_looked_at_then_nobody_else_can_and_its_name_says_what_it_is(
    credentials: Credentials,
) -> None:
    with KeyRepository(credentials) as repository:
        assert repository.path.name.endswith(".p12")
        assert stat.S_IMODE(repository.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(repository.path.parent.stat().st_mode) == 0o700
        assert [file.name for file in repository.path.parent.iterdir()] == [repository.path.name]
        assert repository.password not in repr(repository)
        assert repository.password.encode() not in repository.path.read_bytes()


def test_given_a_repository_when_left_then_it_is_gone_even_after_an_error(credentials: Credentials) -> None:
    places: list[Path] = []

    def fail() -> None:
        with KeyRepository(credentials) as repository:
            places.append(repository.path)
            assert repository.path.exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not places[0].parent.exists()


def test_given_two_repositories_when_made_then_passwords_and_places_differ(credentials: Credentials) -> None:
    with KeyRepository(credentials) as one, KeyRepository(credentials) as other:
        assert one.password != other.password
        assert one.path != other.path


def test_given_a_chain_and_several_cas_when_made_then_each_is_in_it_once(ca: Pair) -> None:
    issuing = issue("issuing CA", ec_key(), ca)
    client = issue("bridge", ec_key(), issuing)
    second = issue("second CA", ec_key())
    chained = Credentials(
        certificate=client.pem + issuing.pem + ca.pem, private_key=client.key_pem, ca=ca.pem + second.pem
    )
    with KeyRepository(chained) as repository:
        found = pkcs12.load_pkcs12(repository.path.read_bytes(), repository.password.encode())
    names = {one.certificate.subject.rfc4514_string(): one.friendly_name for one in found.additional_certs}
    assert names == {"CN=CA": b"ca1", "CN=second CA": b"ca2", "CN=issuing CA": b"ca3"}


def test_given_a_ca_alone_when_made_then_it_is_a_repository_without_a_key(ca: Pair) -> None:
    with KeyRepository(Credentials(ca=ca.pem)) as repository:
        found = pkcs12.load_pkcs12(repository.path.read_bytes(), repository.password.encode())
    assert found.key is None
    everything = [found.cert, *found.additional_certs]
    assert [one.certificate for one in everything if one] == [ca.certificate]


def test_given_no_ca_when_made_then_it_is_said_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(CredentialsError, match="ca is missing: give the CA certificate"):
        KeyRepository(Credentials(user="u", password="p"))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_given_a_repository_when_openssl_reads_it_then_it_is_strong_and_usable(
    credentials: Credentials, ca: Pair, client: Pair, tmp_path: Path
) -> None:
    with KeyRepository(credentials) as repository:
        command = ["openssl", "pkcs12", "-in", str(repository.path), "-passin", "stdin", "-nodes", "-info"]
        told = subprocess.run(
            command, input=repository.password, capture_output=True, text=True, check=True, timeout=60
        )
    assert "PBES2, PBKDF2, AES-256-CBC" in told.stderr
    assert "hmacWithSHA256" in told.stderr
    assert "MAC: sha256" in told.stderr
    assert client.certificate.public_bytes(Encoding.PEM).decode().split("\n")[1] in told.stdout
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(told.stdout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(bundle)
    context.load_verify_locations(cadata=ca.pem)
