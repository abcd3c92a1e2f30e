"""The listener over real sockets: several clients, large messages, broken ones, TLS."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from mock_mq.server import TLS
from mock_mq.wire.calls import Got
from mock_mq.wire.segment import Segment, SegmentType
from tests.mock_mq.listening import Line, listening

WAIT, SYNCPOINT = 0x1, 0x2
Address = tuple[str, int]


@pytest.fixture
def address() -> Iterator[Address]:
    with listening() as where:
        yield where


def _line(address: Address, context: ssl.SSLContext | None = None) -> Line:
    line = Line(address, context)
    line.caller.start()
    return line


def _send_get(line: Line, handle: int, options: int, wait: int, room: int = 4096) -> None:
    """Sends an MQGET and does not read the answer."""
    body = line.caller.get_call(handle, options, wait, room).pack(line.caller.order)
    line.socket.sendall(Segment(SegmentType.MQGET, body, line.caller.order).pack())


def _got(line: Line) -> Got:
    (reply,) = line.caller.take(line.answer())
    return Got.unpack(reply.body, reply.order)


def test_what_one_client_commits_another_gets(address: Address) -> None:
    with closing(_line(address)) as one, closing(_line(address)) as two:
        one.caller.put(one.caller.open().header.handle, b"hello")
        handle = two.caller.open().header.handle
        assert two.caller.get(handle).header.reason == 2033
        one.caller.commit()
        assert bytes(two.caller.get(handle).data) == b"hello"


def test_a_waiting_get_is_answered_when_a_message_is_committed(address: Address) -> None:
    with closing(_line(address)) as getter, closing(_line(address)) as putter:
        _send_get(getter, getter.caller.open().header.handle, WAIT, wait=60_000)
        putter.caller.put(putter.caller.open().header.handle, b"at last", options=0)
        assert bytes(_got(getter).data) == b"at last"


def test_a_waiting_get_ends_after_its_interval(address: Address) -> None:
    with closing(_line(address)) as line:
        handle = line.caller.open().header.handle
        started = time.monotonic()
        _send_get(line, handle, WAIT, wait=120)
        assert _got(line).header.reason == 2033
        assert 0.11 < time.monotonic() - started < 10


def test_a_client_that_is_gone_gives_back_what_it_had_got(address: Address) -> None:
    gone = _line(address)
    handle = gone.caller.open().header.handle
    gone.caller.put(handle, b"mine", options=0)
    assert bytes(gone.caller.get(handle, SYNCPOINT).data) == b"mine"
    gone.close()
    with closing(_line(address)) as other:
        _send_get(other, other.caller.open().header.handle, WAIT | SYNCPOINT, wait=60_000)
        again = _got(other)
    assert (bytes(again.data), again.descriptor.backout_count) == (b"mine", 1)


def test_a_client_that_is_gone_while_it_waits_takes_nothing_with_it(address: Address) -> None:
    gone = _line(address)
    _send_get(gone, gone.caller.open().header.handle, WAIT, wait=-1)
    gone.close()
    with closing(_line(address)) as other:
        handle = other.caller.open().header.handle
        other.caller.put(handle, b"still here", options=0)
        _send_get(other, handle, WAIT, wait=60_000)
        assert bytes(_got(other).data) == b"still here"


def test_a_message_of_100_mb_goes_through(address: Address) -> None:
    size = 100 * 1024 * 1024
    data = os.urandom(1024 * 1024) * 100
    with closing(_line(address)) as line:
        handle = line.caller.open().header.handle
        assert line.caller.put(handle, data).header.completion == 0
        line.caller.commit()
        got = line.caller.get(handle, room=size)
        assert got.length == size
        assert hashlib.sha256(got.data).digest() == hashlib.sha256(data).digest()


def test_a_client_that_does_not_read_its_answer_holds_up_nobody_else(address: Address) -> None:
    data = os.urandom(1024) * (20 * 1024)
    with closing(_line(address)) as slow, closing(_line(address)) as other:
        handle = slow.caller.open().header.handle
        slow.caller.put(handle, data, options=0)
        _send_get(slow, handle, 0, wait=0, room=len(data))
        theirs = other.caller.open("DEV.QUEUE.2").header.handle
        other.caller.put(theirs, b"x", options=0)
        assert bytes(other.caller.get(theirs).data) == b"x"
        assert bytes(_got(slow).data) == data


def test_nonsense_closes_its_own_socket_and_no_other(address: Address) -> None:
    with closing(_line(address)) as good, closing(Line(address)) as bad:
        bad.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert [each.name for each in bad.caller.take(bad.answer())] == ["STATUS_DATA"]
        assert bad.socket.recv(1) == b""
        assert good.caller.commit().header.completion == 0


def test_stopping_answers_who_waits_closes_the_sockets_and_frees_the_port() -> None:
    with listening() as address:
        line = _line(address)
        _send_get(line, line.caller.open().header.handle, WAIT, wait=-1)
    assert _got(line).header.reason == 2162
    assert [each.name for each in line.caller.take(line.answer())] == ["STATUS_DATA"]
    assert line.socket.recv(1) == b""
    line.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


class Certificates(Protocol):
    ca: Path
    server_certificate: Path
    server_key: Path
    client_certificate: Path
    client_key: Path


def _tls(certificates: Certificates, *, required: bool) -> TLS:
    return TLS(certificates.server_certificate, certificates.server_key, certificates.ca, required)


def _client(certificates: Certificates, *, own: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.ca)
    context.check_hostname = False
    if own:
        context.load_cert_chain(certificates.client_certificate, certificates.client_key)
    return context


def test_over_mutual_tls_a_message_comes_back(certificates: Certificates) -> None:
    with (
        listening(_tls(certificates, required=True)) as address,
        closing(_line(address, _client(certificates, own=True))) as line,
    ):
        handle = line.caller.open().header.handle
        data = os.urandom(1024) * 1024
        line.caller.put(handle, data, options=0)
        assert bytes(line.caller.get(handle, room=len(data)).data) == data


def test_a_client_without_a_certificate_is_let_in_where_none_is_required(certificates: Certificates) -> None:
    with (
        listening(_tls(certificates, required=False)) as address,
        closing(_line(address, _client(certificates, own=False))) as line,
    ):
        assert line.caller.commit().header.completion == 0


def test_a_client_without_a_certificate_is_refused_where_one_is_required_and_the_log_says_so(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING, "mock_mq"),
        listening(_tls(certificates, required=True)) as address,
        pytest.raises(ssl.SSLError, match="certificate required"),
    ):
        _line(address, _client(certificates, own=False))
    assert "did not return a certificate" in caplog.text


def test_a_plain_client_gets_nothing_from_a_tls_port(certificates: Certificates) -> None:
    with (
        listening(_tls(certificates, required=True)) as address,
        pytest.raises((EOFError, ConnectionResetError)),
    ):
        _line(address)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(certificates: Certificates) -> None:
    context = _client(certificates, own=True)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        listening(_tls(certificates, required=True)) as address,
        pytest.raises(ssl.SSLError, match="protocol version"),
    ):
        _line(address, context)


def test_certificates_can_not_be_required_without_a_ca(certificates: Certificates) -> None:
    tls = TLS(certificates.server_certificate, certificates.server_key, None, require_client_certificate=True)
    with pytest.raises(ValueError, match="without the CA"):
        tls.context()
