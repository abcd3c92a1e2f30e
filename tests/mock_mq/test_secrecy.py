"""TLS without I/O, joined in memory with the `ssl` module's own client."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Protocol

import pytest

from mock_mq.secrecy import TLS, Secrecy


class Certificates(Protocol):
    ca: Path
    server_certificate: Path
    server_key: Path
    client_certificate: Path
    client_key: Path


class Client:
    """The other side, also in memory."""

    def __init__(self, certificates: Certificates, *, own: bool) -> None:
        context = ssl.create_default_context(cafile=certificates.ca)
        context.check_hostname = False
        if own:
            context.load_cert_chain(certificates.client_certificate, certificates.client_key)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def shake(self, secrecy: Secrecy) -> None:
        """Shakes hands, handing the server its bytes one by one."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.give(secrecy)
            else:
                self.give(secrecy)
                return

    def give(self, secrecy: Secrecy) -> bytes:
        plain = b"".join(bytes(secrecy.decrypt(bytes([byte]))) for byte in self.outgoing.read())
        self.incoming.write(secrecy.outgoing())
        return plain


def _secrecy(certificates: Certificates) -> Secrecy:
    tls = TLS(certificates.server_certificate, certificates.server_key, certificates.ca, True)
    return Secrecy(tls.context())


def test_what_comes_byte_by_byte_is_the_same_in_the_end(certificates: Certificates) -> None:
    secrecy, client = _secrecy(certificates), Client(certificates, own=True)
    client.shake(secrecy)
    message = bytes(range(256)) * 200
    client.tls.write(message)
    assert client.give(secrecy) == message
    client.incoming.write(secrecy.encrypt(b"and back"))
    assert client.tls.read(100) == b"and back"


def test_the_end_is_said_so_that_nothing_can_be_cut_off_unseen(certificates: Certificates) -> None:
    secrecy, client = _secrecy(certificates), Client(certificates, own=True)
    client.shake(secrecy)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.read(1)
    client.incoming.write(secrecy.end())
    assert client.tls.read(1) == b""


def test_a_refused_client_is_told_why(certificates: Certificates) -> None:
    secrecy, client = _secrecy(certificates), Client(certificates, own=False)
    with pytest.raises(ssl.SSLError, match="did not return a certificate"):
        client.shake(secrecy)
    client.incoming.write(secrecy.outgoing())
    with pytest.raises(ssl.SSLError, match="certificate required"):
        client.tls.read(1)


def test_what_is_not_tls_is_refused(certificates: Certificates) -> None:
    with pytest.raises(ssl.SSLError):
        _secrecy(certificates).decrypt(b"TSH \0\0\0\x1c" + bytes(20))
