"""The matrix as a page: a row a point, a column a deed, in each cell what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from tests.torture.cells import POINTS, Cell, Deed, Verdict

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8886; padding: .4rem .6rem; text-align: left; }
td.well { background: #2a92; } td.bad { background: #d33a; font-weight: bold; } td.none { opacity: .5; }
small { display: block; opacity: .75; }
"""


@dataclass
class Entry:
    """What came of a cell; without a verdict, it was never reached."""

    verdict: Verdict | None = None
    problems: list[str] = field(default_factory=lambda: ["no verdict: it ended on the way"])


class Report:
    """What came of the cells that were tried."""

    def __init__(self) -> None:
        self._entries: dict[Cell, Entry] = {}

    @contextmanager
    def of(self, cell: Cell) -> Iterator[Entry]:
        """The entry of a cell, to be filled in."""
        self._entries[cell] = entry = Entry()
        yield entry

    def write(self, path: Path) -> None:
        """Writes the page."""
        verdicts = [each.verdict for each in self._entries.values() if each.verdict]
        bad = sum(bool(each.problems) for each in self._entries.values())
        head = "".join(f"<th>{escape(deed)}</th>" for deed in Deed)
        rows = "".join(
            f"<tr><th>{escape(str(point))}</th>{''.join(self._cell(Cell(point, deed)) for deed in Deed)}</tr>"
            for point in POINTS
        )
        summary = (
            f"{len(self._entries)} of {len(POINTS) * len(Deed)} cells tried, {bad} not as they must be; "
            f"{sum(len(each.sent) for each in verdicts)} messages, "
            f"lost {sum(len(each.lost) for each in verdicts)}, "
            f"unexpected {sum(len(each.unexpected) for each in verdicts)}, "
            f"duplicates {sum(each.duplicates for each in verdicts)}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Torture</title>'
            f"<style>{_STYLE}</style><h1>Every point, broken in every way</h1><p>{summary}.</p>"
            f"<table><tr><th></th>{head}</tr>{rows}</table></html>\n",
            encoding="utf-8",
        )

    def _cell(self, cell: Cell) -> str:
        entry = self._entries.get(cell)
        if entry is None:
            return '<td class="none">not tried</td>'
        if entry.problems or entry.verdict is None:
            return f'<td class="bad">{escape("; ".join(entry.problems))}</td>'
        found = entry.verdict
        aside = f", set aside {sum(found.set_aside.values())}" if found.set_aside else ""
        doubled = f", twice {found.duplicates}" if found.duplicates else ""
        return (
            f'<td class="well">lost 0<small>arrived {len(found.arrived)}{aside}{doubled}, '
            f"{found.seconds:.1f} s</small></td>"
        )
