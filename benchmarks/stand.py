"""The processes of a benchmark: AWS's stub, queue managers, and what moves messages between them."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from benchmarks.aws_stub import ACCOUNT, bucket_of
from benchmarks.bodies import Bodies
from benchmarks.cases import ENDS, KIB, Bare, Direction, Round
from benchmarks.control import Control
from benchmarks.ends import CHANNEL, Ends
from benchmarks.processes import cpu_of, memory_of
from certs import Generated, generate
from examples.demo.processes import python, running
from examples.demo.setting import REGION, environment

MOST_ROUTES = 4
_SETTLES = 0.15
"""Seconds in which what follows the last message's arrival is over: its commit, its delete's answer."""
_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class Mover:
    """Processes that move messages, from where to where, and the queue manager that they are connected to."""

    name: str
    direction: Direction
    processes: tuple[int, ...]
    routes: int
    queue_manager: Control

    @property
    def sources(self) -> list[str]:
        """The queues to put messages on: MQ's or SQS's."""
        numbers = range(1, self.routes + 1)
        if self.direction == "out":
            return [mq_queue(self.name, each) for each in numbers]
        return [f"{self.name}-{each}" for each in numbers]

    @property
    def cpu(self) -> float:
        """Seconds of CPU used."""
        return sum(map(cpu_of, self.processes))

    @property
    def memory(self) -> int:
        """Bytes at the most."""
        return sum(memory_of(each, "VmHWM") for each in self.processes)


def mq_queue(name: str, number: int, *, direction: Direction = "out") -> str:
    """An MQ queue of a mover's."""
    return f"{'IN.' if direction == 'in' else ''}{name.upper()}.{number}"


def topic(name: str, number: int) -> str:
    """A topic of a mover's."""
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}-{number}"


class Incomplete(Exception):
    """Not all messages were moved: no figure would be right."""


class Stand:
    """A stub and two queue managers, one of them with TLS; a context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = ExitStack()
        self._first = 1
        self._numbers = count(1)

    def __enter__(self) -> Stand:
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def _start(self) -> None:
        self._certificates: Generated = generate(self._directory / "certs", days=1)
        names = [
            mq_queue(name, number, direction=direction)
            for name in ("plain", "bridge", "other", "bare")
            for number in range(1, MOST_ROUTES + 1)
            for direction in ("out", "in")
        ]
        self._stub_process, self.aws_port, self.stub = self._server("aws_stub")
        self.environment = environment(f"http://127.0.0.1:{self.aws_port}")
        tcp, self._tcp_port, self.tcp = self._server("queue_manager", json.dumps(names))
        tls, self._tls_port, self.tls = self._server(
            "queue_manager", json.dumps(names), str(self._certificates.directory)
        )
        self._queue_managers = {self.tcp: tcp, self.tls: tls}

    def __exit__(self, *why: Any) -> None:
        self._stack.__exit__(*why)

    def _server(self, module: str, *arguments: str) -> tuple[int, int, Control]:
        """Starts one: its process, the port that it listens on, and what to tell it things by."""
        process, found = self._stack.enter_context(
            running(
                python("-m", f"benchmarks.{module}", *arguments),
                r"listening on (\d+), told what to do on (\d+)",
                environment=environment(""),
                log=self._log(module),
            )
        )
        return process.pid, int(found[1]), self._stack.enter_context(Control(int(found[2])))

    @contextmanager
    def plain_loop(
        self, direction: Direction, *, routes: int = 1, tls: bool = False, to_queue: bool = False
    ) -> Iterator[Mover]:
        """The loop that most people write, a process a route."""
        with ExitStack() as stack:
            processes = []
            for number in range(1, routes + 1):
                ends = self._ends(direction, "plain", number, tls=tls)
                kind = "sqs_to_mq" if direction == "in" else "mq_to_sqs" if to_queue else "mq_to_sns"
                process, _ = stack.enter_context(
                    running(
                        python("-m", "benchmarks.loops", kind, json.dumps(asdict(ends))),
                        "loop: ready",
                        environment=self.environment,
                        log=self._log("plain"),
                    )
                )
                processes.append(process.pid)
            yield Mover("plain", direction, tuple(processes), routes, self.tls if tls else self.tcp)

    @contextmanager
    def bridge(
        self,
        *directions: Direction,
        routes: int = 1,
        tls: bool = False,
        to_queue: bool = False,
        name: str = "bridge",
    ) -> Iterator[tuple[Mover, ...]]:
        """`bridge run` with so many routes in each direction, and otherwise its defaults.

        From MQ they go to topics, or `to_queue`s.
        """
        log = self._log("bridge")
        configuration = log.with_suffix(".yaml")
        configured = self._configuration(name, directions, routes, tls=tls, to_queue=to_queue)
        configuration.write_text(yaml.safe_dump(configured))
        with running(
            python("-m", "bridge", "run", "--config", str(configuration)),
            '"route_started"',
            environment=self.environment,
            log=log,
        ) as (process, _):
            at = self.tls if tls else self.tcp
            yield tuple(Mover(name, each, (process.pid,), routes, at) for each in directions)

    def bare(self, kind: str, count: int, size: int) -> Bare:
        """What a bare loop takes; see `benchmarks.loops`."""
        ends = self._ends("out", "bare", 1, tls=False, count=count, size=size)
        if kind == "bare_put":
            ends = self._ends("in", "bare", 1, tls=False, count=count, size=size)
        if kind == "bare_get":
            self.tcp.ask("fill", queues=[ends.mq], count=count, size=size, first=self._take(count))
        if kind == "bare_receive":
            self.stub.ask("fill", queues=["bare-1"], count=count, size=size, first=self._take(count))
        output = subprocess.run(
            python("-m", "benchmarks.loops", kind, json.dumps(asdict(ends))),
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        told = json.loads(output)
        return Bare(cpu=told["cpu"] * 1000, rate=1 / told["seconds"])

    def ceiling(self, requests: int) -> tuple[float, float]:
        """Requests a second that AWS's stub answers where nobody waits for it, and its CPU-ms for one.

        They are PublishBatch with ten messages of 1 KB, a hundred sent at a time over one connection.
        """
        self.stub.ask("set", latency=0.0)
        bodies = Bodies(KIB)
        form = urlencode(
            {"Action": "PublishBatch", "TopicArn": topic("bare", 1)}
            | {
                f"PublishBatchRequestEntries.member.{number}.{name}": value
                for number in range(1, 11)
                for name, value in (("Id", str(number)), ("Message", bodies[number].decode()))
            }
        ).encode()
        kind = b"application/x-www-form-urlencoded"
        request = b"POST / HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (
            kind,
            len(form),
            form,
        )
        at_a_time = min(requests, 100)
        cpu, began = cpu_of(self._stub_process), time.monotonic()
        with socket.create_connection(("127.0.0.1", self.aws_port)) as connection:
            for _ in range(requests // at_a_time):
                connection.sendall(request * at_a_time)
                answered = b""
                while answered.count(b"</PublishBatchResponse>") < at_a_time:
                    answered += connection.recv(1 << 20)
        took = time.monotonic() - began
        return requests / took, (cpu_of(self._stub_process) - cpu) / requests * 1000

    def _ends(self, direction: Direction, name: str, number: int, *, tls: bool, **more: Any) -> Ends:
        """What a loop is told."""
        return Ends(
            connection=self._connection(tls=tls),
            mq=mq_queue(name, number, direction=direction),
            topic=topic(name, number),
            bucket=bucket_of(name),
            sqs=f"{self.environment['AWS_ENDPOINT_URL']}/{ACCOUNT}/{name}-{number}",
            credentials=str(self._certificates.bridge) if tls else "",
            **more,
        )

    def move(self, mover: Mover, count: int, size: int) -> Round:
        """Has it move a backlog of `count` messages."""
        self.stub.ask("reset")
        mover.queue_manager.ask("reset")
        first = self._take(count)
        commits, cpu, others = self._commits(mover), mover.cpu, self._cpu_of_others(mover)
        filled = {"queues": mover.sources, "count": count, "size": size, "first": first}
        if mover.direction == "out":
            began = mover.queue_manager.ask("fill", **filled)
            gone = found = self.stub.ask("published", messages=count, within=_WITHIN)
        else:
            began = self.stub.ask("fill", **filled)
            gone = self.stub.ask("deleted", messages=count, within=_WITHIN)
            found = mover.queue_manager.ask("wait", messages=count, within=0.1)
        if (moved := min(gone["distinct"], found["distinct"])) < count:
            ends = f"{ENDS[mover.direction]}, {mover.name}"
            raise Incomplete(
                f"{ends}: {moved} of {count} messages of {size} bytes were moved within a minute"
            )
        time.sleep(_SETTLES)
        return Round(
            messages=count,
            seconds=gone["last"] - began,
            cpu=mover.cpu - cpu,
            others=[after - before for before, after in zip(others, self._cpu_of_others(mover), strict=True)],
            requests=self.stub.ask("requests", owner=mover.name),
            commits=self._commits(mover) - commits,
            arrived=found["distinct"],
            doubled=found["total"] - found["distinct"],
        )

    def offer(self, mover: Mover, count: int, size: int, rate: float) -> list[float]:
        """Offers messages at a steady rate; the seconds from each one's put to its arrival."""
        self.stub.ask("reset")
        mover.queue_manager.ask("reset")
        first = self._take(count)
        offered = {"queues": mover.sources, "count": count, "size": size, "first": first, "rate": rate}
        if mover.direction == "out":
            put = mover.queue_manager.ask("offer", **offered)
            self.stub.ask("published", messages=count, within=_WITHIN)
            arrived = self.stub.ask("published_at", first=first, count=count)
        else:
            put = self.stub.ask("offer", **offered)
            mover.queue_manager.ask("wait", messages=count, within=_WITHIN)
            arrived = mover.queue_manager.ask("times", first=first, count=count)
        time.sleep(_SETTLES)
        return [there - here for here, there in zip(put, arrived, strict=True) if there]

    def offer_for(self, mover: Mover, seconds: float, size: int, rate: float) -> dict[str, int]:
        """Offers messages to MQ at a steady rate for so long: the requests so far, and what has `arrived`."""
        self.stub.ask("reset")
        count = int(rate * seconds)
        offered = {"queues": mover.sources, "count": count, "size": size, "first": self._take(count)}
        mover.queue_manager.ask("offer", **offered, rate=rate)
        arrived = self.stub.ask("published", messages=count, within=0.0)["distinct"]
        return {**self.stub.ask("requests", owner=mover.name), "arrived": arrived}

    def _commits(self, mover: Mover) -> int:
        return int(mover.queue_manager.ask("counts").get("MQCMIT", 0))

    def _cpu_of_others(self, mover: Mover) -> list[float]:
        """Seconds of CPU of AWS's stub, and of the queue manager."""
        return [cpu_of(self._stub_process), cpu_of(self._queue_managers[mover.queue_manager])]

    def _take(self, count: int) -> int:
        """The first of so many numbers that no message had before."""
        first, self._first = self._first, self._first + count
        return first

    def _connection(self, *, tls: bool) -> str:
        return f"127.0.0.1({self._tls_port if tls else self._tcp_port})"

    def _configuration(
        self, name: str, directions: Sequence[Direction], routes: int, *, tls: bool, to_queue: bool
    ) -> dict[str, Any]:
        queue_manager: dict[str, Any] = {
            "name": "QM1",
            "connections": [self._connection(tls=tls)],
            "channel": CHANNEL,
        }
        if tls:
            queue_manager |= {
                "cipher_spec": "ANY_TLS12_OR_HIGHER",
                "credentials": f"file:{self._certificates.bridge}",
            }
        return {
            "queue_manager": queue_manager,
            "offload": {"bucket": bucket_of(name)},
            "dead_letters": {"bucket": "dead-letters"},
            "http": {"port": 0},
            "routes": [
                _route(name, direction, number, to_queue=to_queue)
                for direction in directions
                for number in range(1, routes + 1)
            ],
        }

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}-{next(self._numbers)}.log"


def _route(name: str, direction: Direction, number: int, *, to_queue: bool) -> dict[str, Any]:
    if direction == "out":
        source = {"mq": mq_queue(name, number)}
        destination = {"sqs": f"{name}-{number}"} if to_queue else {"sns": topic(name, number)}
    else:
        source, destination = {"sqs": f"{name}-{number}"}, {"mq": mq_queue(name, number, direction="in")}
    return {"name": f"{direction}-{number}", "from": source, "to": destination}
