"""`mock-mq serve`: from its options to a queue manager that listens until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mock_mq.core import Channel, Definition, QueueDefinition, QueueManager
from mock_mq.server import TLS, Server


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


def server_of(definition: Definition, *, host: str, port: int, tls: TLS | None) -> Server:
    """A server that can start; raises `UsageError` where the TLS files are not what they should be."""
    try:
        if tls is not None:
            tls.context()
    except ssl.SSLError as e:
        raise UsageError(
            f"--tls-cert, --tls-key, --tls-ca or MOCK_MQ_TLS: not a certificate, its key and CAs in PEM: {e}"
        ) from None
    return Server(QueueManager(definition, time.time), host=host, port=port, tls=tls)


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


async def serve(server: Server, listening: Callable[[str, int], None]) -> None:
    """Serves until SIGTERM or SIGINT; `listening` is called with the address once clients can connect.

    Raises `OSError` where the port can't be opened.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await server.start()
    try:
        listening(*server.address)
        await stop.wait()
    finally:
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
