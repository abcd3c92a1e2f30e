"""TLS without I/O: what a socket brought goes in, what the peer meant comes out, and the other way round.

asyncio's own TLS drops the alert that tells a peer why its handshake failed; with MQ that is the difference
between a reason code that says "certificate" and one that says "connection broken".
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from mock_mq.core import Caller
from mock_mq.wire.fields import Buffer

_READ = 262_144


@dataclass(frozen=True, slots=True)
class TLS:
    """Files in PEM: the server's certificate (with its chain) and key, and the CAs of the clients it trusts.

    A client's certificate is checked against `ca` where it sends one; `require_client_certificate` refuses
    those who send none (SSLCAUTH(REQUIRED)).
    """

    certificate: Path
    key: Path
    ca: Path | None = None
    require_client_certificate: bool = False

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or higher; raises `OSError` (`ssl.SSLError` is one) where a file can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        if self.ca is not None:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_OPTIONAL
        if self.require_client_certificate:
            if self.ca is None:
                raise ValueError("client certificates can't be required without the CA to check them with")
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Secrecy:
    """The server's side of one TLS connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.agreed = False

    def caller(self, address: str) -> Caller:
        """Who is there, once hands are shaken: what TLS knows of the peer at that address."""
        from cryptography import x509  # noqa: PLC0415 - slow, and not for those without TLS

        cipher, protocol, _bits = self._tls.cipher() or ("", "", 0)
        certificate = self._tls.getpeercert(binary_form=True)
        name = x509.load_der_x509_certificate(certificate).subject.rfc4514_string() if certificate else ""
        return Caller(address, certificate_name=name, cipher=cipher, protocol=self._tls.version() or protocol)

    def decrypt(self, data: Buffer) -> bytearray:
        """What the peer meant by `data`, empty while hands are shaken. Raises `ssl.SSLError`.

        `outgoing` may have something to send afterwards, also where this raises: the alert that says why.
        """
        self._incoming.write(data)
        plain = bytearray()
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            if not self.agreed:
                self._tls.do_handshake()
                self.agreed = True
            while piece := self._tls.read(_READ):
                plain += piece
        return plain

    def encrypt(self, data: Buffer) -> bytes:
        """`data` as it is to be sent."""
        self._tls.write(data)
        return self.outgoing()

    def outgoing(self) -> bytes:
        """What is to be sent of TLS's own accord."""
        return self._outgoing.read()

    def end(self) -> bytes:
        """What is to be sent last: that nothing follows."""
        if self.agreed:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
        return self.outgoing()
