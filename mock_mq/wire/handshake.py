"""What is said before and after the calls: levels and limits, who the user is, the connection, its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from mock_mq.wire.calls import ApiHeader, Call, Cursor
from mock_mq.wire.fields import Buffer, Byte, ByteOrder, Char, Int, Raw, Short, Structure, WireError


class InitialError:
    """Bits of `InitialData.error1` and `.error2`: what the other side would not agree to."""

    FAP_LEVEL = 0x08


class Capability:
    """Bits of `InitialData.capabilities1` and `.capabilities2`."""

    SPLIT_MESSAGES = 0x02
    MQ_REQUEST = 0x04
    CONVERSION = 0x20
    DISTRIBUTION_LISTS = 0x01
    XA = 0x10
    SPI = 0x40


@dataclass(frozen=True)
class InitialData(Structure, eyecatcher=b"ID  "):
    """INITIAL_DATA: the FAP level and the limits one side proposes; sizes in bytes, heartbeat in seconds.

    The block ends where the level or the sender lets it end: see `lengths_by_level`. The header and message
    compression lists are one byte a choice, 0 for none and 255 for no more.
    """

    fap_level: Byte = 12
    capabilities1: Byte = Capability.SPLIT_MESSAGES | Capability.MQ_REQUEST | Capability.CONVERSION
    extended1: Byte = 0
    error1: Byte = 0
    reserved0: Short = 0
    max_batch: Short = 0
    max_transmission: Int = 32_748
    max_message: Int = 104_857_600
    sequence_wrap: Int = 0
    channel: Annotated[str, Char(20)] = ""
    capabilities2: Byte = Capability.DISTRIBUTION_LISTS | Capability.XA
    extended2: Byte = 0
    ccsid: Short = 819
    queue_manager: Annotated[str, Char(48)] = ""
    heartbeat: Int = 300
    extra_length: Short = 138
    error2: Byte = 0
    reserved1: Byte = 0
    header_compressions: Annotated[bytes, Raw(2)] = b"\x00\xff"
    message_compressions: Annotated[bytes, Raw(16)] = b"\x00" + 15 * b"\xff"
    reserved2: Short = 0
    key_reset_count: Int = 0
    conversations: Int = 0
    capabilities3: Byte = 0
    extended3: Byte = 0
    reserved3: Short = 0
    process: Int = 0
    thread: Int = 0
    trace: Int = 0
    product: Annotated[str, Char(12)] = ""
    queue_manager_id: Annotated[str, Char(48)] = ""
    password_protections: Annotated[bytes, Raw(20)] = b"\x00\x01\x00\x00" + 16 * b"\xff"
    nonce: Annotated[bytes, Raw(12)] = bytes(12)

    @property
    def length(self) -> int:
        """Bytes of the block at this level, as IBM's clients send it: 128 at 8, 160, 208, 240 from 13 on."""
        if self.fap_level < 9:
            return 128
        if self.fap_level < 10:
            return 160
        return 208 if self.fap_level < 13 else 240

    @classmethod
    def length_of(cls, data: Buffer, order: ByteOrder) -> int:  # noqa: ARG003 - the length says it in any order
        """The longest block that `data` holds: a refusal keeps the block of the level that was refused."""
        for length in (240, 208, 160, 128):
            if len(data) >= length:
                return length
        raise WireError(f"InitialData: {len(data)} bytes, at least 128 are needed")


@dataclass(frozen=True)
class UserData(Structure, eyecatcher=b"UID "):
    """USERID_DATA: the user the client runs as; wants no reply. `password` is used by very old clients."""

    user: Annotated[str, Char(12)] = ""
    password: Annotated[str, Char(12, secret=True)] = ""
    long_user: Annotated[str, Char(64)] = ""
    security_id: Annotated[bytes, Raw(40)] = bytes(40)

    def __repr__(self) -> str:
        return f"UserData(user={self.long_user or self.user!r})"


@dataclass(frozen=True)
class _CredentialsHead(Structure, eyecatcher=b"CAUT"):
    authentication_type: Int = 1
    max_user_length: Int = 0
    max_password_length: Int = 0
    user_length: Int = 0
    password_length: Int = 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """CONAUTH_INFO: user and password, not scrambled (so below FAP level 13 only); wants STATUS_DATA back."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(user={self.user!r})"

    def pack(self, order: ByteOrder) -> bytes:
        """The block; both are sent as UTF-8."""
        user, password = self.user.encode(), self.password.encode()
        head = _CredentialsHead(1, len(user), len(password), len(user), len(password))
        return head.pack(order) + user + password

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads the block; raises `WireError` where its lengths reach beyond it."""
        head = _CredentialsHead.unpack(data, order)
        start, end = head.longest(), len(data)
        if not (0 <= head.user_length <= end - start):
            raise WireError(f"Credentials: a user of {head.user_length} bytes in a block of {end}")
        middle = start + head.user_length
        if not (0 <= head.password_length <= end - middle):
            raise WireError(f"Credentials: a password of {head.password_length} bytes in a block of {end}")
        try:
            user = bytes(data[start:middle]).decode()
            password = bytes(data[middle : middle + head.password_length]).decode()
        except UnicodeDecodeError:
            raise WireError("Credentials: user and password are not UTF-8") from None
        return cls(user.rstrip("\0 "), password.rstrip("\0"))


class StatusCode:
    """Values of `Status.code`: OK, and why a channel is refused or ended."""

    OK = 0
    UNKNOWN_CHANNEL = 1
    WRONG_CHANNEL_TYPE = 2
    QUEUE_MANAGER_NOT_AVAILABLE = 3
    QUEUE_MANAGER_ENDING = 5
    PROTOCOL_ERROR = 10
    CHANNEL_NOT_AVAILABLE = 22
    CIPHER_SPEC = 24
    PEER_NAME = 25


@dataclass(frozen=True)
class Status(Structure):
    """STATUS_DATA: 8 (its own length) and a code."""

    own_length: Int = 8
    code: Int = StatusCode.OK


@dataclass(frozen=True)
class ConnectOptions(Structure, eyecatcher=b"FCNO", lengths={2: 212}):
    """FCNO: the block behind MQCONN's fields, as a client of 7.1 and later sends it."""

    version: Int = 2
    capabilities: Int = 0
    connection_tag: Annotated[bytes, Raw(128)] = bytes(128)
    reserved: Annotated[bytes, Raw(72)] = bytes(72)


@dataclass(frozen=True)
class ConnectFields(Structure):
    """MQCONN's own fields: which queue manager, for which application."""

    queue_manager: Annotated[str, Char(48)] = ""
    application: Annotated[str, Char(28)] = ""
    application_type: Int = 28
    accounting_token: Annotated[bytes, Raw(32)] = bytes(32)
    options: Int = 0
    extended_options: Int = 0


@dataclass(slots=True)
class Connect(Call):
    """MQCONN, call and reply. `options` is None where a client sends no such block."""

    fields: ConnectFields
    options: ConnectOptions | None = None

    def body(self, order: ByteOrder) -> list[Buffer]:
        """The fields and the block behind them."""
        return [self.fields.pack(order), self.options.pack(order) if self.options else b""]

    @classmethod
    def unpack(cls, data: Buffer, order: ByteOrder) -> Self:
        """Reads call or reply."""
        cursor = Cursor(data, order)
        header, fields = cursor.take(ApiHeader), cursor.take(ConnectFields)
        known = cursor.left >= ConnectOptions.longest() and cursor.starts_with(
            b"FCNO\0\0\0\2", b"FCNO\2\0\0\0"
        )
        return cls(fields, cursor.take(ConnectOptions) if known else None, header=header)
