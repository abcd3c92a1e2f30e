"""The test stand of one cell: a queue manager and an AWS emulator behind faults, and the bridge between."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.torture.breaking import break_at
from tests.torture.cells import Cell, Verdict
from tests.torture.routes import OUT, ROUTES, THRESHOLD, Out, Route

_LARGE = 3_000
_TOO_LARGE = {"out": 300_000, "in": 60_000}  # more than SNS takes without offload, and than the MQ queue does


@dataclass(frozen=True)
class Stand:
    """All that a cell needs; each is the cell's own but for the emulator."""

    aws: Aws
    proxy: FaultProxy
    queue_manager: RunningQueueManager
    start_bridge: StartBridge

    def try_out(self, cell: Cell) -> tuple[Verdict, frozenset[str]]:
        """Breaks it, lets the bridge come back, and says what was found; and what had to be set aside."""
        started_at = time.monotonic()
        route = ROUTES[cell.point.route](self.aws, self.queue_manager)
        texts = {f"{cell} {number}" for number in range(3)}
        special = f"{cell} {cell.point.special}".ljust(_LARGE, ".") if cell.point.special == "large" else ""
        too_large = f"{cell} hopeless".ljust(_TOO_LARGE[cell.point.route], ".")
        hopeless = too_large if cell.point.special == "hopeless" else ""
        to_send = (*sorted(texts), *filter(None, (special, hopeless)))
        # The fault is for the call that has the messages, and not for one that looks whether there are any.
        if isinstance(route, Out):
            bridge = self._start(route, cell)
            eventually(lambda: bool(self.queue_manager.calls("MQGET", OUT)), what="the route to take")
            broken = break_at(cell.point, cell.deed, route, self.proxy, reason=cell.point.reason)
            route.send(*to_send)
        else:
            broken = break_at(cell.point, cell.deed, route, self.proxy, reason=cell.point.reason)
            route.send(*to_send)
            bridge = self._start(route, cell)
        eventually(lambda: broken.happened() > 0, within=60, what=f"{cell}")
        if cell.deed.kills:
            bridge.close()
            bridge = self._start(route, cell)
        eventually(lambda: route.left() == 0, within=90, what=f"the source of {cell} to be empty")
        assert bridge.stop() == 0, bridge.output
        assert "Traceback" not in bridge.output
        arrived = route.found()
        aside = Counter({body: len(reasons) for body, reasons in route.set_aside().items()})
        verdict = Verdict(
            frozenset(to_send),
            arrived,
            aside,
            route.left(),
            broken.happened(),
            time.monotonic() - started_at,
        )
        return verdict, frozenset(filter(None, (hopeless,)))

    def _start(self, route: Route, cell: Cell) -> RunningBridge:
        offload = {"bucket": route.payloads, "threshold": THRESHOLD, "delete_after_delivery": True}
        # Without offload there is what is too large for SNS.
        top: dict[str, Any] = {} if cell.point.special == "hopeless" else {"offload": offload}
        # The shortest heartbeat: a queue manager that hangs is noticed after two of them.
        return self.start_bridge(
            self.queue_manager, route.settings, dead_letters=route.letters, heartbeat=1, **top
        )
