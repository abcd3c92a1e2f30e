"""The collector that spans are sent to: whether it can be reached. Messages move without it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from bridge.check.finding import Finding, ok, warning
from bridge.check.network import CONNECT_WITHIN
from bridge.configuration import Configuration


def look(configuration: Configuration) -> Iterator[Finding]:
    """Nothing where none is configured."""
    if configuration.tracing is None:
        return
    url = urlsplit(configuration.tracing.endpoint)
    thing = f"traces to {configuration.tracing.endpoint}"
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        with socket.create_connection((url.hostname or "", port), timeout=CONNECT_WITHIN) as sock:
            yield ok(thing, f"reached at {sock.getpeername()[0]} port {port}")
    except OSError as e:
        why = e.strerror or f"no answer within {CONNECT_WITHIN:.0f} s"
        what = f"can't be reached ({why.lower()}): spans are lost, messages move all the same"
        yield warning(thing, what, "start the collector, or correct tracing.endpoint")
