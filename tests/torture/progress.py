"""How far the runs are, in a terminal: a bar a direction, or a line now and then where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.torture.run import Account, Run

_EVERY = 0.5
_LINES_EVERY = 40
"""Where it is not a terminal: a line each so many looks."""


def shown(runs: Sequence[Run], performed: Sequence[Future[Account]], *, seed: int) -> None:
    """Shows them until all are performed."""
    console = Console()
    console.print(f"\n[bold]seed {seed}[/] (TORTURE_SEED={seed} repeats it)")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(
            "{task.completed} of {task.total} moved, {task.fields[blows]} blows, {task.fields[kills]} kills"
        ),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = [progress.add_task(run.route.name, total=run.messages, blows=0, kills=0) for run in runs]
        looks = 0
        while wait(performed, timeout=_EVERY).not_done:
            looks += 1
            for task, run in zip(tasks, runs, strict=True):
                kills = sum(each.blow.deed.kills for each in run.struck)
                progress.update(task, completed=run.moved, blows=len(run.struck), kills=kills)
                if not console.is_terminal and looks % _LINES_EVERY == 0:
                    console.print(
                        f"{run.route.name}: {run.moved} of {run.messages} moved, "
                        f"{len(run.struck)} blows, {kills} kills"
                    )
