"""mock-mq as a process of its own, filled and counted for the benchmark.

`python -m benchmarks.queue_manager '["PLAIN.1", ...]' [certificates]` prints its ports once it listens. Times
are monotonic seconds, which the processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import control
from benchmarks.arrivals import Arrivals
from benchmarks.bodies import Bodies, serial_of
from benchmarks.pacing import offer
from bridge.allocator import suit_large_bodies
from mock_mq.core import Definition, QueueDefinition, QueueManager
from mock_mq.journal import Journal, RecordedCall
from mock_mq.server import TLS, Server
from mock_mq.wire.structures import MessageDescriptor

MOST = 999_999_999


class _Counts(Journal):
    """How many calls there were, by name: cheaper than to keep each."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def add(self, call: RecordedCall) -> None:
        self.calls[call.call] += 1


class Benchmarked:
    """A queue manager; those of its `queues` that begin with `IN` note what arrives, and keep none of it."""

    def __init__(self, queues: list[str]) -> None:
        standard = Definition()
        definitions = [QueueDefinition(each, max_depth=MOST) for each in queues]
        self.core = QueueManager(
            Definition(queues=(*standard.queues, *definitions), channels=standard.channels), time.time
        )
        self.counts = _Counts()
        self.arrivals = Arrivals()
        for each in queues:
            if each.startswith("IN"):
                self.core.serve(each, lambda _descriptor, data: self.arrivals.add(serial_of(data)))

    @property
    def handlers(self) -> dict[str, control.Handler]:
        """What it can be told."""
        return {
            "fill": self.fill,
            "offer": self.offer,
            "counts": lambda: dict(self.counts.calls),
            "depth": lambda queues: sum(self.core.queue(each).depth for each in queues),
            "reset": self.arrivals.reset,
            "wait": self.arrivals.wait,
            "times": self.arrivals.times,
        }

    def fill(self, queues: list[str], count: int, size: int, first: int) -> float:
        """Puts `count` messages in all, taking turns; returns when they were there."""
        bodies = Bodies(size)
        for number in range(count):
            self._put(queues[number % len(queues)], bodies[first + number])
        return time.monotonic()

    async def offer(self, queues: list[str], count: int, size: int, first: int, rate: float) -> list[float]:
        """The same at `rate` a second; returns when each was put."""
        bodies = Bodies(size)
        return await offer(
            count, rate, lambda number: self._put(queues[number % len(queues)], bodies[first + number])
        )

    def _put(self, queue: str, body: bytes) -> None:
        self.core.put(queue, MessageDescriptor(format="MQSTR", ccsid=1208), body)


async def _serve(queues: list[str], certificates: Path | None) -> None:
    benchmarked = Benchmarked(queues)
    tls = None
    if certificates:
        server = certificates / "server"
        mutual = True
        tls = TLS(server / "certificate.pem", server / "private_key.pem", certificates / "ca.pem", mutual)
    listening = Server(benchmarked.core, tls=tls, journal=benchmarked.counts)
    await listening.start()
    port = await control.serve(benchmarked.handlers)
    sys.stdout.write(f"queue-manager: listening on {listening.address[1]}, told what to do on {port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main(arguments: list[Any]) -> None:
    """Serves until it is ended."""
    suit_large_bodies()  # a queue manager has buffers, and asks no kernel for each message's memory
    certificates = Path(arguments[1]) if len(arguments) > 1 else None
    asyncio.run(_serve(json.loads(arguments[0]), certificates))


if __name__ == "__main__":
    main(sys.argv[1:])
