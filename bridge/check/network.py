"""The way to a queue manager: its name, its port, and the TLS that it speaks there; no MQ call is made."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from bridge.check.certificates import lasting, name_of
from bridge.check.finding import Finding, Level, failure, ok
from bridge.credentials import Credentials

CONNECT_WITHIN = 4.0
"""Seconds."""
_REFUSAL_WITHIN = 1.0
"""Seconds in which a queue manager that does not take our certificate says so, which is late in TLS 1.3."""

_EXPIRED, _NOT_YET = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID

# What the queue manager's end of TLS may answer (RFC 8446, 6.2), by what OpenSSL calls it.
_ALERTS = {
    "UNKNOWN_CA": (
        "does not trust the CA of the client certificate",
        "add that CA to the queue manager's key repository and REFRESH SECURITY TYPE(SSL)",
    ),
    "CERTIFICATE_REQUIRED": (
        "asks for a client certificate, and the credentials hold none",
        "give certificate and private_key, or set SSLCAUTH(OPTIONAL) on the channel",
    ),
    "CERTIFICATE_EXPIRED": ("says that the client certificate has expired", "renew it"),
    "CERTIFICATE_REVOKED": ("says that the client certificate was revoked", "give another"),
    "BAD_CERTIFICATE": ("does not take the client certificate", "see the queue manager's error log"),
    "CERTIFICATE_UNKNOWN": ("does not take the client certificate", "see the queue manager's error log"),
    "HANDSHAKE_FAILURE": (
        "and the bridge have no cipher in common, or it wants a client certificate",
        "compare cipher_spec with the channel's SSLCIPH, and the certificates",
    ),
    "PROTOCOL_VERSION": (
        "speaks no version of TLS that the bridge may use",
        "have it speak TLS 1.2 or later",
    ),
}


@dataclass(frozen=True, slots=True)
class Address:
    """An entry of `connections`, as it is written and taken apart."""

    text: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `host(port)`, which the configuration has checked."""
        match = re.fullmatch(r"(.+)\((\d+)\)", text)
        if match is None:
            raise ValueError(text)
        return cls(text, match[1].strip("[]"), int(match[2]))


def reach(address: Address) -> Finding:
    """Whether something listens there."""
    thing = f"connection {address.text}"
    try:
        with socket.create_connection((address.host, address.port), timeout=CONNECT_WITHIN) as sock:
            return ok(thing, f"reached at {sock.getpeername()[0]} port {address.port}")
    except socket.gaierror as e:
        what = f"no host of the name {address.host} is known ({e.strerror})"
        return failure(thing, what, "correct connections, or have the name put into DNS")
    except TimeoutError:
        return failure(
            thing,
            f"no answer within {CONNECT_WITHIN:.0f} s",
            "let the way there through firewalls and security groups, or correct connections",
        )
    except ConnectionRefusedError:
        return failure(
            thing,
            f"nothing listens at port {address.port} of {address.host} (connection refused)",
            "start the queue manager's listener, or correct the port",
        )
    except OSError as e:
        return failure(
            thing, f"can't be reached ({e.strerror or e})", "look at the network, or correct connections"
        )


class Secured:
    """TLS as these credentials have it, to see what a queue manager shows and what it says to ours."""

    def __init__(self, credentials: Credentials, channel: str) -> None:
        self._credentials = credentials
        self._channel = channel

    def shown(self, address: Address) -> Finding:
        """The certificate that the queue manager shows, checked against `ca`."""
        return self._handshake(address, wait=False)

    def refusal(self, address: Address) -> Finding | None:
        """What the queue manager has against our certificate, if it is that."""
        found = self._handshake(address, wait=True)
        return found if found.level is Level.FAILURE else None

    def _handshake(self, address: Address, *, wait: bool) -> Finding:
        thing = f"TLS at {address.text}"
        try:
            with self._connected(address, self._context(ssl.CERT_REQUIRED)) as secured:
                version, certificate = secured.version(), _certificate(secured)
                if wait:
                    _await_refusal(secured)
        except ssl.SSLCertVerificationError as e:
            return self._distrusted(address, e)
        except ssl.SSLError as e:
            return _refused(thing, e)
        except OSError:
            return failure(
                thing,
                "the connection was ended in the middle of the handshake",
                "have the channel speak TLS (SSLCIPH); else see the queue manager's error log",
            )
        if certificate is None:
            return failure(thing, "the queue manager showed no certificate", "give it one (CERTLABL)")
        found = lasting("certificate of the queue manager,", certificate, datetime.now(UTC))
        return Finding(
            thing, found.level, f"{version}; {found.thing}, {found.what}; ca has its CA", found.remedy
        )

    def _distrusted(self, address: Address, error: ssl.SSLCertVerificationError) -> Finding:
        thing, certificate = f"TLS at {address.text}", None
        try:
            with self._connected(address, self._context(ssl.CERT_NONE)) as secured:
                certificate = _certificate(secured)
        except OSError:  # ssl.SSLError is one
            pass
        whose = (
            f"the queue manager's certificate, {name_of(certificate.subject)},"
            if certificate
            else "its certificate"
        )
        if error.verify_code in {_EXPIRED, _NOT_YET} and certificate:
            found = lasting(whose, certificate, datetime.now(UTC))
            if found.remedy:
                return failure(thing, f"{whose} {found.what}", "have the queue manager's certificate renewed")
        if error.verify_code in {_EXPIRED, _NOT_YET}:
            return failure(
                thing, f"{whose} or its CA's: {error.verify_message}", "have it renewed; check the clock"
            )
        issuer = name_of(certificate.issuer) if certificate else "its CA"
        return failure(
            thing,
            f"{whose} was issued by {issuer}, which ca does not lead to ({error.verify_message})",
            "put the CA that signed it into ca, or correct connections if it is another queue manager",
        )

    def _connected(self, address: Address, context: ssl.SSLContext) -> ssl.SSLSocket:
        sock = socket.create_connection((address.host, address.port), timeout=CONNECT_WITHIN)
        try:
            return context.wrap_socket(sock, server_hostname=_server_name(self._channel))
        except BaseException:
            sock.close()
            raise

    def _context(self, verify: ssl.VerifyMode) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # MQ checks the chain and, where it is set, SSLPEER; it does not compare host names.
        context.check_hostname = False
        context.verify_mode = verify
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self._credentials.ca)
        if not self._credentials.certificate:
            return context
        # OpenSSL reads a file through Python only: one in memory, which no other process can open by a name.
        handle = os.memfd_create("key", os.MFD_CLOEXEC)
        try:
            with os.fdopen(handle, "w", closefd=False) as file:
                file.write(f"{self._credentials.private_key}\n{self._credentials.certificate}")
            context.load_cert_chain(
                f"/proc/self/fd/{handle}", password=self._credentials.private_key_passphrase or "none"
            )
        finally:
            os.close(handle)
        return context


def _certificate(secured: ssl.SSLSocket) -> x509.Certificate | None:
    presented = secured.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(presented) if presented else None


def _await_refusal(secured: ssl.SSLSocket) -> None:
    """Returns where none comes: the queue manager waits for MQ's first word, which is not said."""
    secured.settimeout(_REFUSAL_WITHIN)
    try:
        secured.recv(1)
    except TimeoutError:
        return


def _refused(thing: str, error: ssl.SSLError) -> Finding:
    reason = (error.reason or "").upper()
    for alert, (what, remedy) in _ALERTS.items():
        if "ALERT" in reason and reason.endswith(alert):
            return failure(thing, f"the queue manager {what}", remedy)
    if "WRONG_VERSION" in reason or "RECORD_LAYER" in reason or "EOF" in reason or not reason:
        return failure(
            thing,
            "what listens there does not speak TLS",
            "set SSLCIPH on the channel, or correct the port; leave cipher_spec out for plain TCP",
        )
    return failure(thing, f"no TLS ({reason})", "compare cipher_spec and certificates with the channel's")


def _server_name(channel: str) -> str:
    """What MQ's client sends as server name, so that a channel can have a certificate of its own.

    Capitals and digits become small letters and digits, all else its code in hex and a hyphen ("How IBM MQ
    provides multiple certificates capability", IBM MQ documentation).
    """
    parts = [each.lower() if each.isupper() or each.isdigit() else f"{ord(each):02x}-" for each in channel]
    return f"{''.join(parts)}.chl.mq.ibm.com"
