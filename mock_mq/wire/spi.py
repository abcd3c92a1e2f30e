"""SPI: the calls behind the calls. IBM's Java client opens its queues through them (OPEN, after a QUERY)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from mock_mq.wire.calls import ApiHeader, Call, Cursor, descriptor_and_strings
from mock_mq.wire.fields import Buffer, ByteOrder, Int, Structure, WireError
from mock_mq.wire.structures import ObjectDescriptor

_MAX_VERBS = 64


class SpiVerb(IntEnum):
    """The verbs that are known here."""

    QUERY = 1
    OPEN = 12


@dataclass(frozen=True)
class SpiHeader(Structure):
    """What follows the API header: the verb, the version of its blocks, the bytes the reply may have."""

    verb: Int = SpiVerb.QUERY
    version: Int = 1
    max_reply: Int = 256


@dataclass(frozen=True)
class _QueryInOut(Structure, eyecatcher=b"SPQU"):
    version: Int = 1
    own_length: Int = 12


@dataclass(frozen=True)
class _QueryIn(Structure, eyecatcher=b"SPQI"):
    version: Int = 1
    own_length: Int = 12


@dataclass(frozen=True)
class _QueryOut(Structure, eyecatcher=b"SPQO"):
    version: Int = 1
    own_length: Int = 16
    count: Int = 0


@dataclass(frozen=True)
class VerbVersions(Structure):
    """A line of QUERY's answer: a verb and the highest versions of its three blocks."""

    verb: Int = SpiVerb.OPEN
    in_out: Int = 1
    in_: Int = 1
    out: Int = 1
    flags: Int = 0


@dataclass(slots=True)
class SpiQuery(Call):
    """SPI QUERY, the call: asks which verbs there are."""

    spi: SpiHeader = SpiHeader()

    def body(self, order: ByteOrder) -> list[Buffer]:
        """The header and two blocks that say no more than that they are there."""
        return [self.spi.pack(order), _QueryInOut().pack(order), _QueryIn().pack(order)]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the call."""
        cursor = Cursor(data, order)
        header, spi = cursor.take(ApiHeader), cursor.take(SpiHeader)
        cursor.take(_QueryInOut)
        cursor.take(_QueryIn)
        return cls(spi, header=header)


@dataclass(slots=True)
class SpiQueried(Call):
    """SPI QUERY, the reply."""

    spi: SpiHeader = SpiHeader()
    verbs: tuple[VerbVersions, ...] = ()

    def body(self, order: ByteOrder) -> list[Buffer]:
        """The header, the block that says nothing, and the table of verbs."""
        table = b"".join(verb.pack(order) for verb in self.verbs)
        out = _QueryOut(own_length=16 + len(table), count=len(self.verbs))
        return [self.spi.pack(order), _QueryInOut().pack(order), out.pack(order), table]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the reply."""
        cursor = Cursor(data, order)
        header, spi = cursor.take(ApiHeader), cursor.take(SpiHeader)
        cursor.take(_QueryInOut)
        count = cursor.take(_QueryOut).count
        if not 0 <= count <= _MAX_VERBS:
            raise WireError(f"SPI QUERY: {count} verbs")
        return cls(spi, tuple(cursor.take(VerbVersions) for _ in range(count)), header=header)


@dataclass(frozen=True)
class _OpenInOut(Structure, eyecatcher=b"SPOU"):
    version: Int = 1
    own_length: Int = 12


@dataclass(frozen=True)
class _OpenIn(Structure, eyecatcher=b"SPOI"):
    version: Int = 1
    own_length: Int = 0


@dataclass(frozen=True)
class _OpenOut(Structure, eyecatcher=b"SPOO"):
    version: Int = 1
    own_length: Int = 0


@dataclass(frozen=True)
class SpiOpenOptions(Structure, eyecatcher=b"LPOO", lengths={1: 32}):
    """LPOO: MQOPEN's options, and the queue's defaults (-1 in a call asks for them)."""

    version: Int = 1
    options: Int = 0
    extra_options: Int = 0
    persistence: Int = -1
    put_response: Int = -1
    read_ahead: Int = -1
    property_control: Int = -1


@dataclass(slots=True)
class SpiOpen(Call):
    """SPI OPEN, call and reply (`is_reply`): the handle is in the API header."""

    options: SpiOpenOptions
    descriptor: ObjectDescriptor
    strings: bytes = b""
    spi: SpiHeader = SpiHeader(SpiVerb.OPEN)
    is_reply: bool = field(default=False, kw_only=True)

    def body(self, order: ByteOrder) -> list[Buffer]:
        """The headers, the options, the descriptor and its strings."""
        rest = [self.options.pack(order), self.descriptor.pack(order), self.strings]
        kind = _OpenOut if self.is_reply else _OpenIn
        block = kind(own_length=12 + sum(len(part) for part in rest))
        return [self.spi.pack(order), _OpenInOut().pack(order), block.pack(order), *rest]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply."""
        cursor = Cursor(data, order)
        header, spi = cursor.take(ApiHeader), cursor.take(SpiHeader)
        cursor.take(_OpenInOut)
        is_reply = cursor.starts_with(_OpenOut.EYECATCHER)
        cursor.take(_OpenOut if is_reply else _OpenIn)
        options = cursor.take(SpiOpenOptions)
        descriptor, strings = descriptor_and_strings(cursor)
        return cls(options, descriptor, strings, spi, header=header, is_reply=is_reply)
