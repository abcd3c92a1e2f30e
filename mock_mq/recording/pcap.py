"""A capture that Wireshark opens: the segments in TCP packets made for the purpose, plain also where TLS was.

The classic format of libpcap, link type RAW (101): each packet starts with its IPv4 header. Wireshark shows
the protocol once told `Decode as ... MQ`, tshark with `-d tcp.port==PORT,mq`.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from mock_mq.recording.recorder import Address

_MAGIC, _SNAP, _RAW = 0xA1B2C3D4, 262_144, 101
_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10
_MOST = 60_000  # bytes of data in a packet
_TCP = 6


@dataclass(slots=True)
class _End:
    address: bytes
    port: int
    sequence: int = 1000


class Pcap:
    """Writes packets to `file`. `clock` gives seconds since the epoch."""

    def __init__(self, file: BinaryIO, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._sockets: dict[int, tuple[_End, _End]] = {}
        file.write(struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, _SNAP, _RAW))
        file.flush()

    def opened(self, number: int, peer: Address, local: Address) -> None:
        """A client has come: the three packets of a TCP connection."""
        client, server = (_End(_ipv4(host), port) for host, port in (peer, local))
        self._sockets[number] = client, server
        self._packet(client, server, _SYN)
        client.sequence += 1
        self._packet(server, client, _SYN | _ACK)
        server.sequence += 1
        self._packet(client, server, _ACK)

    def segment(self, number: int, raw: bytes, *, sent: bool) -> None:
        """A segment came, or was sent."""
        client, server = self._sockets[number]
        source, target = (server, client) if sent else (client, server)
        for at in range(0, len(raw), _MOST):
            piece = raw[at : at + _MOST]
            self._packet(source, target, _PUSH | _ACK, piece)
            source.sequence = (source.sequence + len(piece)) & 0xFFFF_FFFF

    def closed(self, number: int) -> None:
        """The socket is closed."""
        client, server = self._sockets.pop(number)
        self._packet(server, client, _FIN | _ACK)
        server.sequence += 1
        self._packet(client, server, _FIN | _ACK)

    def _packet(self, source: _End, target: _End, flags: int, data: bytes = b"") -> None:
        acknowledged = target.sequence if flags & _ACK else 0
        tcp = struct.pack(
            ">HHIIBBHHH", source.port, target.port, source.sequence, acknowledged, 5 << 4, flags, 65_535, 0, 0
        )
        pseudo = source.address + target.address + struct.pack(">BBH", 0, _TCP, len(tcp) + len(data))
        tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp + data)) + tcp[18:]
        ip = struct.pack(
            ">BBHHHBBH4s4s",
            0x45,
            0,
            20 + len(tcp) + len(data),
            0,
            0x4000,
            64,
            _TCP,
            0,
            source.address,
            target.address,
        )
        ip = ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:]
        packet = ip + tcp + data
        now = self._clock()
        self._file.write(struct.pack("<IIII", int(now), int(now % 1 * 1e6), len(packet), len(packet)))
        self._file.write(packet)
        self._file.flush()


def _ipv4(host: str) -> bytes:
    """An address in four bytes; one of IPv6 as one of 127.6.0.0/16, which stands for it."""
    address = ipaddress.ip_address(host)
    return address.packed if address.version == 4 else bytes((127, 6, *address.packed[-2:]))


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
