"""Messages as a table for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mock_mq.wire.calls import Got

BODY_SAMPLE = 256
"""Bytes of a body that a table has room for."""
_WIDE = 400  # columns where there is no terminal to fit


def show(messages: Sequence[Got], *, bodies: bool) -> None:
    """Prints MsgId, format, CCSID, length in bytes and put time of each; with `bodies`, how they begin."""
    table = Table(*("MsgId", "Format", "CCSID"), box=None)
    table.add_column("Length", justify="right")
    table.add_column("Put (GMT)")
    if bodies:
        table.add_column("Body")
    for each in messages:
        descriptor = each.descriptor
        cells = [
            descriptor.message_id.hex().upper(),
            "".join(each if each.isprintable() else "?" for each in descriptor.format),
            str(descriptor.ccsid),
            str(each.length),
            _time(descriptor.put_date, descriptor.put_time),
        ]
        if bodies:
            cells.append(_sample(bytes(each.data)))
        # As Text: what is in a message must not be taken for rich's own markup.
        table.add_row(*(Text(cell) for cell in cells))
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(table, soft_wrap=not sys.stdout.isatty())


def _time(date: str, time: str) -> str:
    """MQ's YYYYMMDD and HHMMSSTH, to be read by people."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]} {time[:2]}:{time[2:4]}:{time[4:6]}" if date else ""


def _sample(data: bytes) -> str:
    """Text where it is some, and hexadecimal digits where it is not."""
    text = data.decode("utf-8", "replace")
    if len(data) == BODY_SAMPLE:
        text = text.removesuffix("\ufffd")  # cut within a character
    plain = all(each.isprintable() or each in "\t\r\n" for each in text)
    return text if plain and "\ufffd" not in text else data.hex(" ")
