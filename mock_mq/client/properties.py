"""The MQI's calls on message handles, and what a handle does to the message that is put or got with it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace

from code_pages.ccsid import codec
from mock_mq.client._standin import ffi
from mock_mq.client.callbacks import mqi
from mock_mq.client.connection import Connection
from mock_mq.client.connections import connection_of
from mock_mq.client.memory import Pointer, at, variable, write
from mock_mq.client.message_handles import MessageHandle, MessageHandles
from mock_mq.constants import CompletionCode, GetOption, MatchOption, Reason
from mock_mq.errors import MQError
from mock_mq.wire.calls import Got
from mock_mq.wire.fields import Buffer, ByteOrder, WireError
from mock_mq.wire.properties import Property, PropertyType, Value, read
from mock_mq.wire.properties import write as folders_of
from mock_mq.wire.rfh2 import FORMAT, Rfh2, order_of
from mock_mq.wire.structures import GetMessageOptions, MessageDescriptor

HANDLES = MessageHandles()
"""The message handles of this process."""

_UNASSOCIATED = -3  # MQHC_UNASSOCIATED_HCONN
_UNUSABLE = -1  # MQHM_UNUSABLE_HMSG
_NATIVE = 546
_UTF_8 = 1208
_NULL_TERMINATED = -1  # MQVL_NULL_TERMINATED
_CONVERT_TYPE, _QUERY_LENGTH = 0x2, 0x4  # MQIMPO_*
_AS_SET = 0
_INHERITED = -2  # MQCCSI_INHERIT
_HEADER_AT_MOST = 65_536
_LENGTH_FIELD = slice(8, 12)  # StrucLength in an MQRFH2

_NUMBERS: Mapping[int, str] = {
    PropertyType.BOOLEAN: "<i",
    PropertyType.INT8: "<b",
    PropertyType.INT16: "<h",
    PropertyType.INT32: "<i",
    PropertyType.INT64: "<q",
    PropertyType.FLOAT32: "<f",
    PropertyType.FLOAT64: "<d",
}
_FLOATS = (PropertyType.FLOAT32, PropertyType.FLOAT64)


@mqi
def MQCRTMH(connection: int, options: Pointer, handle: Pointer) -> None:  # noqa: ARG001
    """Makes a message handle."""
    handle[0] = _UNUSABLE
    if connection != _UNASSOCIATED:
        connection_of(connection)
    handle[0] = HANDLES.create(connection)


@mqi
def MQDLTMH(connection: int, handle: Pointer, options: Pointer) -> None:  # noqa: ARG001
    """Deletes a message handle."""
    HANDLES.delete(handle[0])
    handle[0] = _UNUSABLE


@mqi
def MQSETMP(
    connection: int,  # noqa: ARG001
    handle: int,
    options: Pointer,
    name: Pointer,
    descriptor: Pointer,  # noqa: ARG001
    kind: int,
    length: int,
    value: Pointer,
) -> None:
    """Sets a property."""
    known = HANDLES.get(handle)
    ccsid = ffi.cast("MQSMPO *", options).ValueCCSID if options else _UTF_8
    known.set(_name(name), *_from_memory(kind, length, value, ccsid))


@mqi
def MQDLTMP(connection: int, handle: int, options: Pointer, name: Pointer) -> None:  # noqa: ARG001
    """Deletes a property."""
    HANDLES.get(handle).delete(_name(name))


@mqi
def MQINQMP(
    connection: int,  # noqa: ARG001
    handle: int,
    options: Pointer,
    name: Pointer,
    descriptor: Pointer,  # noqa: ARG001
    kind: Pointer,
    room: int,
    value: Pointer,
    length: Pointer,
) -> None:
    """Tells a property's value, and its name where a pattern was asked for."""
    length[0] = 0
    asked = ffi.cast("MQIMPO *", options)
    found = HANDLES.get(handle).inquire(_name(name), asked.Options)
    wanted = found.type
    if kind[0] not in (_AS_SET, found.type):
        if not asked.Options & _CONVERT_TYPE:
            raise MQError(Reason.PROP_CONV_NOT_SUPPORTED, found.name)
        wanted = _kind(kind[0])
    content = _to_memory(wanted, _converted(found, wanted))
    kind[0] = int(wanted)
    length[0] = len(content)
    asked.ReturnedCCSID, asked.ReturnedEncoding = _UTF_8, _NATIVE
    _return_name(asked, found.name)
    if asked.Options & _QUERY_LENGTH:
        return
    write(value, content[: max(0, room)])
    if len(content) > room:
        raise MQError(Reason.PROPERTY_VALUE_TOO_BIG, f"{len(content)} bytes")


def with_properties(
    handle: MessageHandle, descriptor: MessageDescriptor, data: Buffer
) -> tuple[MessageDescriptor, Buffer]:
    """A message as it travels: with the handle's properties in an MQRFH2 in front of its data."""
    if not handle:
        return descriptor, data
    header = Rfh2(
        descriptor.encoding, descriptor.ccsid or _INHERITED, descriptor.format, folders=folders_of(handle)
    )
    outer = descriptor.but(format=FORMAT, encoding=_NATIVE, ccsid=descriptor.ccsid or _UTF_8)
    return outer, header.pack(_NATIVE) + bytes(data)


def get_into(
    handle: MessageHandle,
    connection: Connection,
    queue: int,
    descriptor: MessageDescriptor,
    options: GetMessageOptions,
    room: int,
) -> Got:
    """MQGET with a message handle, whose properties are then the message's; `room` is for its data alone."""
    asked = options.options & ~GetOption.PROPERTIES_IN_HANDLE
    careful = options.but(options=asked & ~GetOption.ACCEPT_TRUNCATED_MSG)
    while True:
        got = connection.get(queue, descriptor, careful, room)
        if got.header.reason != Reason.TRUNCATED_MSG_FAILED:
            return _without_header(handle, got)
        start = _header_length(got)
        length = got.length - start
        if start and length <= room:
            again = careful.but(options=_at_once(careful.options))
        elif asked & GetOption.ACCEPT_TRUNCATED_MSG:
            again = careful.but(options=_at_once(asked))
        else:
            return replace(got, length=length, data=got.data[start:])
        # The token says which one it was, however many have come or gone meanwhile.
        again = again.but(match_options=MatchOption.MSG_TOKEN, message_token=got.options.message_token)
        try:
            taken = connection.get(queue, descriptor, again, (start or _HEADER_AT_MOST) + room)
        except MQError as e:
            if e.reason is Reason.NO_MSG_AVAILABLE:
                continue  # somebody else was faster
            raise
        return _cut(_without_header(handle, taken), room)


def _at_once(options: int) -> int:
    """The same get once more, of a message that is known: no wait, and from the start of the queue."""
    options &= ~GetOption.WAIT
    return (
        options & ~GetOption.BROWSE_NEXT | GetOption.BROWSE_FIRST
        if options & GetOption.BROWSE_NEXT
        else options
    )


def _header_length(got: Got) -> int:
    """The length of the MQRFH2 in front of a message, as far as that can be seen; 0 for none."""
    if got.descriptor.format != FORMAT or len(got.data) < _LENGTH_FIELD.stop:
        return 0
    little = order_of(got.descriptor.encoding) is ByteOrder.LITTLE
    length = int.from_bytes(got.data[_LENGTH_FIELD], "little" if little else "big")
    return length if length <= got.length else 0


def _without_header(handle: MessageHandle, got: Got) -> Got:
    """A message's properties go to the handle, and its data is what is behind them."""
    header, start = None, 0
    if got.descriptor.format == FORMAT:
        try:
            header, start = Rfh2.unpack(got.data, got.descriptor.encoding)
        except WireError:
            header = None
    handle.replace_all(read(header.folders) if header else ())
    if header is None:
        return got
    inner = got.descriptor.but(
        format=header.format,
        encoding=header.encoding,
        ccsid=got.descriptor.ccsid if header.ccsid == _INHERITED else header.ccsid,
    )
    return replace(got, descriptor=inner, length=got.length - start, data=got.data[start:])


def _cut(got: Got, room: int) -> Got:
    if got.length <= room:
        return got
    header = got.header.but(completion=CompletionCode.WARNING, reason=Reason.TRUNCATED_MSG_ACCEPTED)
    return replace(got, data=got.data[:room], header=header)


def _name(name: Pointer) -> str:
    raw = variable(name, ffi.cast("MQCHARV *", name)) if name else b""
    try:
        found = raw.decode()
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise MQError(Reason.PROPERTY_NAME_ERROR, "a property without a name")
    return found


def _kind(number: int) -> PropertyType:
    try:
        return PropertyType(number)
    except ValueError:
        raise MQError(Reason.PROPERTY_TYPE_ERROR, str(number)) from None


def _from_memory(number: int, length: int, value: Pointer, ccsid: int) -> tuple[PropertyType, Value]:
    """A property's value where a program has it."""
    kind = _kind(number)
    layout = _NUMBERS.get(kind)
    if kind is PropertyType.NULL:
        return kind, None
    if layout is not None:
        (found,) = struct.unpack(layout, ffi.buffer(value, struct.calcsize(layout)))
        return kind, bool(found) if kind is PropertyType.BOOLEAN else found
    if length < 0 and length != _NULL_TERMINATED:
        raise MQError(Reason.BUFFER_LENGTH_ERROR, str(length))
    if kind is PropertyType.BYTE_STRING:
        return kind, bytes(ffi.buffer(value, max(0, length)))
    raw = bytes(ffi.string(ffi.cast("char *", value)) if length < 0 else ffi.buffer(value, length))
    try:
        return kind, raw.decode(codec(ccsid, _NATIVE) or "utf-8")
    except UnicodeDecodeError:
        raise MQError(Reason.PROP_VALUE_NOT_CONVERTED, f"not text in CCSID {ccsid}") from None


def _to_memory(kind: PropertyType, value: Value) -> bytes:
    layout = _NUMBERS.get(kind)
    if layout is not None:
        return struct.pack(layout, value)
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, bytes) else b""


def _converted(found: Property, wanted: PropertyType) -> Value:
    """MQIMPO_CONVERT_TYPE: numbers to wider ones, and anything to text and back. Raises 2470 and 2472."""
    value = found.value
    if wanted == found.type:
        return value
    if wanted is PropertyType.STRING:
        return _as_text(found)
    if wanted not in _NUMBERS or value is None:
        raise MQError(Reason.PROP_CONV_NOT_SUPPORTED, found.name)
    try:
        number = float(value) if wanted in _FLOATS else int(value)
        if wanted is PropertyType.BOOLEAN:
            return bool(number)
        struct.pack(_NUMBERS[wanted], number)
    except (ValueError, struct.error, OverflowError):
        raise MQError(Reason.PROP_NUMBER_FORMAT_ERROR, found.name) from None
    return number


def _as_text(found: Property) -> str:
    value = found.value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, bytes):
        return value.hex().upper()
    return "" if value is None else str(value)


def _return_name(options: Pointer, name: str) -> None:
    """Where a program gave room for it, the property's whole name."""
    field = options.ReturnedName
    room = at(options, field.VSPtr, field.VSOffset)
    raw = name.encode()
    if room and field.VSBufSize > 0:
        write(room, raw[: field.VSBufSize])
        field.VSCCSID = _UTF_8
    field.VSLength = len(raw)
