"""TLS as MQ's client does it: a CipherSpec, a key repository, a certificate label, a peer name (SSLPEER)."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_mq.constants import Reason
from mock_mq.errors import MQError

_TLS12, _TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
_ANY = ssl.TLSVersion.MAXIMUM_SUPPORTED

# MQ's names: versions (least, most) and, for TLS 1.2, OpenSSL's name of the one cipher.
# Source: "Enabling CipherSpecs", IBM MQ 9.4 documentation. MQ's names for TLS 1.3 are single ciphers too, but
# OpenSSL through Python can't be held to one of them: the version is.
_CIPHER_SPECS: dict[str, tuple[ssl.TLSVersion, ssl.TLSVersion, str]] = {
    "ANY_TLS12": (_TLS12, _TLS12, ""),
    "ANY_TLS12_OR_HIGHER": (_TLS12, _ANY, ""),
    "ANY_TLS13": (_TLS13, _TLS13, ""),
    "ANY_TLS13_OR_HIGHER": (_TLS13, _ANY, ""),
    "ANY": (_TLS12, _ANY, ""),
    "TLS_AES_128_GCM_SHA256": (_TLS13, _TLS13, ""),
    "TLS_AES_256_GCM_SHA384": (_TLS13, _TLS13, ""),
    "TLS_CHACHA20_POLY1305_SHA256": (_TLS13, _TLS13, ""),
    "ECDHE_ECDSA_AES_128_GCM_SHA256": (_TLS12, _TLS12, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    "ECDHE_ECDSA_AES_256_GCM_SHA384": (_TLS12, _TLS12, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    "ECDHE_RSA_AES_128_GCM_SHA256": (_TLS12, _TLS12, "ECDHE-RSA-AES128-GCM-SHA256"),
    "ECDHE_RSA_AES_256_GCM_SHA384": (_TLS12, _TLS12, "ECDHE-RSA-AES256-GCM-SHA384"),
    "TLS_RSA_WITH_AES_128_GCM_SHA256": (_TLS12, _TLS12, "AES128-GCM-SHA256"),
    "TLS_RSA_WITH_AES_256_GCM_SHA384": (_TLS12, _TLS12, "AES256-GCM-SHA384"),
}

_PEER_NAME_PART = r'\s*(\w+)\s*=\s*("[^"]*"|[^,;]*)\s*'
_ATTRIBUTES = {
    "CN": x509.NameOID.COMMON_NAME,
    "O": x509.NameOID.ORGANIZATION_NAME,
    "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": x509.NameOID.LOCALITY_NAME,
    "ST": x509.NameOID.STATE_OR_PROVINCE_NAME,
    "SP": x509.NameOID.STATE_OR_PROVINCE_NAME,
    "C": x509.NameOID.COUNTRY_NAME,
    "DC": x509.NameOID.DOMAIN_COMPONENT,
    "UID": x509.NameOID.USER_ID,
    "SERIALNUMBER": x509.NameOID.SERIAL_NUMBER,
    "EMAIL": x509.NameOID.EMAIL_ADDRESS,
    "E": x509.NameOID.EMAIL_ADDRESS,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What MQCD and MQSCO say of TLS. `key_repository` is a PKCS#12 file, its `.p12` said or not."""

    cipher_spec: str
    key_repository: str
    password: str = field(default="", repr=False)
    label: str = ""
    peer_name: str = ""


class _Environment:
    """TLS in this process: as with IBM's client the first connection sets it up for all, until none is left.

    Source: 2391 MQRC_SSL_ALREADY_INITIALIZED, IBM MQ 9.4 documentation.
    """

    def __init__(self) -> None:
        self._store: pkcs12.PKCS12KeyAndCertificates | None = None
        self._sockets: weakref.WeakSet[ssl.SSLSocket] = weakref.WeakSet()
        self._lock = threading.Lock()

    def in_use(self) -> bool:
        """Whether there is a connection; what another one says of the key repository is ignored then."""
        with self._lock:
            return any(each.fileno() >= 0 for each in self._sockets)

    def store(self, settings: Settings) -> pkcs12.PKCS12KeyAndCertificates:
        """The key repository's content, read unless TLS is set up already; raises 2381."""
        if self._store is None or not self.in_use():
            self._store = _read(settings)
        return self._store

    def secured(self, sock: ssl.SSLSocket) -> None:
        """There is a connection, until its socket is closed."""
        with self._lock:
            self._sockets.add(sock)


_environment = _Environment()
already_initialized = _environment.in_use


def wrapper(settings: Settings) -> Callable[[socket.socket, str], ssl.SSLSocket]:
    """What makes a connected socket a TLS one, never a plain one.

    Raises 2400 (CipherSpec), 2381 (key repository), 2399 (peer name) at once; what it returns raises 2393
    (the handshake failed) and 2398 (another peer than the one named).
    """
    context = _context(settings)
    wanted = _parse_peer_name(settings.peer_name)

    def secure(sock: socket.socket, host: str) -> ssl.SSLSocket:
        try:
            secured = context.wrap_socket(sock, server_hostname=host)
        except (ssl.SSLError, OSError) as e:
            why = e.reason if isinstance(e, ssl.SSLError) and e.reason else str(e)
            raise MQError(Reason.SSL_INITIALIZATION_ERROR, f"TLS with {host}: {why}") from None
        _check_peer(secured, wanted)
        _environment.secured(secured)
        return secured

    return secure


def _context(settings: Settings) -> ssl.SSLContext:
    if settings.cipher_spec not in _CIPHER_SPECS:
        raise MQError(Reason.UNSUPPORTED_CIPHER_SUITE, f"CipherSpec {settings.cipher_spec!r} is not known")
    least, most, cipher = _CIPHER_SPECS[settings.cipher_spec]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # MQ checks the chain and, where it is set, SSLPEER; it does not compare host names.
    context.check_hostname = False
    context.minimum_version, context.maximum_version = least, most
    if cipher:
        context.set_ciphers(cipher)
    _load(context, settings)
    return context


def _read(settings: Settings) -> pkcs12.PKCS12KeyAndCertificates:
    if not settings.key_repository:
        raise MQError(Reason.KEY_REPOSITORY_ERROR, "no key repository is named: MQSCO or MQSSLKEYR")
    path = Path(settings.key_repository)
    try:
        if not path.is_file():
            path = Path(settings.key_repository + ".p12")
        return pkcs12.load_pkcs12(path.read_bytes(), settings.password.encode() or None)
    except OSError as e:
        raise MQError(Reason.KEY_REPOSITORY_ERROR, f"{path}: {e.strerror}") from None
    except ValueError:
        raise MQError(
            Reason.KEY_REPOSITORY_ERROR, f"{path}: not a PKCS#12 file, or not with this password"
        ) from None


def _load(context: ssl.SSLContext, settings: Settings) -> None:
    """Takes from the key repository the CAs to trust, and the certificate to present if there is one."""
    path = settings.key_repository
    store = _environment.store(settings)
    trusted = [each.certificate for each in store.additional_certs]
    if trusted:
        context.load_verify_locations(cadata="".join(_pem(each) for each in trusted))
    if store.cert is None or store.key is None:
        return
    name = (store.cert.friendly_name or b"").decode(errors="replace")
    if settings.label and name.lower() != settings.label.lower():
        raise MQError(Reason.KEY_REPOSITORY_ERROR, f"{path}: no certificate labelled {settings.label!r}")
    key = store.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # OpenSSL reads a file through Python only: one in memory, which no other process can open by a name.
    handle = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(key + b"".join(_pem(each).encode() for each in (store.cert.certificate, *trusted)))
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    except ssl.SSLError as e:
        raise MQError(Reason.KEY_REPOSITORY_ERROR, f"{path}: {e.reason}") from None
    finally:
        os.close(handle)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _parse_peer_name(name: str) -> list[tuple[str, str]]:
    """SSLPEER: `CN=..., O=...`, values quoted or not; several of one attribute are all asked for."""
    if not name:
        return []
    parts = re.findall(_PEER_NAME_PART, name)
    # What is not understood may not go unchecked.
    whole = re.fullmatch(f"{_PEER_NAME_PART}(?:[,;]{_PEER_NAME_PART})*", name)
    if not whole or any(attribute.upper() not in _ATTRIBUTES for attribute, _ in parts):
        raise MQError(Reason.SSL_PEER_NAME_ERROR, f"not a distinguished name: {name!r}")
    return [(attribute.upper(), value.strip().strip('"')) for attribute, value in parts]


def _check_peer(secured: ssl.SSLSocket, wanted: list[tuple[str, str]]) -> None:
    if not wanted:
        return
    presented = secured.getpeercert(binary_form=True)
    if presented is None:
        raise MQError(Reason.SSL_PEER_NAME_MISMATCH, "the queue manager showed no certificate")
    subject = x509.load_der_x509_certificate(presented).subject
    for attribute, pattern in wanted:
        values = [str(each.value) for each in subject.get_attributes_for_oid(_ATTRIBUTES[attribute])]
        # MQ knows one wild card, the asterisk.
        matching = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
        if not any(matching.fullmatch(value) for value in values):
            secured.close()
            raise MQError(
                Reason.SSL_PEER_NAME_MISMATCH,
                f"the queue manager is {subject.rfc4514_string()!r}, not {attribute}={pattern}",
            )
