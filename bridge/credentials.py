"""The queue manager's credentials: from a secret's JSON or from a directory of files, checked before use.

Nothing here ever quotes what it was given: an error names the part and what to do about it.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bridge.errors import Stop

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

LARGEST = 256 * 1024
"""Bytes; a secret in Secrets Manager has at most 64 KiB."""


class CredentialsError(Stop):
    """The credentials can't be used: `what is wrong: what to do`, in one sentence without their content."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What the bridge shows the queue manager, and what it knows it by; `repr` hides everything.

    `certificate` (the client's, with its chain), `private_key` and `ca` are PEM text, each empty where it is
    not used.
    """

    certificate: str = ""
    private_key: str = ""
    ca: str = ""
    private_key_passphrase: str = ""
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Credentials(...)"

    def chain(self) -> Sequence[x509.Certificate]:
        """The client's certificate, then those that lead to its CA; empty without one."""
        return _certificates(self.certificate, "certificate") if self.certificate else ()

    def authorities(self) -> Sequence[x509.Certificate]:
        """The trusted CA certificates; empty without any."""
        return _certificates(self.ca, "ca") if self.ca else ()

    def valid_until(self) -> datetime | None:
        """When the first of the certificates expires, CAs counted; None without any."""
        return min((each.not_valid_after_utc for each in (*self.chain(), *self.authorities())), default=None)

    def key(self) -> PrivateKey | None:
        """The private key, decrypted; None without one."""
        return _private_key(self.private_key, self.private_key_passphrase) if self.private_key else None


_KEYS = tuple(field.name for field in fields(Credentials))
_FILES = {"certificate": "certificate.pem", "private_key": "private_key.pem", "ca": "ca.pem"}


def from_json(text: str) -> Credentials:
    """The credentials in a secret, a JSON object with the keys above. Raises `CredentialsError`."""
    if len(text) > LARGEST:
        raise CredentialsError(
            "the secret is larger than credentials can be: store a JSON object of PEM texts"
        )
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # Not chained: JSON's own error holds the text.
        raise CredentialsError(f"the secret is not JSON: store an object with {', '.join(_KEYS)}") from None
    if not isinstance(found, dict):
        raise CredentialsError(f"the secret is not a JSON object: store one with {', '.join(_KEYS)}")
    if any(key not in _KEYS for key in found):
        raise CredentialsError(f"the secret holds keys that are not known: it may have {', '.join(_KEYS)}")
    values: dict[str, Any] = {key: value for key, value in found.items() if value is not None}
    for key, value in values.items():
        if not isinstance(value, str):
            raise CredentialsError(f"{key} in the secret is not text: store it as a JSON string")
    return _checked(Credentials(**values))


def from_directory(path: Path) -> Credentials:
    """The credentials in a directory: certificate.pem, private_key.pem, ca.pem, others by their own names.

    A file that is not there counts as empty, a line end after a password or user is left out. Raises
    `CredentialsError`.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise CredentialsError(f"there is no directory {path}: create it or name another") from None
    except ValueError:
        raise CredentialsError("the directory's name holds a NUL character: name another") from None
    except OSError as error:
        raise CredentialsError(
            f"{path} can't be read ({error.strerror}): let the bridge's user read it"
        ) from None
    if not stat.S_ISDIR(mode):
        raise CredentialsError(f"{path} is not a directory: name the one that holds ca.pem")
    values = {}
    for key in _KEYS:
        text = _file(path / _FILES.get(key, key))
        values[key] = text if key in _FILES else text.rstrip("\r\n")
    if not any(values.values()):
        raise CredentialsError(
            f"the directory {path} holds no credentials: put ca.pem, certificate.pem, private_key.pem there"
        )
    return _checked(Credentials(**values))


def _file(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CredentialsError(f"{path} is not a file: put the text itself there")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CredentialsError(
            f"{path} can't be read ({error.strerror}): let the bridge's user read it"
        ) from None
    if len(data) > LARGEST:
        raise CredentialsError(f"{path} is larger than such a file can be: put the PEM text there")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialsError(f"{path} is not text: convert it to PEM (it may be DER or PKCS#12)") from None


def _checked(credentials: Credentials) -> Credentials:
    """The same credentials, if they can be used."""
    chain, key = credentials.chain(), credentials.key()
    authorities = credentials.authorities()
    if not any((chain, key, authorities, credentials.user, credentials.password)):
        raise CredentialsError(
            "the credentials are empty: give certificate, private_key and ca, or user and password"
        )
    if chain and key is None:
        raise CredentialsError("private_key is missing: give the key that belongs to the certificate")
    if key is not None and not chain:
        raise CredentialsError("certificate is missing: give the one that belongs to private_key")
    if chain and not authorities:
        raise CredentialsError("ca is missing: give the CA certificate that signed the queue manager's")
    if credentials.password and not credentials.user:
        raise CredentialsError("user is missing: give the one that password belongs to")
    if credentials.user and not credentials.password:
        raise CredentialsError("password is missing: give the one that belongs to user")
    if key is not None:
        _check_pair(chain, key)
    for name, certificates in (("certificate", chain[:1]), ("ca", authorities)):
        _check_dates(name, certificates)
    return credentials


def _check_pair(chain: Sequence[x509.Certificate], key: PrivateKey) -> None:
    try:
        mine = [one.public_key() == key.public_key() for one in chain]
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialsError(
            "certificate is for a kind of key that MQ does not use: use RSA or EC"
        ) from None
    if not mine[0]:
        remedy = "put the client's certificate first" if any(mine) else "give the pair that was made together"
        raise CredentialsError(f"private_key does not belong to certificate: {remedy}")


def _check_dates(name: str, certificates: Sequence[x509.Certificate]) -> None:
    """One of the certificates must be valid now: a CA bundle may hold an old one beside its successor."""
    now = datetime.now(UTC)
    if certificates and all(one.not_valid_after_utc < now for one in certificates):
        day = max(one.not_valid_after_utc for one in certificates).date()
        raise CredentialsError(f"{name} expired on {day}: give a new one")
    if certificates and all(one.not_valid_before_utc > now for one in certificates):
        day = min(one.not_valid_before_utc for one in certificates).date()
        raise CredentialsError(f"{name} is valid from {day} only: check the clock, or give another")


def _certificates(pem: str, name: str) -> Sequence[x509.Certificate]:
    if "-----BEGIN CERTIFICATE-----" not in pem:
        what = "a private key" if "PRIVATE KEY-----" in pem else "not PEM"
        raise CredentialsError(
            f"{name} is {what}: give PEM text that starts with -----BEGIN CERTIFICATE-----"
        )
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise CredentialsError(
            f"{name} is damaged PEM: give it as it was issued, line ends included"
        ) from None


def _private_key(pem: str, passphrase: str) -> PrivateKey:
    if "PRIVATE KEY-----" not in pem:
        what = "a certificate" if "BEGIN CERTIFICATE" in pem else "not PEM"
        raise CredentialsError(
            f"private_key is {what}: give PEM text that starts with -----BEGIN PRIVATE KEY-----"
        )
    encrypted = "ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise CredentialsError("private_key is encrypted: give private_key_passphrase too")
    try:
        key = load_pem_private_key(pem.encode(), passphrase.encode() if encrypted else None)
    except (ValueError, TypeError):
        if encrypted:
            raise CredentialsError("private_key does not open: check private_key_passphrase") from None
        raise CredentialsError("private_key is damaged PEM: give it as made, line ends included") from None
    except UnsupportedAlgorithm:
        raise CredentialsError(
            "private_key is encrypted in a way that is not known: use PKCS#8 and AES"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CredentialsError("private_key is of a kind that MQ does not use: give an RSA or EC key")
    return key
