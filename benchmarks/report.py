"""What came of a run, as tables and as a page with charts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rich.console import Console
from rich.table import Table

from benchmarks.bodies import MIXED
from benchmarks.cases import ENDS, KIB, MIB, Case, Findings, Result

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; max-width: 75rem; }
table { border-collapse: collapse; margin: 1rem 0; } .wide { overflow-x: auto; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border: 1px solid #8886; padding: .3rem .5rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.met { background: #2a92; } td.not { background: #d33a; }
svg { width: 100%; background: #8881; display: block; margin: 1rem 0; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.plain { fill: #c82; } .bridge { fill: #2a9; }
"""
_WIDTH, _ROW, _LEFT = 1000, 34, 240


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: what it is, its headings, and its rows."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is to be, in words, and whether it is."""

    what: str
    figure: float
    bound: str
    met: bool

    @classmethod
    def at_least(cls, what: str, figure: float, bound: float) -> Target:
        """One that is met by more."""
        return cls(what, figure, f"at least {bound:g}", figure >= bound)

    @classmethod
    def at_most(cls, what: str, figure: float, bound: float) -> Target:
        """One that is met by less."""
        return cls(what, figure, f"at most {bound:g}", figure <= bound)


def targets(findings: Findings) -> list[Target]:
    """The targets of which a figure was measured."""
    return [*_of_going_out(findings), *_of_both_ways(findings), *_beside(findings)]


def _of_going_out(findings: Findings) -> Iterator[Target]:
    out, mixed = findings.of("out"), findings.of("out", MIXED)
    slow, tls = findings.of("out", latency=0.050), findings.of("out", tls=True)
    if out:
        least = out.bridge.requests / out.case.floor
        yield Target.at_most("MQ -> SNS, 1 KB: requests to the least possible", least, 1.05)
        yield Target.at_most("MQ -> SNS, 1 KB: MQCMITs per 1,000 messages", out.bridge.commits, 25)
    if slow and slow.beside:
        what = "MQ -> SNS, 1 KB: throughput at 50 ms to that at 10 ms"
        yield Target.at_least(what, slow.bridge.rate / slow.beside.rate, 0.8)
    if out and findings.bare:
        bare = 1.5 * findings.bare["bare_publish"].cpu + findings.bare["bare_get"].cpu
        what = "MQ -> SNS, 1 KB: CPU to 1.5 of PublishBatch's and the MQ client's share"
        yield Target.at_most(what, out.bridge.cpu / bare, 1)
    if mixed:
        least = mixed.bridge.requests / mixed.case.floor
        yield Target.at_most("MQ -> SNS, mixed sizes: requests to the least possible", least, 1.15)
    if tls and tls.beside:
        what = "MQ -> SNS, 1 KB: throughput over TLS to that over TCP"
        yield Target.at_least(what, tls.bridge.rate / tls.beside.rate, 0.7)


def _of_both_ways(findings: Findings) -> Iterator[Target]:
    inward = findings.of("in")
    if inward:
        yield Target.at_most("SQS -> MQ, 1 KB: requests per 1,000 messages", inward.bridge.requests, 210)
    for case, least in (
        (Case("out", KIB), 40),
        (Case("in", KIB), 25),
        (Case("out", 10 * MIB), 3),
        (Case("in", 10 * MIB), 3),
    ):
        for each in findings.results:
            if each.case == case:
                ratio = each.bridge.rate / each.plain.rate
                yield Target.at_least(f"{case}: throughput to the plain loop's", ratio, least)


def _beside(findings: Findings) -> Iterator[Target]:
    for direction, seconds in findings.lone.items():
        what = f"{ENDS[direction]}: ms until a lone message arrives, the median"
        yield Target.at_most(what, _median(seconds) * 1000, 5)
    if findings.idle:
        yield Target.at_most("SQS -> MQ: requests an hour of an idle route", findings.idle, 185)
    if findings.quota:
        yield Target.at_least("twice the quota: share of it that gets through", findings.through, 0.9)
        yield Target.at_most("twice the quota: throttled requests a success", findings.refused, 0.2)


def sheets(findings: Findings) -> list[Sheet]:
    """All tables."""
    results = findings.results
    wrong = sum(each.wrong for result in results for each in result.contenders)
    return [
        Sheet(
            f"Throughput and cost: the bridge, and its ratio to the plain loop; {os.cpu_count()} cores",
            (
                "case",
                "plain/s",
                "bridge/s",
                "ratio",
                "requests/1,000",
                "MQCMITs/1,000",
                "CPU-ms",
                "ratio",
                "stub busy",
                "MQ busy",
            ),
            [
                (
                    str(each.case),
                    _figure(each.plain.rate),
                    _figure(each.bridge.rate),
                    _figure(each.bridge.rate / each.plain.rate),
                    f"{_figure(each.bridge.requests)} ({_ratio(each.bridge.requests, each.plain.requests)})",
                    f"{_figure(each.bridge.commits)} ({_ratio(each.bridge.commits, each.plain.commits)})",
                    _figure(each.bridge.cpu),
                    _ratio(each.bridge.cpu, each.plain.cpu),
                    *(f"{share:.0%}" for share in each.bridge.busy),
                )
                for each in results
            ],
        ),
        Sheet(
            "From put to publish at half load, in ms, and memory at the most",
            (
                "case",
                "plain p50",
                "bridge p50",
                "plain p99",
                "bridge p99",
                "ratio of p99",
                "bridge MB",
                "ratio",
            ),
            [
                (
                    str(each.case),
                    _ms(each.plain.percentile(0.5)),
                    _ms(each.bridge.percentile(0.5)),
                    _ms(each.plain.percentile(0.99)),
                    _ms(each.bridge.percentile(0.99)),
                    _ratio(each.bridge.percentile(0.99), each.plain.percentile(0.99)),
                    f"{each.bridge.memory / MIB:.0f}",
                    _ratio(each.bridge.memory, each.plain.memory),
                )
                for each in results
            ],
        ),
        Sheet(
            "Beside it",
            ("what", "figure"),
            [
                ("messages that did not arrive, or more than once", str(wrong)),
                ("AWS's stub by itself, PublishBatch of ten 1 KB, requests/s", _figure(findings.ceiling[0])),
                ("... CPU-ms of its own for one", _figure(findings.ceiling[1])),
                *(
                    (f"{_BARE[kind]}, 1 KB: CPU-ms, messages/s", f"{_figure(each.cpu)}, {_figure(each.rate)}")
                    for kind, each in findings.bare.items()
                ),
                *(
                    (
                        f"... an MQ call each, to the plain loop {result.case}",
                        _ratio(bare.rate, result.plain.rate),
                    )
                    for kind, result in (("bare_get", findings.of("out")), ("bare_put", findings.of("in")))
                    if result and (bare := findings.bare.get(kind))
                ),
                *(
                    (
                        f"lone message, {ENDS[direction]}, ms: median, longest of {len(each)}",
                        f"{_ms(_median(each))}, {_ms(max(each))}",
                    )
                    for direction, each in findings.lone.items()
                ),
                (
                    f"idle SQS route, requests an hour, extrapolated from {findings.idle_seconds:.0f} s",
                    _figure(findings.idle),
                ),
            ],
        ),
        Sheet(
            "What it is to be",
            ("target", "is", "to be", ""),
            [
                (
                    each.what,
                    _figure(each.figure),
                    each.bound,
                    "met" if each.met else "not met",
                )
                for each in targets(findings)
            ],
        ),
    ]


_BARE = {
    "bare_get": "MQGET, an MQCMIT for ten (the MQ client's share)",
    "bare_publish": "PublishBatch alone, one thread",
    "bare_put": "MQPUT, an MQCMIT for ten (the MQ client's share)",
    "bare_receive": "ReceiveMessage of ten and DeleteMessageBatch alone",
}


def show(findings: Findings, console: Console) -> None:
    """Prints the tables."""
    for sheet in sheets(findings):
        table = Table(title=sheet.title, title_justify="left")
        for number, heading in enumerate(sheet.headings):
            table.add_column(heading, justify="right" if number else "left")
        for row in sheet.rows:
            table.add_row(*(_COLOURED.get(cell, cell) for cell in row))
        console.print(table)


_COLOURED = {"met": "[green]met[/green]", "not met": "[red]not met[/red]"}


def page(findings: Findings) -> str:
    """The page."""
    results = findings.results
    parts = [_html(sheet) for sheet in sheets(findings)]
    charts = [
        _chart("Messages a second", results, lambda each: (each.plain.rate, each.bridge.rate)),
        _chart("CPU-ms a message", results, lambda each: (each.plain.cpu, each.bridge.cpu)),
        _chart(
            "AWS requests per 1,000 messages",
            results,
            lambda each: (each.plain.requests, each.bridge.requests),
        ),
        _chart(
            "p99 in ms from put to publish, at half load",
            results,
            lambda each: (each.plain.percentile(0.99) * 1000, each.bridge.percentile(0.99) * 1000),
        ),
        _chart(
            "MB of memory at the most",
            results,
            lambda each: (each.plain.memory / MIB, each.bridge.memory / MIB),
        ),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>The bridge beside the loop that most people write</h1>"
        f"<p>One run, in turns, the median of {len(results[0].bridge.rounds)}, on a machine of "
        f"{os.cpu_count()} cores. Absolute figures are the machine's.</p>"
        f"{parts[-1]}{''.join(charts)}{''.join(parts[:-1])}</html>\n"
    )


def _chart(title: str, results: Sequence[Result], of: Callable[[Result], tuple[float, float]]) -> str:
    """Two bars a case, the plain loop's and the bridge's, each pair to the scale of its larger one."""
    bars = []
    for row, result in enumerate(results):
        figures = of(result)
        largest = max(figures) or 1.0
        top = 24 + row * _ROW
        bars.append(f'<text x="4" y="{top + 17}">{escape(str(result.case))}</text>')
        for place, (name, figure) in enumerate(zip(("plain", "bridge"), figures, strict=True)):
            width = max(1.0, figure / largest * (_WIDTH - _LEFT - 80))
            y = top + place * 14
            bars.append(
                f'<rect class="{name}" x="{_LEFT}" y="{y}" width="{width:.0f}" height="12"/>'
                f'<text x="{_LEFT + width + 6:.0f}" y="{y + 11}">{_figure(figure)}</text>'
            )
    height = 24 + len(results) * _ROW
    return (
        f"<h2>{escape(title)}</h2>"
        "<p>Above the plain loop, below the bridge; each pair has a scale of its own.</p>"
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(bars)}</svg>'
    )


def _html(sheet: Sheet) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in sheet.headings)
    marks = {"met": ' class="met"', "not met": ' class="not"'}
    rows = "".join(
        "<tr>" + "".join(f"<td{marks.get(cell, '')}>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in sheet.rows
    )
    caption = f"<caption>{escape(sheet.title)}</caption>"
    return f'<div class="wide"><table>{caption}<tr>{head}</tr>{rows}</table></div>'


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def _ratio(figure: float, to: float) -> str:
    return f"x {_figure(figure / to)}" if to else "-"


def _ms(seconds: float) -> str:
    return _figure(seconds * 1000)


def _figure(value: float) -> str:
    """Three digits, or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
