"""What came of it as a page: a matrix of points and deeds, a timeline a direction, and a verdict a fault."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from tests.torture.cells import Cell, Deed, Point, Verdict
from tests.torture.plan import WHOLE, why_not
from tests.torture.run import Account, Sample, Struck

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; }
table { border-collapse: collapse; } .wide { overflow-x: auto; }
th, td { border: 1px solid #8886; padding: .3rem .5rem; text-align: left; vertical-align: top; }
td.well { background: #2a92; } td.bad { background: #d33a; font-weight: bold; } td.none { opacity: .5; }
small { display: block; opacity: .75; white-space: nowrap; }
svg { width: 100%; height: 15rem; background: #8881; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
polyline { fill: none; stroke-width: 1.5; } .moved { stroke: #2a9; } .waiting { stroke: #c82; }
.fault { stroke: #68c; opacity: .5; } .kill { stroke: #d33; }
"""
_WIDTH, _HEIGHT = 1000.0, 200.0
_WINDOW = 5.0
"""Seconds over which the throughput is taken."""


@dataclass
class Entry:
    """What came of a cell; without a verdict, it was never reached."""

    verdict: Verdict | None = None
    problems: list[str] = field(default_factory=lambda: ["no verdict: it ended on the way"])


class Report:
    """What came of the cells that were tried, and of the runs."""

    def __init__(self) -> None:
        self._entries: dict[Cell, Entry] = {}
        self._accounts: list[Account] = []

    @contextmanager
    def of(self, cell: Cell) -> Iterator[Entry]:
        """The entry of a cell, to be filled in."""
        self._entries[cell] = entry = Entry()
        yield entry

    def add(self, account: Account) -> None:
        """Adds what came of a run."""
        self._accounts.append(account)

    def write(self, path: Path) -> None:
        """Writes the page."""
        parts = [self._cells_in_words(), self._matrix()]
        for account in self._accounts:
            parts += [_in_words(account), _timeline(account), _table(account)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Torture</title>'
            '<meta name="viewport" content="width=device-width">'
            f"<style>{_STYLE}</style><h1>Every point, broken in every way</h1>{''.join(parts)}</html>\n",
            encoding="utf-8",
        )

    def _cells_in_words(self) -> str:
        verdicts = [each.verdict for each in self._entries.values() if each.verdict]
        bad = sum(bool(each.problems) for each in self._entries.values())
        return (
            f"<p>One at a time: {len(self._entries)} cells tried, {bad} not as they must be; "
            f"{sum(len(each.sent) for each in verdicts)} messages, "
            f"lost {sum(len(each.lost) for each in verdicts)}, "
            f"unexpected {sum(len(each.unexpected) for each in verdicts)}, "
            f"duplicates {sum(each.duplicates for each in verdicts)}. "
            "In the runs: how often, and the longest time until messages moved again.</p>"
        )

    def _matrix(self) -> str:
        struck: dict[tuple[Point, Deed], list[Struck]] = defaultdict(list)
        for each in (each for account in self._accounts for each in account.struck):
            struck[each.blow.point, each.blow.deed].append(each)
        head = "".join(f"<th>{escape(deed)}</th>" for deed in Deed)
        rows = "".join(
            f"<tr><th>{escape(str(point))}</th>"
            + "".join(self._cell(Cell(point, deed), struck[point, deed]) for deed in Deed)
            + "</tr>"
            for point in WHOLE
        )
        return f'<div class="wide"><table><tr><th></th>{head}</tr>{rows}</table></div>'

    def _cell(self, cell: Cell, struck: Sequence[Struck]) -> str:
        entry = self._entries.get(cell)
        in_runs = ""
        if struck:
            longest = max(each.recovered_after for each in struck)
            in_runs = f"<small>in runs: {len(struck)}, {longest:.1f} s</small>"
        if entry is None:
            if struck:
                return f'<td class="well">{in_runs}</td>'
            return f'<td class="none">{escape(why_not(cell.point, cell.deed)) or "not tried"}</td>'
        if entry.problems or entry.verdict is None:
            return f'<td class="bad">{escape("; ".join(entry.problems))}{in_runs}</td>'
        found = entry.verdict
        aside = f", set aside {sum(found.set_aside.values())}" if found.set_aside else ""
        doubled = f", twice {found.duplicates}" if found.duplicates else ""
        return (
            f'<td class="well">lost 0<small>arrived {len(found.arrived)}{aside}{doubled}, '
            f"{found.seconds:.1f} s</small>{in_runs}</td>"
        )


def _in_words(account: Account) -> str:
    verdict, recoveries = account.verdict, sorted(each.recovered_after for each in account.struck)
    arrow = "MQ to SNS" if account.route == "out" else "SQS to MQ, with a ledger"
    return (
        f"<h2>{arrow}</h2><p>Seed {account.seed}: {len(verdict.sent)} messages, "
        f"{len(account.struck)} faults, {account.kills} of them kills, in {verdict.seconds:.0f} s. "
        f"Lost {len(verdict.lost)}, unexpected {len(verdict.unexpected)}, duplicates {verdict.duplicates}, "
        f"set aside {sum(verdict.set_aside.values())} (without need {len(account.early)}), "
        f"still at the source {verdict.still_there}. Messages moved again after "
        f"{recoveries[len(recoveries) // 2]:.1f} s (median), {recoveries[-1]:.1f} s at the most.</p>"
    )


def _timeline(account: Account) -> str:
    """Faults, kills in red, against throughput and what waits at the source."""
    samples = account.samples
    rates = [_rate(samples, place) for place in range(len(samples))]
    waiting = [float(each.waiting) for each in samples]
    end = samples[-1].at or 1.0
    ticks = "".join(
        f'<line class="fault{" kill" if each.blow.deed.kills else ""}" x1="{each.at / end * _WIDTH:.1f}" '
        f'x2="{each.at / end * _WIDTH:.1f}" y1="0" y2="{_HEIGHT}"><title>{each.at:.1f} s: '
        f"{escape(str(each.blow))}</title></line>"
        for each in account.struck
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 20}" preserveAspectRatio="none">{ticks}'
        f"{_line('moved', samples, rates, end)}{_line('waiting', samples, waiting, end)}</svg>"
        f"<p>Green: messages a second, up to {max(rates):.0f}. Brown: messages waiting, up to "
        f"{max(waiting):.0f}. Blue: faults. Red: kills. From 0 to {end:.0f} s.</p>"
    )


def _rate(samples: Sequence[Sample], place: int) -> float:
    now = samples[place]
    since = next(each for each in samples if each.at >= now.at - _WINDOW)
    return (now.moved - since.moved) / (now.at - since.at) if now.at > since.at else 0.0


def _line(name: str, samples: Sequence[Sample], values: Sequence[float], end: float) -> str:
    most = max(values) or 1.0
    points = " ".join(
        f"{each.at / end * _WIDTH:.1f},{_HEIGHT * (1 - value / most):.1f}"
        for each, value in zip(samples, values, strict=True)
    )
    return f'<polyline class="{name}" points="{points}"/>'


def _table(account: Account) -> str:
    rows = "".join(
        f"<tr><td>{each.at:.1f}</td><td>{escape(str(each.blow))}</td><td>{each.times}</td>"
        f"<td>{each.recovered_after:.1f} s</td></tr>"
        for each in account.struck
    )
    return (
        f"<details><summary>Each fault</summary><table><tr><th>at, s</th><th>fault</th>"
        f"<th>calls that met it</th><th>messages moved again after</th></tr>{rows}</table></details>"
    )
