"""The MQI as C programs call it, in Python: what `_standin`, loaded as libmqm_r.so, calls back into.

MQGET and MQPUT are in `exchange.c`, for most are alike; here is what it does not do.

Structures without pointers (MQMD, MQGMO, the first version of MQOD and MQPMO) lie in a C program's memory as
they travel, so the wire's own codecs read and write them there. No exception ever reaches C.
"""

from __future__ import annotations

import functools
import getpass
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from mock_mq.client import _standin
from mock_mq.client._standin import ffi, lib
from mock_mq.client.callbacks import mqi, not_supported, passing
from mock_mq.client.connection import Began, Connection, Target, fetched, parse_connection_name, reason_of
from mock_mq.client.connections import connection_of, forget, remember
from mock_mq.client.memory import (
    ORDER,
    Pointer,
    at,
    characters,
    data,
    first_version,
    packed,
    text,
    variable,
    write,
)
from mock_mq.client.properties import HANDLES, get_into, with_properties
from mock_mq.client.tls import Settings, already_initialized, wrapper
from mock_mq.constants import Reason
from mock_mq.errors import MQError
from mock_mq.wire.fields import Buffer, decode_characters
from mock_mq.wire.segment import MAX_MESSAGE_LENGTH
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
    StatusReport,
)

SHARED_OBJECT: str = _standin.__file__
"""The file that is loaded as libmqm_r.so."""

_UNUSABLE = -1  # MQHC_UNUSABLE_HCONN, MQHO_UNUSABLE_HOBJ
_SHARE_BLOCK, _SHARE_NO_BLOCK = 0x40, 0x80  # MQCNO_HANDLE_SHARE_*
_USER_AND_PASSWORD = 1  # MQCSP_AUTH_USER_ID_AND_PWD
_OPTIONS_V1 = 128  # bytes of MQPMO's first version
_OBJECT_V1 = 168  # bytes of MQOD's first version
_STATUS_V1 = 224  # bytes of MQSTS's first version
_HAS_STRINGS = 4  # the version of MQOD from which on it has topic strings and selectors
_PUTS_BY_HANDLE = 3  # the version of MQPMO from which on it has message handles
_GETS_BY_HANDLE = slice(104, 112)  # MQGMO's MsgHandle, of its fourth version
_ASKED_TO_GET = slice(8, 12), slice(72, 76), _GETS_BY_HANDLE  # its Options, MatchOptions and MsgHandle
_ABOUT_DATA = slice(24, 40)  # MQMD's Encoding, CodedCharSetId and Format
_FORMAT = slice(32, 40)
_NOT_ASKED = -100_000  # as exchange.c has it
_DEFAULT_MAX_MESSAGE = 4_194_304
_LONGEST_HEARTBEAT = 999_999

for _name in ("MQBEGIN", "MQCB", "MQCTL", "MQSUB", "MQSUBRQ"):
    not_supported(_name)


@mqi
def MQCONN(name: Pointer, handle: Pointer) -> None:
    """Connects by the environment variable MQSERVER."""
    handle[0] = _UNUSABLE
    handle[0] = _connected(Connection.connect(_from_environment(_name_of(name))), shared=False)


@mqi
def MQCONNX(name: Pointer, options: Pointer, handle: Pointer) -> Reason:
    """Connects by the channel definition in MQCNO, or by MQSERVER where it has none.

    A warning says that the process has TLS set up already, and uses that.
    """
    handle[0] = _UNUSABLE
    channel = ffi.NULL
    if options.Version >= 2:
        channel = at(options, options.ClientConnPtr, options.ClientConnOffset)
    target = (
        _from_definition(_name_of(name), channel, options) if channel else _from_environment(_name_of(name))
    )
    if options.Version >= 5:
        target = _with_credentials(target, at(options, options.SecurityParmsPtr, options.SecurityParmsOffset))
    target = replace(target, takes_turns=bool(options.Options & _SHARE_BLOCK))
    shared = bool(options.Options & (_SHARE_BLOCK | _SHARE_NO_BLOCK))
    ignored = target.secure is not None and already_initialized()
    handle[0] = _connected(Connection.connect(target), shared=shared)
    return Reason.SSL_ALREADY_INITIALIZED if ignored else Reason.NONE


@mqi
def MQDISC(handle: Pointer) -> None:
    """Disconnects; the handle is of no use after it, but where another thread's call is in progress."""
    number = handle[0]
    connection = connection_of(number)
    try:
        connection.disconnect()
    finally:
        if connection.ended:
            forget(number)
            HANDLES.forget(number)
            handle[0] = _UNUSABLE


@mqi
def MQOPEN(connection: int, descriptor: Pointer, options: int, handle: Pointer) -> None:
    """Opens a queue, or the queue manager to inquire on."""
    handle[0] = _UNUSABLE
    target = _object_descriptor(descriptor)
    number, resolved = connection_of(connection).open(target, options, _selection(descriptor))
    handle[0] = number
    _write_object_descriptor(descriptor, resolved)


@mqi
def MQCLOSE(connection: int, handle: Pointer, options: int) -> None:
    """Closes."""
    connection_of(connection).close(handle[0], options)
    handle[0] = _UNUSABLE


@mqi
def put_in_python(
    connection: int,
    handle: int,
    descriptor: Pointer,
    options: Pointer,
    length: int,
    buffer: Pointer,
    received: Pointer,
    answered: int,
) -> None:
    """MQPUT, where it was not sent yet, or its answer is not the usual one."""
    asked = packed(MessageDescriptor, descriptor, Reason.MD_ERROR)
    sent, body = _with_properties(options, asked, data(buffer, length))
    began = _began(received, answered)
    told = connection_of(connection).put_packed(handle, sent, _put_options(options), body, began)
    write(descriptor, _as_said(asked, told[0]))
    _write_put_options(options, told[1])


@mqi
def MQPUT1(
    connection: int, target: Pointer, descriptor: Pointer, options: Pointer, length: int, buffer: Pointer
) -> None:
    """Opens, puts and closes."""
    asked = packed(MessageDescriptor, descriptor, Reason.MD_ERROR)
    sent, body = _with_properties(options, asked, data(buffer, length))
    told = connection_of(connection).put1(
        _object_descriptor(target),
        MessageDescriptor.unpack(sent, ORDER),
        PutMessageOptions.unpack(_put_options(options), ORDER),
        body,
    )
    write(descriptor, _as_said(asked, told[0].pack(ORDER)))
    _write_put_options(options, told[1].pack(ORDER))


@mqi
def get_in_python(
    connection: int,
    handle: int,
    descriptor: Pointer,
    options: Pointer,
    length: int,
    buffer: Pointer,
    data_length: Pointer,
    received: Pointer,
    answered: int,
) -> Reason:
    """MQGET, where it was not sent yet, or its answer is not the usual one.

    A message that is too long, or not converted, comes with a warning.
    """
    if length < 0:
        raise MQError(Reason.BUFFER_LENGTH_ERROR)
    wanted = packed(GetMessageOptions, options, Reason.GMO_ERROR)
    asked = packed(MessageDescriptor, descriptor, Reason.MD_ERROR)
    known = connection_of(connection)
    if message := _handle_in(wanted):
        got = fetched(get_into(HANDLES.get(message), known, handle, *_unpacked(asked, wanted), length))
    else:
        got = known.get_packed(handle, asked, wanted, length, _began(received, answered))
    write(descriptor, got.descriptor)
    _write_get_options(options, wanted, got.options)
    data_length[0] = got.length
    here = min(length, got.length)
    # Nothing of what the memory held before may pass for the message's.
    ffi.memmove(buffer, bytes(got.data).ljust(here, b"\0") if len(got.data) < here else got.data, here)
    return reason_of(got.reason) if got.reason else Reason.NONE


@passing
def pass_in_python(connection: int, frame: Pointer, length: int, into: Pointer, room: int) -> int:
    """Sends what `exchange.c` has made, and receives."""
    sent, came = ffi.buffer(frame, length), memoryview(ffi.buffer(into, room))
    return connection_of(connection).pass_frame(sent, came)


@mqi
def MQINQ(
    connection: int,
    handle: int,
    selector_count: int,
    selectors: Pointer,
    integer_count: int,
    integers: Pointer,
    character_length: int,
    characters: Pointer,
) -> None:
    """Inquires."""
    if selector_count < 0:
        raise MQError(Reason.SELECTOR_COUNT_ERROR)
    wanted = [selectors[index] for index in range(selector_count)]
    numbers, text = connection_of(connection).inquire(handle, wanted, integer_count, character_length)
    for index, number in enumerate(numbers[:integer_count]):
        integers[index] = number
    ffi.memmove(characters, text, min(character_length, len(text)))


@mqi
def MQSET(
    connection: int,
    handle: int,
    selector_count: int,
    selectors: Pointer,
    integer_count: int,
    integers: Pointer,
    character_length: int,
    characters: Pointer,
) -> None:
    """Sets attributes."""
    if selector_count < 0:
        raise MQError(Reason.SELECTOR_COUNT_ERROR)
    if integer_count < 0:
        raise MQError(Reason.INT_ATTR_COUNT_ERROR)
    connection_of(connection).set(
        handle,
        [selectors[index] for index in range(selector_count)],
        [integers[index] for index in range(integer_count)],
        bytes(data(characters, character_length)),
    )


@mqi
def MQSTAT(connection: int, kind: int, status: Pointer) -> None:
    """Tells how the puts that were not waited for went."""
    asked = StatusReport.unpack(first_version(StatusReport, status, Reason.STS_ERROR), ORDER)
    report = connection_of(connection).status(kind, asked)
    ffi.memmove(ffi.cast("char *", status) + 8, report.pack(ORDER)[8:_STATUS_V1], _STATUS_V1 - 8)


@mqi
def MQCMIT(connection: int) -> None:
    """Commits."""
    connection_of(connection).commit()


@mqi
def MQBACK(connection: int) -> None:
    """Backs out."""
    connection_of(connection).back_out()


def _connected(connection: Connection, *, shared: bool) -> int:
    """The handle of a new connection; `exchange.c` may use it too, where it is one thread's."""
    number = remember(connection, shared=shared)
    if not shared:
        reach = connection.reach
        lib.exchange_on(number, reach.socket, reach.largest, reach.patience)
        connection.on_end = functools.partial(lib.exchange_off, number)
    return number


def _began(received: Pointer, answered: int) -> Began | None:
    """What `exchange.c` says of a call: not sent, bytes that came for it, or an error's number, negative."""
    if answered == _NOT_ASKED:
        return None
    return Began(ffi.buffer(received, answered)[:]) if answered >= 0 else Began(error=-answered)


def _target(queue_manager: str, channel: str, connection_name: str) -> Target:
    return Target(
        parse_connection_name(connection_name),
        channel,
        queue_manager,
        system_user=_system_user(),
        application=Path(sys.argv[0]).name or "python",
        max_message_length=_DEFAULT_MAX_MESSAGE,
    )


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""


def _from_environment(queue_manager: str) -> Target:
    found = re.fullmatch(r"([^/]+)/TCP/(.+)", os.environ.get("MQSERVER", ""), re.IGNORECASE)
    if found is None:
        # With neither a channel definition nor MQSERVER, IBM's client looks in a table it does not find.
        raise MQError(Reason.Q_MGR_NAME_ERROR, "no MQCD given, and MQSERVER is not CHANNEL/TCP/HOST(PORT)")
    return _target(queue_manager, found[1], found[2])


def _from_definition(queue_manager: str, channel: Pointer, options: Pointer) -> Target:
    cd = ffi.cast("MQCD *", channel)
    target = _target(queue_manager, characters(cd.ChannelName), characters(cd.ConnectionName))
    target = replace(
        target, max_message_length=min(cd.MaxMsgLength, MAX_MESSAGE_LENGTH) or MAX_MESSAGE_LENGTH
    )
    if cd.Version >= 4:
        target = replace(target, heartbeat=min(max(0, cd.HeartbeatInterval), _LONGEST_HEARTBEAT))
    cipher_spec = characters(cd.SSLCipherSpec) if cd.Version >= 7 else ""
    if not cipher_spec:
        return target
    keys = at(options, options.SSLConfigPtr, options.SSLConfigOffset) if options.Version >= 4 else ffi.NULL
    settings = _tls_settings(cd, ffi.cast("MQSCO *", keys) if keys else None, cipher_spec)
    return replace(target, secure=wrapper(settings))


def _tls_settings(cd: Any, sco: Any, cipher_spec: str) -> Settings:
    repository = characters(sco.KeyRepository) if sco else ""
    label = characters(cd.CertificateLabel) if cd.Version >= 11 else ""
    # The environment's password is for those whose MQSCO has no room for one.
    password = os.environ.get("MQKEYRPWD", "")
    if sco and sco.Version >= 5:
        label = label or characters(sco.CertificateLabel)
    if sco and sco.Version >= 6 and sco.KeyRepoPasswordLength > 0:
        password = text(sco, sco.KeyRepoPasswordPtr, sco.KeyRepoPasswordOffset, sco.KeyRepoPasswordLength)
    peer_name = ""
    if cd.SSLPeerNamePtr and cd.SSLPeerNameLength > 0:
        peer_name = text(cd, cd.SSLPeerNamePtr, 0, cd.SSLPeerNameLength)
    return Settings(
        cipher_spec,
        repository or os.environ.get("MQSSLKEYR", ""),
        password,
        label,
        peer_name,
    )


def _with_credentials(target: Target, security: Pointer) -> Target:
    if not security:
        return target
    csp = ffi.cast("MQCSP *", security)
    if csp.AuthenticationType != _USER_AND_PASSWORD:
        return target
    user = text(csp, csp.CSPUserIdPtr, csp.CSPUserIdOffset, csp.CSPUserIdLength)
    password = text(csp, csp.CSPPasswordPtr, csp.CSPPasswordOffset, csp.CSPPasswordLength)
    if any(letter > "\xff" for letter in user):
        raise MQError(Reason.NOT_AUTHORIZED, "a user's name with letters that MQ can't write")
    return replace(target, user=user, password=password)


def _name_of(name: Pointer) -> str:
    return decode_characters(ffi.string(name, 48)) if name else ""


def _put_options(pointer: Pointer) -> bytes:
    return first_version(PutMessageOptions, pointer, Reason.PMO_ERROR)


def _handle_in(options: bytes) -> int:
    """The message handle of an MQGMO; 0 for none."""
    if len(options) < _GETS_BY_HANDLE.stop:
        return 0
    return max(0, int.from_bytes(options[_GETS_BY_HANDLE], "little", signed=True))


def _unpacked(descriptor: bytes, options: bytes) -> tuple[MessageDescriptor, GetMessageOptions]:
    return MessageDescriptor.unpack(descriptor, ORDER), GetMessageOptions.unpack(options, ORDER)


def _with_properties(options: Pointer, descriptor: bytes, body: memoryview) -> tuple[bytes, Buffer]:
    """What is put: with the properties of the message handle in MQPMO, where there is one."""
    given = ffi.cast("MQPMO *", options)
    if not options or given.Version < _PUTS_BY_HANDLE:
        return descriptor, body
    if given.NewMsgHandle > 0 or given.Action:
        raise MQError(Reason.FUNCTION_NOT_SUPPORTED, "a new message handle, and actions but MQACTP_NEW")
    if given.OriginalMsgHandle <= 0:
        return descriptor, body
    message = MessageDescriptor.unpack(descriptor, ORDER)
    sent, framed = with_properties(HANDLES.get(given.OriginalMsgHandle), message, body)
    return sent.pack(ORDER), framed


def _as_said(asked: bytes, told: Buffer) -> Buffer:
    """The descriptor as it was put; its data is still said to be what the program said."""
    if told[_FORMAT] == asked[_FORMAT] or decode_characters(bytes(told[_FORMAT])) == decode_characters(
        asked[_FORMAT]
    ):
        return told
    return bytes(told[: _ABOUT_DATA.start]) + asked[_ABOUT_DATA] + told[_ABOUT_DATA.stop :]


def _object_descriptor(pointer: Pointer) -> ObjectDescriptor:
    descriptor = ffi.cast("MQOD *", pointer)
    first = ObjectDescriptor.unpack(first_version(ObjectDescriptor, pointer, Reason.OD_ERROR), ORDER)
    if descriptor.Version < 3:
        return first
    if descriptor.Version >= _HAS_STRINGS and descriptor.ObjectString.VSLength:
        raise MQError(Reason.FUNCTION_NOT_SUPPORTED, "topic strings")
    # The third version tells which queue a name stands for.
    return first.but(version=3)


def _selection(pointer: Pointer) -> bytes:
    """The selector that a queue is opened with; empty for none."""
    descriptor = ffi.cast("MQOD *", pointer)
    if descriptor.Version < _HAS_STRINGS:
        return b""
    return variable(descriptor, descriptor.SelectionString)


def _write_put_options(pointer: Pointer, told: Buffer) -> None:
    # All of the first version but the version itself, which is the caller's.
    ffi.memmove(ffi.cast("char *", pointer) + 8, told[8:_OPTIONS_V1], _OPTIONS_V1 - 8)


def _write_get_options(pointer: Pointer, asked: bytes, told: Buffer) -> None:
    """What is told, with what was asked: a handle may have had it asked in another way."""
    write(pointer, told)
    for part in _ASKED_TO_GET:
        if kept := asked[part]:
            ffi.memmove(ffi.cast("char *", pointer) + part.start, kept, len(kept))


def _write_object_descriptor(pointer: Pointer, resolved: ObjectDescriptor) -> None:
    packed = resolved.but(version=1).pack(ORDER)
    ffi.memmove(ffi.cast("char *", pointer) + 8, packed[8:_OBJECT_V1], _OBJECT_V1 - 8)
    descriptor = ffi.cast("MQOD *", pointer)
    if descriptor.Version >= 3:
        for name, target in (
            (resolved.resolved_queue, descriptor.ResolvedQName),
            (resolved.resolved_queue_manager, descriptor.ResolvedQMgrName),
        ):
            ffi.memmove(target, name.encode("latin-1").ljust(48), 48)
