"""`mock-mq serve`: from its options to a queue manager that listens until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mock_mq.core import Channel, Definition, QueueDefinition, QueueManager
from mock_mq.faults import Fault
from mock_mq.recording import Pcap, Recorder, Trace
from mock_mq.recording.recorder import several
from mock_mq.remote_control import RemoteControl
from mock_mq.server import TLS, Server

if TYPE_CHECKING:
    from mock_mq.console import Console


class UsageError(Exception):
    """An option that can't be followed: what is wrong with it and what would be right."""


def definition_of(
    *, name: str, channel: str, queues: Iterable[str], users: Iterable[str], password: str
) -> Definition:
    """The developer's queue manager with these queues and users beside its own.

    A queue whose name ends in `*` is a rule: queues of such names are made when first opened. A user is
    `NAME:PASSWORD`, or `NAME` with `password`. Raises `UsageError`.
    """
    standard = Definition()
    known = {each.name for each in standard.queues}
    more = [QueueDefinition(each) for each in dict.fromkeys(queues) if each not in known]
    return Definition(
        name=name,
        channels=(Channel(channel),),
        queues=(*standard.queues, *(each for each in more if not each.name.endswith("*"))),
        rules=tuple(each for each in more if each.name.endswith("*")),
        users=dict(_user(each, password) for each in users),
    )


def _user(text: str, password: str) -> tuple[str, str]:
    name, colon, own = text.partition(":")
    if not name:
        raise UsageError("--user has no name: write NAME:PASSWORD")
    if not colon and not password:
        raise UsageError(f"--user {name} has no password: write NAME:PASSWORD, or set MOCK_MQ_PASSWORD")
    return name, own if colon else password


def defined_by(files: Sequence[Path], definition: Definition) -> tuple[Definition, tuple[Fault, ...]]:
    """What files make of a definition, one after the other, and the faults in them; raises `UsageError`."""
    faults: tuple[Fault, ...] = ()
    if not files:
        return definition, faults
    from mock_mq import definition_file  # noqa: PLC0415 - half of the start-up time, for those who have files

    for each in files:
        try:
            definition, more = definition_file.read(each, definition)
        except definition_file.DefinitionError as e:
            raise UsageError(str(e)) from None
        except (OSError, UnicodeDecodeError) as e:
            raise UsageError(f"{each}: can't be read: {e}") from None
        faults += more
    return definition, faults


@contextmanager
def recorded(trace: Path | None, pcap: Path | None, *, masked: bool) -> Iterator[Recorder | None]:
    """A record in these files, for their owner alone; `-` as a trace is stderr. Raises `UsageError`."""
    with ExitStack() as files:
        recorders: list[Recorder] = []
        try:
            if trace is not None:
                stream = sys.stderr if str(trace) == "-" else files.enter_context(_new(trace, "w"))
                recorders.append(Trace(stream, time.time, masked=masked))
            if pcap is not None:
                recorders.append(Pcap(files.enter_context(_new(pcap, "wb")), time.time))
        except OSError as e:
            raise UsageError(f"{e.filename}: {e.strerror}") from None
        yield several(recorders)


def _new(path: Path, mode: str) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), mode)


def server_of(
    definition: Definition,
    *,
    host: str,
    port: int,
    tls: TLS | None,
    faults: Iterable[Fault] = (),
    recorder: Recorder | None = None,
) -> Server:
    """A server that can start; raises `UsageError` where the TLS files are not what they should be."""
    try:
        if tls is not None:
            tls.context()
    except ssl.SSLError as e:
        raise UsageError(
            f"--tls-cert, --tls-key, --tls-ca or MOCK_MQ_TLS: not a certificate, its key and CAs in PEM: {e}"
        ) from None
    queue_manager = QueueManager(definition, time.time)
    server = Server(queue_manager, host=host, port=port, tls=tls, recorder=recorder)
    for each in faults:
        server.faults.add(each)
    return server


@contextmanager
def tls_of(content: str) -> Iterator[TLS | None]:
    """Mutual TLS from JSON with the PEM texts `certificate`, `private_key` and `ca`; None from nothing.

    What needs files has them for as long as this lasts, for their owner alone. Raises `UsageError`.
    """
    if not content:
        yield None
        return
    try:
        given = json.loads(content)
        parts = {name: str(given[name]) for name in ("certificate", "private_key", "ca")}
    except (ValueError, KeyError, TypeError):
        raise UsageError("MOCK_MQ_TLS: not JSON with certificate, private_key and ca, each PEM") from None
    with TemporaryDirectory(prefix="mock-mq-") as directory:
        files = {name: Path(directory) / f"{name}.pem" for name in parts}
        for name, file in files.items():
            file.touch(mode=0o600)
            file.write_text(parts[name])
        mutual = True
        yield TLS(files["certificate"], files["private_key"], files["ca"], mutual)


async def serve(
    server: Server,
    listening: Callable[[str, int], None],
    *,
    console: tuple[str, int] | None = None,
    shown: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serves until SIGTERM or SIGINT; `listening` is called with the address once clients can connect.

    With the address of a `console`, `shown` is called with what to type into a browser. Raises `OSError`
    where a port can't be opened.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    RemoteControl(server.queue_manager, server)
    await server.start()
    page: Console | None = None
    try:
        if console is not None:
            from mock_mq.console import Console  # noqa: PLC0415 - slow, and for those who want it

            page = Console(server.queue_manager, loop, host=console[0], port=console[1])
        listening(*server.address)
        if page is not None:
            shown(page.url)
        await stop.wait()
    finally:
        if page is not None:
            await asyncio.to_thread(page.close)
        await server.stop()


def log_to_stderr() -> None:
    """One line an event: what, and which peer, channel and user it was about."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter(
            "%(asctime)s %(levelname)s %(message)s peer=%(peer)s channel=%(channel)s user=%(user)s",
            defaults={"peer": "", "channel": "", "user": ""},
        )
    )
    logger = logging.getLogger("mock_mq")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
