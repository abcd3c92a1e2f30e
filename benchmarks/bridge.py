"""What the bridge does a second and what it costs, beside the loop that most people write, in one run.

`python -m benchmarks.bridge [--quick] [--report FILE]` prints tables and writes a page. Absolute figures are
the machine's; the ratios say more.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.bodies import MIXED, SIZES
from benchmarks.cases import CASES, CROSSED, KIB, MIB, Case, Contender, Findings, Result, Round
from benchmarks.report import page, show
from benchmarks.stand import Incomplete, Mover, Stand

_MOST_BYTES = 512 * MIB
"""Of bodies in one round."""
_PAPER = 150
"""Columns, where no terminal says how many there are."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: rounds, and seconds of each; the rest is left out where it is 0.

    `requests` go to AWS's stub alone, `bare` are messages of each bare loop, `lone` are messages, `polls` an
    idle route's, `quota` is the seconds for which twice as much is offered.
    """

    rounds: int
    seconds: float
    requests: int = 0
    bare: int = 0
    lone: int = 0
    polls: int = 0
    quota: float = 0.0


WHOLE = Effort(rounds=5, seconds=0.8, requests=3_000, bare=2_000, lone=15, polls=2, quota=10.0)
QUICK = Effort(rounds=1, seconds=0.2, requests=300, bare=200, lone=3, quota=3.0)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Who moves messages in turn with others: in which circumstances, and how many at a time."""

    contender: Contender
    case: Case
    mover: Mover
    count: int


class Bench:
    """A run on a stand."""

    def __init__(self, stand: Stand, effort: Effort, progress: Progress) -> None:
        self._stand = stand
        self._effort = effort
        self._progress = progress
        self.findings = Findings()

    def run(self, cases: list[Case]) -> None:
        """Measures everything."""
        effort = self._effort
        steps: list[tuple[str, Callable[[], None], float]] = [
            ("AWS's stub by itself", self._ceiling, effort.requests),
            *((str(case), partial(self._compare, case), effort.rounds) for case in cases),
            ("bare loops", self._bare, effort.bare),
            ("a lone message, an idle queue", self._idle, effort.lone),
            ("twice the quota", self._over_quota, effort.quota),
        ]
        wanted = [(what, measure) for what, measure, much in steps if much]
        task = self._progress.add_task("", total=len(wanted))
        for what, measure in wanted:
            self._progress.update(task, description=what)
            measure()
            self._progress.advance(task)

    def _ceiling(self) -> None:
        self.findings.ceiling = self._stand.ceiling(self._effort.requests)

    def _compare(self, case: Case) -> None:
        """The plain loop and the bridge in turns, all of them waiting when it is not theirs."""
        result = Result(case, beside=Contender() if case.beside else None)
        with self._movers(case) as (plain, bridge, beside):
            turns = [self._turn(result.plain, case, plain), self._turn(result.bridge, case, bridge)]
            if result.beside and case.beside:
                turns.append(self._turn(result.beside, case.beside, beside))
            for _ in range(self._effort.rounds):
                for turn in turns:
                    turn.contender.rounds.append(self._move(turn.case, turn.mover, turn.count))
            self._stand.stub.ask("set", latency=case.latency)
            for turn in turns[:2]:
                self._offer_half(turn)
        self.findings.results.append(result)

    def _turn(self, contender: Contender, case: Case, mover: Mover) -> _Turn:
        return _Turn(contender, case, mover, self._calibrated(case, mover))

    def _offer_half(self, turn: _Turn) -> None:
        """Offers it half of what it moved a second."""
        contender = turn.contender
        rate = contender.rate / 2
        contender.offered = max(5, int(rate * 2 * self._effort.seconds))
        contender.latencies = self._stand.offer(turn.mover, contender.offered, turn.case.size, rate)
        contender.memory = turn.mover.memory

    def _move(self, case: Case, mover: Mover, count: int) -> Round:
        """Has a backlog moved in the circumstances of a case."""
        self._stand.stub.ask("set", latency=case.latency)
        return self._stand.move(mover, count, case.size)

    @contextmanager
    def _movers(self, case: Case) -> Iterator[tuple[Mover, Mover, Mover]]:
        """The plain loop, the bridge, and what is beside it: itself, but where it is compared with TCP."""
        with ExitStack() as stack:
            plain = stack.enter_context(
                self._stand.plain_loop(
                    case.direction, routes=case.routes, tls=case.tls, to_queue=case.to_queue
                )
            )
            (bridge,) = stack.enter_context(
                self._stand.bridge(case.direction, routes=case.routes, tls=case.tls, to_queue=case.to_queue)
            )
            beside = bridge
            if case.tls:
                (beside,) = stack.enter_context(
                    self._stand.bridge(case.direction, routes=case.routes, name="other")
                )
            yield plain, bridge, beside

    def _calibrated(self, case: Case, mover: Mover) -> int:
        """How many messages take about as long as a round is to last; found by moving a few."""
        count = min(10, max(2, MIB // (case.size or KIB))) * case.routes
        most = _MOST_BYTES // (case.size or max(SIZES))
        # Whole requests, and each of mixed sizes as often: the rest would tell of the count alone.
        full = (5 * len(SIZES) if case.size == MIXED else 10) * case.routes
        # What so few take tells of the beginning and the end alone, and so twice.
        for seconds in (0.3 * self._effort.seconds, self._effort.seconds, self._effort.seconds):
            rate = self._move(case, mover, count).rate
            count = max(2 * case.routes, min(int(rate * seconds), most))
            if count > full or case.size == MIXED:
                count = max(full, count - count % full)
        return count

    def _bare(self) -> None:
        self._stand.stub.ask("set", latency=0.0)
        for kind in ("bare_get", "bare_publish", "bare_put", "bare_receive"):
            self.findings.bare[kind] = self._stand.bare(kind, self._effort.bare, KIB)

    def _idle(self) -> None:
        """Two idle routes: one message at a time, and what is asked of SQS while there is none."""
        self._stand.stub.ask("set", latency=0.010)
        with self._stand.bridge("out", "in") as (outward, inward):
            for mover in (outward, inward):
                self._stand.move(mover, 1, KIB)
            if self._effort.polls:
                self.findings.idle, self.findings.idle_seconds = self._idle_requests()
            for mover in (outward, inward):
                self.findings.lone[mover.direction] = [
                    each for _ in range(self._effort.lone) for each in self._lone(mover)
                ]

    def _lone(self, mover: Mover) -> list[float]:
        time.sleep(random.uniform(0.0, 2 * self._effort.seconds))  # noqa: S311 - at any moment of a wait
        return self._stand.offer(mover, 1, KIB, 1000.0)

    def _idle_requests(self) -> tuple[float, float]:
        """Requests an hour, from one poll's start to that of another; and in how many seconds."""
        self._stand.stub.ask("reset")
        polled = 0
        began = 0.0
        while polled <= self._effort.polls:
            requests = self._stand.stub.ask("requests", owner="bridge")
            if requests.get("sqs.ReceiveMessage", 0) > polled:
                polled += 1
                began = began or time.monotonic()
            time.sleep(0.02)
        seconds = time.monotonic() - began
        return (sum(requests.values()) - 1) / seconds * 3600, seconds

    def _over_quota(self) -> None:
        """Offers twice what the topic's quota is, which is well below what the bridge could do."""
        base = self.findings.of("out")
        rate = base.bridge.rate if base else 100.0
        seconds = self._effort.quota
        self.findings.quota = quota = 0.4 * rate
        with self._stand.bridge("out") as (mover,):
            self._stand.stub.ask("set", latency=0.010)
            self._stand.move(mover, 20, KIB)
            self._stand.stub.ask("set", latency=0.010, quotas={"bridge-1": quota})
            found = self._stand.offer_for(mover, seconds, KIB, 2 * quota)
            self._stand.stub.ask("set", latency=0.010)
        throttled = found.pop("throttled", 0)
        self.findings.through = found.pop("arrived") / (quota * seconds)
        self.findings.refused = throttled / max(
            1, found.get("sns.PublishBatch", 0) + found.get("sns.Publish", 0)
        )


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A minute's worth: to see that it works.")] = False,
    crossed: Annotated[
        bool, typer.Option("--crossed", help="Each size over one route and four, TCP and TLS, too.")
    ] = False,
    report: Annotated[Path, typer.Option("--report", help="The page to write.")] = Path(
        "build/bench/report.html"
    ),
) -> None:
    """Measure the bridge beside the plain loop; about ten minutes."""
    console = Console() if sys.stdout.isatty() else Console(width=_PAPER)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with (
            tempfile.TemporaryDirectory(prefix="bridge-bench-") as directory,
            Stand(Path(directory)) as stand,
            Progress(*columns, console=Console(stderr=True)) as progress,
        ):
            bench = Bench(stand, QUICK if quick else WHOLE, progress)
            bench.run([*CASES, *(case for case in CROSSED if crossed and case not in CASES)])
    except Incomplete as e:
        console.print(f"[red]{e}[/red]")
        raise typer.Exit(1) from None
    show(bench.findings, console)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(page(bench.findings), encoding="utf-8")
    console.print(f"the page: {report}")


if __name__ == "__main__":
    # Told to end either way, it ends what it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.run(main)
