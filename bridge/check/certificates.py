"""The certificates in the credentials: whose, from whom, how long yet, and whether they lead anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.check.finding import Finding, failure, ok, warning
from bridge.credentials import Credentials

WARN_WITHIN = 30
"""Days, as the alarm has it."""


def look(credentials: Credentials, now: datetime | None = None) -> Iterator[Finding]:
    """The client's certificate with its chain, the CAs, the key; that they fit together has been checked."""
    now = now or datetime.now(UTC)
    chain, authorities = credentials.chain(), credentials.authorities()
    for place, each in enumerate(chain):
        yield lasting("client certificate" if place == 0 else "certificate of its chain", each, now)
    if chain:
        yield _leads_to(chain, authorities)
    current = [each for each in authorities if each.not_valid_after_utc > now]
    for each in authorities:
        found = lasting("CA certificate", each, now)
        # A bundle may hold an old one beside its successor.
        yield found.as_warning() if current else found
    if key := credentials.key():
        kind = "RSA" if isinstance(key, rsa.RSAPrivateKey) else f"EC {key.curve.name}"
        yield ok("private key", f"{kind}, {key.key_size} bits; it belongs to the client certificate")


def name_of(name: x509.Name) -> str:
    """A distinguished name on one line."""
    return name.rfc4514_string() or "(no name)"


def lasting(what: str, certificate: x509.Certificate, now: datetime) -> Finding:
    """Whether a certificate is valid now, and for how many days yet."""
    thing = f"{what} {name_of(certificate.subject)}"
    issued = f"issued by {name_of(certificate.issuer)}"
    if certificate.not_valid_before_utc > now:
        day = certificate.not_valid_before_utc.date()
        return failure(thing, f"{issued}, valid from {day} only", "check the clock, or give another")
    days = (certificate.not_valid_after_utc - now).days
    until = f"until {certificate.not_valid_after_utc.date()}"
    if certificate.not_valid_after_utc <= now:
        return failure(thing, f"{issued}, expired on {certificate.not_valid_after_utc.date()}", "renew it")
    if days < WARN_WITHIN:
        return warning(thing, f"{issued}, valid for {days} days yet, {until}", "renew it in time")
    return ok(thing, f"{issued}, valid for {days} days, {until}")


def _leads_to(chain: Sequence[x509.Certificate], authorities: Sequence[x509.Certificate]) -> Finding:
    """Whether each is signed by the next, and the last by a CA that is there or by itself."""
    thing = f"chain of {name_of(chain[0].subject)}"
    for each, issuer in pairwise(chain):
        if not _signed(each, issuer):
            return failure(
                thing,
                f"{name_of(each.subject)} is not signed by {name_of(issuer.subject)}, which comes next",
                f"put the certificate of {name_of(each.issuer)} there",
            )
    last = chain[-1]
    if any(_signed(last, each) for each in (last, *authorities)):
        return ok(thing, f"complete: {len(chain)} up to {name_of(last.issuer)}")
    return warning(
        thing,
        f"ends at {name_of(last.subject)}: {name_of(last.issuer)}, which issued it, is not there",
        "append its certificate to certificate, unless the queue manager has it",
    )


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
