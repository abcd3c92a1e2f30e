"""MQCFH and the parameter structures behind it, both ways, in any byte order and CCSID.

As in "Structures for commands and responses" of the IBM MQ documentation.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from code_pages.ccsid import codec
from mock_mq.wire.fields import Buffer, Int, Structure, WireError
from mock_mq.wire.rfh2 import order_of

_MAX_PARAMETERS = 4096


class Kind(IntEnum):
    """MQCFT_*: commands, responses, and the kinds of parameters."""

    COMMAND = 1
    RESPONSE = 2
    INTEGER = 3
    STRING = 4
    INTEGER_LIST = 5
    STRING_LIST = 6
    BYTE_STRING = 9
    INTEGER_FILTER = 13
    STRING_FILTER = 14
    BYTE_STRING_FILTER = 15
    COMMAND_XR = 16
    GROUP = 20
    INTEGER64 = 23
    INTEGER64_LIST = 25


@dataclass(frozen=True)
class Header(Structure):
    """MQCFH. `control` is 1 in the last message of an answer, `count` the number of parameters."""

    kind: Int = Kind.COMMAND
    own_length: Int = 36
    version: Int = 1
    command: Int = 0
    sequence: Int = 1
    control: Int = 1
    completion: Int = 0
    reason: Int = 0
    count: Int = 0


Value = int | str | bytes | Sequence[int] | Sequence[str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: what it is (MQIA_*, MQCA_*, MQIACF_*, ...), and its value.

    `operator` is a filter's (MQCFOP_*). An integer of `wide` takes 64 bits.
    """

    id: int
    value: Value = field()
    operator: int | None = None
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A PCF message: header and parameters."""

    header: Header
    parameters: tuple[Parameter, ...] = ()

    @classmethod
    def unpack(cls, data: Buffer, ccsid: int, encoding: int) -> Message:
        """Reads a message whose integers and texts are written so. Raises `WireError`."""
        order = order_of(encoding)
        header = Header.unpack(data, order)
        if not 0 <= header.count <= _MAX_PARAMETERS:
            raise WireError(f"PCF: {header.count} parameters")
        rest = memoryview(data)[36:]
        parameters = []
        for _ in range(header.count):
            parameter, length = _parameter(rest, order.prefix, ccsid, encoding)
            if parameter is not None:
                parameters.append(parameter)
            rest = rest[length:]
        return cls(header, tuple(parameters))

    def pack(self, ccsid: int, encoding: int) -> bytes:
        """The message with its integers and texts written so."""
        order = order_of(encoding)
        header = self.header.but(count=len(self.parameters))
        written = (_packed(each, order.prefix, ccsid, encoding) for each in self.parameters)
        return header.pack(order) + b"".join(written)


def _parameter(data: memoryview, prefix: str, ccsid: int, encoding: int) -> tuple[Parameter | None, int]:
    """The parameter that comes next, and its length; None for the start of a group, whose own follow."""
    if len(data) < 12:
        raise WireError(f"PCF: {len(data)} bytes of a parameter")
    kind, length, what = struct.unpack_from(f"{prefix}3i", data)
    if not 12 <= length <= len(data):
        raise WireError(f"PCF: a parameter of {length} bytes where {len(data)} are left")
    rest = data[12:length]
    if kind == Kind.GROUP:
        return None, length
    reader = _READERS.get(kind)
    if reader is None:
        raise WireError(f"PCF: a parameter of type {kind}")
    try:
        return reader(what, rest, prefix, _codec(ccsid, encoding), encoding), length
    except (struct.error, UnicodeDecodeError):
        raise WireError(f"PCF: parameter {what} is not what its type says") from None


def _codec(ccsid: int, encoding: int) -> str:
    return codec(ccsid, encoding) or "latin_1"


def _integer(what: int, rest: memoryview, prefix: str, _codec_name: str, _encoding: int) -> Parameter:
    return Parameter(what, struct.unpack_from(f"{prefix}i", rest)[0])


def _integer_filter(what: int, rest: memoryview, prefix: str, _name: str, _encoding: int) -> Parameter:
    operator, value = struct.unpack_from(f"{prefix}2i", rest)
    return Parameter(what, value, operator)


def _wide_integer(what: int, rest: memoryview, prefix: str, _name: str, _encoding: int) -> Parameter:
    return Parameter(what, struct.unpack_from(f"{prefix}4xq", rest)[0], wide=True)


def _text(raw: memoryview, own_ccsid: int, name: str, encoding: int) -> str:
    chosen = name if own_ccsid in (0, -2) else _codec(own_ccsid, encoding)
    return bytes(raw).decode(chosen).rstrip("\0 ")


def _taken(rest: memoryview, at: int, length: int) -> memoryview:
    if not 0 <= length <= len(rest) - at:
        raise WireError(f"PCF: {length} bytes are told of, {len(rest) - at} are there")
    return rest[at : at + length]


def _string(what: int, rest: memoryview, prefix: str, name: str, encoding: int) -> Parameter:
    ccsid, length = struct.unpack_from(f"{prefix}2i", rest)
    return Parameter(what, _text(_taken(rest, 8, length), ccsid, name, encoding))


def _string_filter(what: int, rest: memoryview, prefix: str, name: str, encoding: int) -> Parameter:
    operator, ccsid, length = struct.unpack_from(f"{prefix}3i", rest)
    return Parameter(what, _text(_taken(rest, 12, length), ccsid, name, encoding), operator)


def _byte_string(what: int, rest: memoryview, prefix: str, _name: str, _encoding: int) -> Parameter:
    (length,) = struct.unpack_from(f"{prefix}i", rest)
    return Parameter(what, bytes(_taken(rest, 4, length)))


def _byte_filter(what: int, rest: memoryview, prefix: str, _name: str, _encoding: int) -> Parameter:
    operator, length = struct.unpack_from(f"{prefix}2i", rest)
    return Parameter(what, bytes(_taken(rest, 8, length)), operator)


def _integers(what: int, rest: memoryview, prefix: str, _name: str, _encoding: int) -> Parameter:
    (count,) = struct.unpack_from(f"{prefix}i", rest)
    return Parameter(what, struct.unpack(f"{prefix}{count}i", _taken(rest, 4, 4 * count)))


def _wide_integers(what: int, rest: memoryview, prefix: str, _name: str, _encoding: int) -> Parameter:
    (count,) = struct.unpack_from(f"{prefix}i", rest)
    return Parameter(what, struct.unpack(f"{prefix}{count}q", _taken(rest, 4, 8 * count)), wide=True)


def _strings(what: int, rest: memoryview, prefix: str, name: str, encoding: int) -> Parameter:
    ccsid, count, length = struct.unpack_from(f"{prefix}3i", rest)
    if count < 0 or length < 0:
        raise WireError(f"PCF: {count} strings of {length} bytes")
    if length == 0:
        return Parameter(what, ("",) * min(count, 1))
    raw = _taken(rest, 12, count * length)
    parts = (raw[at : at + length] for at in range(0, len(raw), length))
    return Parameter(what, tuple(_text(each, ccsid, name, encoding) for each in parts))


_Reader = Callable[[int, memoryview, str, str, int], Parameter]
_READERS: dict[int, _Reader] = {
    Kind.INTEGER: _integer,
    Kind.STRING: _string,
    Kind.INTEGER_LIST: _integers,
    Kind.STRING_LIST: _strings,
    Kind.BYTE_STRING: _byte_string,
    Kind.INTEGER_FILTER: _integer_filter,
    Kind.STRING_FILTER: _string_filter,
    Kind.BYTE_STRING_FILTER: _byte_filter,
    Kind.INTEGER64: _wide_integer,
    Kind.INTEGER64_LIST: _wide_integers,
}


def _packed(parameter: Parameter, prefix: str, ccsid: int, encoding: int) -> bytes:
    kind, body = _body(parameter, prefix, ccsid, encoding)
    body += bytes(-len(body) % 4)
    return struct.pack(f"{prefix}3i", kind, 12 + len(body), parameter.id) + body


def _body(  # noqa: PLR0911 - a kind a line
    parameter: Parameter, prefix: str, ccsid: int, encoding: int
) -> tuple[Kind, bytes]:
    value = parameter.value
    operator = () if parameter.operator is None else (parameter.operator,)
    filtered = parameter.operator is not None

    def integers(*values: int) -> bytes:
        return struct.pack(f"{prefix}{len(values)}i", *values)

    if isinstance(value, int) and parameter.wide:
        return Kind.INTEGER64, struct.pack(f"{prefix}4xq", value)
    if isinstance(value, int):
        return (Kind.INTEGER_FILTER if filtered else Kind.INTEGER), integers(*operator, value)
    if isinstance(value, str):
        raw = _encoded(value, ccsid, encoding)
        return (Kind.STRING_FILTER if filtered else Kind.STRING), integers(*operator, ccsid, len(raw)) + raw
    if isinstance(value, bytes):
        kind = Kind.BYTE_STRING_FILTER if filtered else Kind.BYTE_STRING
        return kind, integers(*operator, len(value)) + value
    if all(isinstance(each, int) for each in value):
        numbers = [each for each in value if isinstance(each, int)]
        if parameter.wide:
            return Kind.INTEGER64_LIST, integers(len(numbers)) + struct.pack(
                f"{prefix}{len(numbers)}q", *numbers
            )
        return Kind.INTEGER_LIST, integers(len(numbers), *numbers)
    raws = [_encoded(str(each), ccsid, encoding) for each in value]
    width = max((len(each) for each in raws), default=0)
    blank = _encoded(" ", ccsid, encoding)
    filled = b"".join(each + blank * ((width - len(each)) // len(blank)) for each in raws)
    return Kind.STRING_LIST, integers(ccsid, len(raws), width) + filled


def _encoded(text: str, ccsid: int, encoding: int) -> bytes:
    return text.encode(_codec(ccsid, encoding), "replace")


def reencode(data: bytes, was: tuple[int, int], wanted: tuple[int, int]) -> bytes:
    """A PCF message in another CCSID and encoding, each given as (CCSID, encoding). Raises `WireError`."""
    return Message.unpack(data, *was).pack(*wanted)
