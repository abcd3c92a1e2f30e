"""Looks at all sides at the same time, for no longer than it may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bridge.aws.session import Clients, TimeOuts
from bridge.check import aws, collector, queue_manager
from bridge.check.finding import Finding, failure, ok
from bridge.configuration import Configuration

AGENT = "ibmmq-aws-bridge-check"
"""In the User-Agent: these calls only look."""
WITHIN = 60.0
"""Seconds, for each side."""

Tell = Callable[[Finding], None]
_TIME_OUTS = TimeOuts(connect=4.0, read=6.0)


@dataclass(slots=True)
class _Side:
    name: str
    look: Callable[[], Iterator[Finding]]
    tell: Tell
    found: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        try:
            for each in self.look():
                self.found.append(each)
                self.tell(each)
        except Exception as e:  # noqa: BLE001 - a defect of ours must not hide what the other side brings
            what = f"the check itself failed ({type(e).__name__})"
            self.found.append(failure(self.name, what, "report this as a defect of bridge check"))


def check(
    configuration: Configuration,
    *,
    source: str,
    within: float = WITHIN,
    tell: Tell = lambda _found: None,
) -> Sequence[Finding]:
    """What there is to be said of all that a configuration names; `tell` hears each as it comes.

    `source` is what the configuration, which has been checked, was read from. It ends
    `within` seconds, also where something does not answer.
    """
    clients = Clients(agent=AGENT, time_outs=_TIME_OUTS)
    sides = (
        _Side("queue manager", lambda: queue_manager.look(configuration, clients), tell),
        _Side("AWS", lambda: aws.look(configuration, clients), tell),
        _Side("traces", lambda: collector.look(configuration), tell),
    )
    # Daemons: an MQI call that is never answered can't be ended, and must not keep the process.
    threads = [threading.Thread(target=each.run, daemon=True) for each in sides]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    found = [ok(f"configuration {source}", f"right, {len(configuration.routes)} routes")]
    for side, thread in zip(sides, threads, strict=True):
        thread.join(max(0.0, deadline - time.monotonic()))
        found += side.found
        if thread.is_alive():
            last = f" after {side.found[-1].thing}" if side.found else ""
            what = f"no answer within {within:.0f} s{last}"
            found.append(
                failure(side.name, what, "look at what comes next: it takes calls and does not answer")
            )
    return found
