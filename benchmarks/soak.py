"""A bridge at half of what it can do, one way and the other, for long: its memory stays as it is.

`python -m benchmarks.soak [--minutes 10]` prints a row a minute, and fails where a message was lost or came
twice, or where the second half needed more than the first.
"""

from __future__ import annotations

import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.bodies import MIXED
from benchmarks.processes import memory_of
from benchmarks.stand import Mover, Stand

_MEASURED = 500
"""Messages by which is found what it can do; the first of them warm it up."""
_AT_A_TIME = 5.0
"""Seconds that messages are offered for one way, until it is looked whether all arrived."""
_MORE = 1.02
"""So much more memory may be an allocator's habits."""


@dataclass(frozen=True, slots=True)
class Minute:
    """What was moved in a part of the time, a minute or less: messages, and bytes in memory at its end.

    `wrong` are messages that did not arrive, or more than once.
    """

    out: int
    into: int
    wrong: int
    memory: int


class Soak:
    """A bridge with a route each way, on a stand."""

    def __init__(self, stand: Stand, movers: tuple[Mover, ...], size: int) -> None:
        self._stand = stand
        self._movers = movers
        self._size = size
        stand.stub.ask("set", latency=0.010)
        self._rates = []
        for mover in movers:
            stand.move(mover, _MEASURED, size)
            self._rates.append(stand.move(mover, _MEASURED, size).rate / 2)

    def minute(self, seconds: float) -> Minute:
        """Offers messages for so long, one way and the other in turns."""
        until = time.monotonic() + seconds
        moved = [0, 0]
        wrong = 0
        while (left := until - time.monotonic()) > 0:
            for way, (mover, rate) in enumerate(zip(self._movers, self._rates, strict=True)):
                count = max(1, int(rate * min(left, _AT_A_TIME)))
                arrived = len(self._stand.offer(mover, count, self._size, rate))
                moved[way] += arrived
                wrong += count - arrived + self._doubled()
        (process,) = self._movers[0].processes
        return Minute(moved[0], moved[1], wrong, memory_of(process))

    def _doubled(self) -> int:
        found = [self._stand.stub.ask("published", messages=0, within=0.0)]
        found.append(self._movers[1].queue_manager.ask("wait", messages=0, within=0.0))
        return sum(each["total"] - each["distinct"] for each in found)


def more(minutes: list[Minute]) -> float:
    """The most memory in the second half of the time, to that in the first."""
    half = len(minutes) // 2
    return max(each.memory for each in minutes[half:]) / max(each.memory for each in minutes[:half])


def show(minutes: list[Minute], console: Console) -> None:
    """A table, and in a sentence what came of it."""
    table = Table("", "MQ -> SNS", "SQS -> MQ", "lost or doubled", "memory, MB")
    for number, each in enumerate(minutes, 1):
        row = (str(number), f"{each.out:,}", f"{each.into:,}", str(each.wrong), f"{each.memory / 1e6:.1f}")
        table.add_row(*row)
    console.print(table)
    console.print(f"the second half's most memory is {more(minutes):.3f} of the first half's")


def main(
    *,
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, help="How long.")] = 10.0,
    parts: Annotated[int, typer.Option("--parts", min=2, help="Rows of the table.")] = 10,
) -> None:
    """Move messages of mixed sizes both ways at half load, and watch the memory."""
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="bridge-soak-") as directory,
        Stand(Path(directory)) as stand,
        stand.bridge("out", "in") as movers,
        Progress(console=Console(stderr=True)) as progress,
    ):
        soak = Soak(stand, movers, MIXED)
        found = [
            soak.minute(minutes * 60 / parts) for _ in progress.track(range(parts), description="soaking")
        ]
    show(found, console)
    if any(each.wrong for each in found) or more(found) > _MORE:
        raise typer.Exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.run(main)
