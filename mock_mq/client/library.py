"""The MQI as C programs call it, in Python: what `_standin`, loaded as libmqm_r.so, calls back into.

Structures without pointers (MQMD, MQGMO, the first version of MQOD and MQPMO) lie in a C program's memory as
they travel, so the wire's own codecs read and write them there. No exception ever reaches C.
"""

from __future__ import annotations

import ctypes
import functools
import getpass
import itertools
import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from mock_mq.client import _standin
from mock_mq.client._standin import ffi
from mock_mq.client.connection import Connection, Target, parse_connection_name, reason_of
from mock_mq.client.tls import Settings, wrapper
from mock_mq.constants import CompletionCode, Reason
from mock_mq.errors import MQError
from mock_mq.wire.fields import ByteOrder, Structure, WireError, decode_characters
from mock_mq.wire.segment import MAX_MESSAGE_LENGTH
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

log = logging.getLogger(__name__)

Pointer = Any
"""A cffi pointer."""
S = TypeVar("S", bound=Structure)
SHARED_OBJECT: str = _standin.__file__
"""The file that is loaded as libmqm_r.so."""

_ORDER = ByteOrder.LITTLE
_UNUSABLE = -1  # MQHC_UNUSABLE_HCONN, MQHO_UNUSABLE_HOBJ
_SHARE_BLOCK, _SHARE_NO_BLOCK = 0x40, 0x80  # MQCNO_HANDLE_SHARE_*
_USER_AND_PASSWORD = 1  # MQCSP_AUTH_USER_ID_AND_PWD
_OPTIONS_V1 = 128  # bytes of MQPMO's first version
_OBJECT_V1 = 168  # bytes of MQOD's first version
_DEFAULT_MAX_MESSAGE = 4_194_304
_LONGEST_HEARTBEAT = 999_999

# C can't hand on what a signal's handler raises in the middle of a call (KeyboardInterrupt, above all), so it
# is raised again in Python once the call has returned. No bytecode of ours may run for that, or it would come
# at once: this is C's function, which reads a thread and a class, and not the two arguments that cffi adds.
_raise_after = functools.partial(
    ctypes.PYFUNCTYPE(None, ctypes.c_ulong, *3 * [ctypes.py_object])(
        ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
    ),
    threading.main_thread().ident,
)


@dataclass(slots=True)
class _Connected:
    connection: Connection
    thread: int | None
    """The one thread that may use it; None where MQCNO_HANDLE_SHARE_* was asked for."""


_connections: dict[int, _Connected] = {}
_next_handle = itertools.count(1)


def _mqi(function: Callable[..., Reason | None]) -> Callable[..., Reason | None]:
    """Makes `function` the MQI call of its name; its reason, or what it raises, goes to the last two."""

    @functools.wraps(function)
    def callback(*arguments: Any) -> None:
        *given, completion, reason = arguments
        # What stays if a signal's handler raises: the connection can't be used any more.
        completion[0], reason[0] = int(CompletionCode.FAILED), int(Reason.CONNECTION_BROKEN)
        try:
            warning = function(*given) or Reason.NONE
            outcome = (CompletionCode.WARNING if warning else CompletionCode.OK, warning)
        except MQError as e:
            log.debug("%s: %s", function.__name__, e)
            outcome = (e.completion, e.reason)
        except Exception:
            log.exception("%s failed in the stand-in client library", function.__name__)
            outcome = (CompletionCode.FAILED, Reason.UNEXPECTED_ERROR)
        completion[0], reason[0] = int(outcome[0]), int(outcome[1])

    ffi.def_extern(function.__name__, onerror=_raise_after)(callback)
    return function


def _not_supported(name: str) -> None:
    def refuse(*_arguments: Any) -> None:
        raise MQError(Reason.FUNCTION_NOT_SUPPORTED, name)

    refuse.__name__ = name
    _mqi(refuse)


_NOT_SUPPORTED = (
    *("MQBEGIN", "MQCB", "MQCTL", "MQSET", "MQSTAT", "MQSUB", "MQSUBRQ"),
    *("MQCRTMH", "MQDLTMH", "MQSETMP", "MQINQMP", "MQDLTMP"),
)
for _name in _NOT_SUPPORTED:
    _not_supported(_name)


def _connection(handle: int) -> Connection:
    connected = _connections.get(handle)
    if connected is None or connected.thread not in (None, threading.get_ident()):
        raise MQError(Reason.HCONN_ERROR, str(handle))
    return connected.connection


@_mqi
def MQCONN(name: Pointer, handle: Pointer) -> None:
    """Connects by the environment variable MQSERVER."""
    handle[0] = _UNUSABLE
    _remember(handle, Connection.connect(_from_environment(_name_of(name))), shared=False)


@_mqi
def MQCONNX(name: Pointer, options: Pointer, handle: Pointer) -> None:
    """Connects by the channel definition in MQCNO, or by MQSERVER where it has none."""
    handle[0] = _UNUSABLE
    channel = ffi.NULL
    if options.Version >= 2:
        channel = _at(options, options.ClientConnPtr, options.ClientConnOffset)
    target = (
        _from_definition(_name_of(name), channel, options) if channel else _from_environment(_name_of(name))
    )
    if options.Version >= 5:
        target = _with_credentials(
            target, _at(options, options.SecurityParmsPtr, options.SecurityParmsOffset)
        )
    target = replace(target, takes_turns=bool(options.Options & _SHARE_BLOCK))
    shared = bool(options.Options & (_SHARE_BLOCK | _SHARE_NO_BLOCK))
    _remember(handle, Connection.connect(target), shared=shared)


@_mqi
def MQDISC(handle: Pointer) -> None:
    """Disconnects; the handle is of no use after it, but where another thread's call is in progress."""
    number = handle[0]
    connection = _connection(number)
    try:
        connection.disconnect()
    finally:
        if connection.ended:
            _connections.pop(number, None)
            handle[0] = _UNUSABLE


@_mqi
def MQOPEN(connection: int, descriptor: Pointer, options: int, handle: Pointer) -> None:
    """Opens a queue, or the queue manager to inquire on."""
    handle[0] = _UNUSABLE
    target = _object_descriptor(descriptor)
    number, resolved = _connection(connection).open(target, options)
    handle[0] = number
    _write_object_descriptor(descriptor, resolved)


@_mqi
def MQCLOSE(connection: int, handle: Pointer, options: int) -> None:
    """Closes."""
    _connection(connection).close(handle[0], options)
    handle[0] = _UNUSABLE


@_mqi
def MQPUT(
    connection: int, handle: int, descriptor: Pointer, options: Pointer, length: int, buffer: Pointer
) -> None:
    """Puts."""
    done = _connection(connection).put(
        handle, _message_descriptor(descriptor), _put_options(options), _data(buffer, length)
    )
    _write(descriptor, done[0].pack(_ORDER))
    _write_put_options(options, done[1])


@_mqi
def MQPUT1(
    connection: int, target: Pointer, descriptor: Pointer, options: Pointer, length: int, buffer: Pointer
) -> None:
    """Opens, puts and closes."""
    done = _connection(connection).put1(
        _object_descriptor(target),
        _message_descriptor(descriptor),
        _put_options(options),
        _data(buffer, length),
    )
    _write(descriptor, done[0].pack(_ORDER))
    _write_put_options(options, done[1])


@_mqi
def MQGET(
    connection: int,
    handle: int,
    descriptor: Pointer,
    options: Pointer,
    length: int,
    buffer: Pointer,
    data_length: Pointer,
) -> Reason:
    """Gets. A message that is too long, or not converted, comes with a warning."""
    if length < 0:
        raise MQError(Reason.BUFFER_LENGTH_ERROR)
    wanted = _get_options(options)
    got = _connection(connection).get(handle, _message_descriptor(descriptor), wanted, length)
    _write(descriptor, got.descriptor.pack(_ORDER))
    _write(options, got.options.pack(_ORDER))
    data_length[0] = got.length
    here = min(length, got.length)
    # Nothing of what the memory held before may pass for the message's.
    ffi.memmove(buffer, bytes(got.data[:here]).ljust(here, b"\0") if len(got.data) < here else got.data, here)
    return reason_of(got.header.reason)


@_mqi
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
    numbers, text = _connection(connection).inquire(handle, wanted, integer_count, character_length)
    for index, number in enumerate(numbers[:integer_count]):
        integers[index] = number
    ffi.memmove(characters, text, min(character_length, len(text)))


@_mqi
def MQCMIT(connection: int) -> None:
    """Commits."""
    _connection(connection).commit()


@_mqi
def MQBACK(connection: int) -> None:
    """Backs out."""
    _connection(connection).back_out()


def _remember(handle: Pointer, connection: Connection, *, shared: bool) -> None:
    number = next(_next_handle)
    _connections[number] = _Connected(connection, None if shared else threading.get_ident())
    handle[0] = number


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
    target = _target(queue_manager, _characters(cd.ChannelName), _characters(cd.ConnectionName))
    target = replace(
        target, max_message_length=min(cd.MaxMsgLength, MAX_MESSAGE_LENGTH) or MAX_MESSAGE_LENGTH
    )
    if cd.Version >= 4:
        target = replace(target, heartbeat=min(max(0, cd.HeartbeatInterval), _LONGEST_HEARTBEAT))
    cipher_spec = _characters(cd.SSLCipherSpec) if cd.Version >= 7 else ""
    if not cipher_spec:
        return target
    keys = _at(options, options.SSLConfigPtr, options.SSLConfigOffset) if options.Version >= 4 else ffi.NULL
    settings = _tls_settings(cd, ffi.cast("MQSCO *", keys) if keys else None, cipher_spec)
    return replace(target, secure=wrapper(settings))


def _tls_settings(cd: Any, sco: Any, cipher_spec: str) -> Settings:
    repository = _characters(sco.KeyRepository) if sco else ""
    label = _characters(cd.CertificateLabel) if cd.Version >= 11 else ""
    # The environment's password is for those whose MQSCO has no room for one.
    password = os.environ.get("MQKEYRPWD", "")
    if sco and sco.Version >= 5:
        label = label or _characters(sco.CertificateLabel)
    if sco and sco.Version >= 6 and sco.KeyRepoPasswordLength > 0:
        password = _text(sco, sco.KeyRepoPasswordPtr, sco.KeyRepoPasswordOffset, sco.KeyRepoPasswordLength)
    peer_name = ""
    if cd.SSLPeerNamePtr and cd.SSLPeerNameLength > 0:
        peer_name = _text(cd, cd.SSLPeerNamePtr, 0, cd.SSLPeerNameLength)
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
    user = _text(csp, csp.CSPUserIdPtr, csp.CSPUserIdOffset, csp.CSPUserIdLength)
    password = _text(csp, csp.CSPPasswordPtr, csp.CSPPasswordOffset, csp.CSPPasswordLength)
    if any(letter > "\xff" for letter in user):
        raise MQError(Reason.NOT_AUTHORIZED, "a user's name with letters that MQ can't write")
    return replace(target, user=user, password=password)


def _at(structure: Pointer, pointer: Pointer, offset: int) -> Pointer:
    """MQ's two ways to point: a pointer, or an offset from the start of the structure."""
    if pointer:
        return pointer
    return ffi.cast("char *", structure) + offset if offset else ffi.NULL


def _text(structure: Pointer, pointer: Pointer, offset: int, length: int) -> str:
    start = _at(structure, pointer, offset)
    return bytes(ffi.buffer(start, length)).decode(errors="replace") if start and length > 0 else ""


def _characters(field: Pointer) -> str:
    return decode_characters(bytes(ffi.buffer(field)))


def _name_of(name: Pointer) -> str:
    return decode_characters(ffi.string(name, 48)) if name else ""


def _data(buffer: Pointer, length: int) -> memoryview:
    if length < 0:
        raise MQError(Reason.BUFFER_LENGTH_ERROR)
    return memoryview(ffi.buffer(buffer, length)) if length else memoryview(b"")


def _write(pointer: Pointer, data: bytes) -> None:
    ffi.memmove(pointer, data, len(data))


def _message_descriptor(pointer: Pointer) -> MessageDescriptor:
    return _read(MessageDescriptor, pointer, Reason.MD_ERROR)


def _get_options(pointer: Pointer) -> GetMessageOptions:
    options = _read(GetMessageOptions, pointer, Reason.GMO_ERROR)
    if options.version >= 4 and options.message_handle > 0:
        raise MQError(Reason.HMSG_ERROR, "message handles are not supported")
    return options


def _put_options(pointer: Pointer) -> PutMessageOptions:
    options = ffi.cast("MQPMO *", pointer)
    if options.Version >= 3 and (options.OriginalMsgHandle > 0 or options.NewMsgHandle > 0):
        raise MQError(Reason.HMSG_ERROR, "message handles are not supported")
    return _first_version(PutMessageOptions, pointer, _OPTIONS_V1, Reason.PMO_ERROR)


def _object_descriptor(pointer: Pointer) -> ObjectDescriptor:
    descriptor = ffi.cast("MQOD *", pointer)
    first = _first_version(ObjectDescriptor, pointer, _OBJECT_V1, Reason.OD_ERROR)
    if descriptor.Version < 3:
        return first
    if descriptor.Version >= 4 and (descriptor.ObjectString.VSLength or descriptor.SelectionString.VSLength):
        raise MQError(Reason.FUNCTION_NOT_SUPPORTED, "topic strings and selectors")
    # The third version tells which queue a name stands for.
    return replace(first, version=3)


def _read(kind: type[S], pointer: Pointer, error: Reason) -> S:
    if not pointer:
        raise MQError(error)
    try:
        return kind.unpack(ffi.buffer(pointer, kind.longest()), _ORDER)
    except WireError as e:
        raise MQError(error, str(e)) from None


def _first_version(kind: type[S], pointer: Pointer, length: int, error: Reason) -> S:
    """Reads what a later version of the structure begins with as its first version."""
    if not pointer:
        raise MQError(error)
    raw = bytes(ffi.buffer(pointer, length))
    try:
        return kind.unpack(raw[:4] + (1).to_bytes(4, "little") + raw[8:], _ORDER)
    except WireError as e:
        raise MQError(error, str(e)) from None


def _write_put_options(pointer: Pointer, options: PutMessageOptions) -> None:
    # All of the first version but the version itself, which is the caller's.
    packed = options.pack(_ORDER)
    ffi.memmove(ffi.cast("char *", pointer) + 8, packed[8:_OPTIONS_V1], _OPTIONS_V1 - 8)


def _write_object_descriptor(pointer: Pointer, resolved: ObjectDescriptor) -> None:
    packed = replace(resolved, version=1).pack(_ORDER)
    ffi.memmove(ffi.cast("char *", pointer) + 8, packed[8:_OBJECT_V1], _OBJECT_V1 - 8)
    descriptor = ffi.cast("MQOD *", pointer)
    if descriptor.Version >= 3:
        for name, target in (
            (resolved.resolved_queue, descriptor.ResolvedQName),
            (resolved.resolved_queue_manager, descriptor.ResolvedQMgrName),
        ):
            ffi.memmove(target, name.encode("latin-1").ljust(48), 48)
