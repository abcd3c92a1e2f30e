"""What mock-mq costs: CPU, round trips, start-up and memory, each beside a yardstick of the same run.

`python -m benchmarks.mock_mq` prints a table. Absolute figures are the machine's; the ratios say more. The
yardstick is a server of asyncio's that sends back what it gets and does nothing else, over the same sockets.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.processes import KB, cpu_of, memory_of
from mock_mq.client.connection import Connection, Target
from mock_mq.constants import GetOption, OpenOption, PutOption
from mock_mq.wire.structures import (
    GetMessageOptions,
    MessageDescriptor,
    ObjectDescriptor,
    PutMessageOptions,
)

QUEUE = "BENCH"
BODY = os.urandom(KB)
ROUNDS = 3_000
CLIENTS = (1, 10, 50)
IDLE = 1_000
QUEUED = 100_000
LARGE = 100 * KB * KB
_PROCESSES = 2
_REQUEST, _ANSWER = 1_600, 600  # bytes that an MQPUT of 1 KB and its answer take, about
_DEFINITIONS = f"DEFINE QLOCAL({QUEUE}) MAXDEPTH(999999999)\n"


@dataclass(frozen=True)
class Served:
    """A process that serves on a port of 127.0.0.1."""

    process: subprocess.Popen[str]
    port: int

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        return cpu_of(self.process.pid)

    def memory(self, what: str = "VmRSS") -> int:
        """Bytes in memory: now, or at the most so far (VmHWM)."""
        return memory_of(self.process.pid, what)

    def connect(self) -> Connection:
        """A connection of mock-mq's own client."""
        target = Target((("127.0.0.1", self.port),), "DEV.APP.SVRCONN", max_message_length=LARGE)
        return Connection.connect(target)


@contextmanager
def mock_mq(definitions: Path | None = None) -> Iterator[Served]:
    """`mock-mq serve` as users start it."""
    command = [sys.executable, "-m", "mock_mq", "serve", "--port", "0"]
    if definitions is not None:
        command += ["--define", str(definitions)]
    with _served(command) as served:
        yield served


@contextmanager
def echo() -> Iterator[Served]:
    """The yardstick."""
    with _served([sys.executable, "-m", "benchmarks.mock_mq", "echo"]) as served:
        yield served


@contextmanager
def _served(command: list[str]) -> Iterator[Served]:
    # With Python's compiled modules, as whatever is installed has them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        yield Served(process, port)
        process.send_signal(signal.SIGTERM)


async def _echo() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readexactly(_REQUEST)
                writer.write(bytes(_ANSWER))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"echo:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


class MessageClient:
    """Puts a message of 1 KB, gets it and commits, three calls a round."""

    def __init__(self, served: Served) -> None:
        self._connection = served.connect()
        options = OpenOption.INPUT_SHARED | OpenOption.OUTPUT
        self._handle, _ = self._connection.open(ObjectDescriptor(object_name=QUEUE), options)

    def round(self) -> None:
        """Three round trips."""
        put = PutMessageOptions(options=PutOption.SYNCPOINT)
        got = GetMessageOptions(options=GetOption.NO_SYNCPOINT)
        self._connection.put(self._handle, MessageDescriptor(), put, BODY)
        self._connection.commit()
        self._connection.get(self._handle, MessageDescriptor(), got, KB)


class EchoClient:
    """The same number of round trips and about the same bytes, to the yardstick."""

    def __init__(self, served: Served) -> None:
        self._socket = socket.create_connection(("127.0.0.1", served.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def round(self) -> None:
        """Three round trips."""
        for _ in range(3):
            self._socket.sendall(bytes(_REQUEST))
            left = _ANSWER
            while left:
                left -= len(self._socket.recv(left))


Client = type[MessageClient] | type[EchoClient]


def cpu_a_round(served: Served, client: Client) -> float:
    """Microseconds of the server's CPU for a round."""
    one = client(served)
    for _ in range(100):
        one.round()
    before = served.cpu
    for _ in range(ROUNDS):
        one.round()
    return (served.cpu - before) / ROUNDS * 1e6


def rounds_a_second(served: Served, client: Client, clients: int) -> float:
    """Rounds a second of so many clients in all, which run in a few processes and take turns there."""
    each = [clients // _PROCESSES + (number < clients % _PROCESSES) for number in range(_PROCESSES)]
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(sum(1 for count in each if count) + 1)
    rounds = max(1, ROUNDS // clients)
    workers = [
        context.Process(target=_work, args=(served, client, count, rounds, ready)) for count in each if count
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return clients * rounds / (time.perf_counter() - began)


def _work(served: Served, client: Client, clients: int, rounds: int, ready: object) -> None:
    connected = [client(served) for _ in range(clients)]
    ready.wait()  # type: ignore[attr-defined]
    for _ in range(rounds):
        for each in connected:
            each.round()


def start_up() -> float:
    """Seconds from the command to the port, the middle one of seven."""

    def once() -> float:
        began = time.perf_counter()
        with mock_mq():
            return time.perf_counter() - began

    once()  # Python compiles its modules the first time
    return statistics.median(once() for _ in range(7))


def bare_python() -> float:
    """Seconds that Python takes for nothing but asyncio and typer, the middle one of seven."""

    def once() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import asyncio, ssl, typer"], check=True)
        return time.perf_counter() - began

    return statistics.median(once() for _ in range(7))


@dataclass
class Report:
    """The table."""

    console: Console
    table: Table

    def row(self, what: str, measure: Callable[[], tuple[str, str, str]]) -> None:
        """Measures, while it says what."""
        with self.console.status(what):
            self.table.add_row(what, *measure())


def main(directory: Path) -> None:
    """Measures everything, which takes a minute or two."""
    definitions = directory / "bench.mqsc"
    definitions.write_text(_DEFINITIONS)
    table = Table("What", "mock-mq", "Yardstick", "Ratio, or limit", title="mock-mq on this machine")
    report = Report(Console(stderr=True), table)
    report.row("Start-up, command to open port", _start_up)
    with mock_mq(definitions) as served, echo() as yardstick:
        report.row("Server CPU for MQPUT + MQCMIT + MQGET, 1 KB", lambda: _cpu(served, yardstick))
        for clients in CLIENTS:
            what = f"Round trips a second, {clients} client{'s' * (clients > 1)}"
            report.row(what, partial(_speed, served, yardstick, clients))
    with mock_mq(definitions) as served:
        report.row(f"{IDLE:,} idle connections", lambda: _idle(served))
    with mock_mq(definitions) as served:
        report.row(f"Memory for {QUEUED:,} messages of 1 KB", lambda: _queued(served))
    with mock_mq(definitions) as served:
        report.row("Memory for a message of 100 MB, put and got", lambda: _large(served))
    Console().print(table)


def _start_up() -> tuple[str, str, str]:
    ours, bare = start_up(), bare_python()
    return f"{ours:.2f} s", f"{bare:.2f} s for Python, asyncio and typer", f"{ours / bare:.1f}"


def _cpu(served: Served, yardstick: Served) -> tuple[str, str, str]:
    ours, bare = cpu_a_round(served, MessageClient), cpu_a_round(yardstick, EchoClient)
    return f"{ours:.0f} us", f"{bare:.0f} us for three echoes", f"{ours / bare:.1f}"


def _speed(served: Served, yardstick: Served, clients: int) -> tuple[str, str, str]:
    ours = 3 * rounds_a_second(served, MessageClient, clients)
    bare = 3 * rounds_a_second(yardstick, EchoClient, clients)
    return f"{ours:,.0f}", f"{bare:,.0f} echoes", f"{ours / bare:.2f}"


def _idle(served: Served) -> tuple[str, str, str]:
    before = served.memory()
    began = time.perf_counter()
    idle = [served.connect() for _ in range(IDLE)]
    took = time.perf_counter() - began
    each = (served.memory() - before) / IDLE / KB
    client = MessageClient(served)
    client.round()
    began = time.perf_counter()
    for _ in range(100):
        client.round()
    beside = (time.perf_counter() - began) / 100 * 1e6
    cpu = served.cpu
    time.sleep(2)
    idling = (served.cpu - cpu) / 2
    for connection in idle:
        connection.abandon()
    return (
        f"{each:.0f} KB each, connected in {took:.1f} s",
        f"{idling:.1%} of a CPU while nothing happens",
        f"a round beside them takes {beside:.0f} us",
    )


def _queued(served: Served) -> tuple[str, str, str]:
    client = served.connect()
    handle, _ = client.open(ObjectDescriptor(object_name=QUEUE), OpenOption.OUTPUT)
    before = served.memory()
    options = PutMessageOptions(options=PutOption.NO_SYNCPOINT)
    for _ in range(QUEUED):
        client.put(handle, MessageDescriptor(), options, os.urandom(KB))
    grown = served.memory() - before
    own = QUEUED * KB
    return f"{grown / KB / KB:.0f} MB", f"{own / KB / KB:.0f} MB of bodies", f"{grown / own:.2f} (at most 3)"


def _large(served: Served) -> tuple[str, str, str]:
    client = served.connect()
    options = OpenOption.INPUT_SHARED | OpenOption.OUTPUT
    handle, _ = client.open(ObjectDescriptor(object_name=QUEUE), options)
    body = bytes(LARGE)
    before = served.memory()
    client.put(handle, MessageDescriptor(), PutMessageOptions(options=PutOption.NO_SYNCPOINT), body)
    put = served.memory("VmHWM") - before
    client.get(handle, MessageDescriptor(), GetMessageOptions(options=GetOption.NO_SYNCPOINT), LARGE)
    both = served.memory("VmHWM") - before
    return (
        f"{put / KB / KB:.0f} MB at the most to put, {both / KB / KB:.0f} MB with the get",
        f"{LARGE / KB / KB:.0f} MB",
        f"{put / LARGE:.2f} and {both / LARGE:.2f} copies (at most 2)",
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["echo"]:
        asyncio.run(_echo())
    else:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as made:
            main(Path(made))
