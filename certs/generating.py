"""Makes the CA, the certificates and their keys."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOSTS = ("localhost", "127.0.0.1", "mock-mq")
"""What the server is called, beside what is asked for."""
VALID_DAYS = 30
_ORGANISATION = "Throwaway"
_CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Generated:
    """Where everything is. `bridge` is a directory of credentials as the bridge takes them."""

    directory: Path

    @property
    def ca(self) -> Path:
        """The CA's certificate."""
        return self.directory / "ca.pem"

    @property
    def server(self) -> Path:
        """The server's certificate.pem, private_key.pem and ca.pem."""
        return self.directory / "server"

    @property
    def bridge(self) -> Path:
        """The client's certificate.pem, private_key.pem and ca.pem."""
        return self.directory / "bridge"


def generate(directory: Path, *, hosts: Sequence[str] = (), days: int = VALID_DAYS) -> Generated:
    """Makes a new CA and both certificates in `directory`, valid for `days`, in place of what is there.

    The CA's key is forgotten, so that nobody can sign anything further with it. Directories that it makes are
    for their owner only (0700), private keys too (0600). Raises `OSError` where it can't write.
    """
    made = Generated(directory)
    now = datetime.now(UTC)
    valid = (now - _CLOCKS_DIFFER, now + timedelta(days=days))
    ca_key = _new_key()
    ca_name = _name("Throwaway CA")
    ca = _ca(ca_name, ca_key, valid)
    # Not `directory` where it is there already: that may be anybody's, /tmp for one.
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for place in (made.server, made.bridge):
        place.mkdir(mode=0o700, exist_ok=True)
        place.chmod(0o700)
    _write(made.ca, ca.public_bytes(Encoding.PEM))
    names = [_general_name(host) for host in dict.fromkeys((*HOSTS, *hosts))]
    for place, common_name, usage in (
        (made.server, "mock-mq", ExtendedKeyUsageOID.SERVER_AUTH),
        (made.bridge, "bridge", ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        key = _new_key()
        builder = (
            _builder(common_name, key, valid)
            .issuer_name(ca_name)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
            )
        )
        if usage is ExtendedKeyUsageOID.SERVER_AUTH:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write(place / "certificate.pem", builder.sign(ca_key, SHA256()).public_bytes(Encoding.PEM))
        _write(
            place / "private_key.pem",
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            mode=0o600,
        )
        _write(place / "ca.pem", ca.public_bytes(Encoding.PEM))
    return made


def valid_until(made: Generated) -> datetime | None:
    """When the first of the certificates expires; None where they are not a whole set of one CA's.

    Raises `OSError` where something is there that can't be read.
    """
    try:
        ca = _certificate(made.ca)
        expiries = [ca.not_valid_after_utc]
        for place in (made.server, made.bridge):
            certificate = _certificate(place / "certificate.pem")
            certificate.verify_directly_issued_by(ca)
            key = load_pem_private_key((place / "private_key.pem").read_bytes(), None)
            if key.public_key() != certificate.public_key() or _certificate(place / "ca.pem") != ca:
                return None
            expiries.append(certificate.not_valid_after_utc)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, InvalidSignature):
        return None
    return min(expiries)


def missing_hosts(made: Generated, hosts: Sequence[str]) -> list[str]:
    """Those of `hosts` that the server's certificate is not for. Raises as reading it does."""
    extensions = _certificate(made.server / "certificate.pem").extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [host for host in hosts if _general_name(host) not in names]


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _new_key() -> RSAPrivateKey:
    # RSA, for most of MQ's CipherSpecs are of the kind ECDHE_RSA_*.
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    common_name: str, key: RSAPrivateKey, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _ca(name: x509.Name, key: RSAPrivateKey, valid: tuple[datetime, datetime]) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder("Throwaway CA", key, valid)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
