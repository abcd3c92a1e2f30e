"""How the benchmark tells its servers what to do: a JSON object a line over a socket, and one back."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Self

_LONGEST_LINE = 64 * 1024 * 1024
_PATIENCE = 120.0
"""Seconds in which an answer must come."""

Handler = Callable[..., Any]


async def serve(handlers: Mapping[str, Handler]) -> int:
    """Answers on a port of 127.0.0.1, which it returns. Handlers may be coroutines; they return JSON."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while line := await reader.readline():
                asked = json.loads(line)
                told = handlers[asked.pop("do")](**asked)
                if inspect.isawaitable(told):
                    told = await told
                writer.write(json.dumps(told).encode() + b"\n")
                await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=_LONGEST_LINE)
    port: int = server.sockets[0].getsockname()[1]
    return port


class Control:
    """The other end, for one thread. A context manager."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, do: str, **given: Any) -> Any:
        """What the server answers; raises `OSError` where it does not within two minutes."""
        self._socket.sendall(json.dumps({"do": do, **given}).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise ConnectionError(f"{do}: the server ended")
        return json.loads(line)
