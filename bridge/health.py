"""Whether the bridge is alive and its routes are ready: what /healthz, /readyz and the metrics tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.mq_depth import Backlog
from bridge.pump import Pump

STUCK_AFTER = 600.0
"""Seconds in which a route's loop must have come round: a unit of work, or a wait of a minute at most."""


class Starting(Protocol):
    """What is waited for before there are any routes; a `Circuit`, for one."""

    @property
    def reason(self) -> str:
        """Why it is waited for; empty where all is well."""
        ...


@dataclass(slots=True)
class Health:
    """What is known of the routes; `clock` gives seconds. Read by any thread, written by the supervisor's.

    Until there are credentials there are no `pumps`, and `starting` says what is waited for.
    """

    routes: Sequence[str]
    starting: Starting
    clock: Callable[[], float] = time.monotonic
    pumps: Sequence[Pump] = ()
    ended: dict[str, str] = field(default_factory=dict)
    """Routes that could not go on, each with the reason."""

    def stuck(self) -> list[str]:
        """Routes whose loop has not come round for so long that only a restart will help."""
        now = self.clock()
        return [
            pump.route
            for pump in self.pumps
            if pump.route not in self.ended
            and any(each.passed_at and now - each.passed_at > STUCK_AFTER for each in pump.all)
        ]

    @property
    def ready(self) -> bool:
        """Whether every route is connected at both sides and goes on."""
        return bool(self.pumps) and all(self.is_ready(pump) for pump in self.pumps)

    def is_ready(self, pump: Pump) -> bool:
        """Whether this one is."""
        return pump.route not in self.ended and pump.connected and pump.circuit.closed

    def report(self) -> Mapping[str, Any]:
        """All of it, for a person or a program; no bodies, no secrets."""
        if not self.pumps:
            waiting = {"ready": False, "state": "starting", "reason": self.starting.reason}
            return {"ready": False, "routes": [{"name": name, **waiting} for name in self.routes]}
        return {"ready": self.ready, "routes": [self._route(pump) for pump in self.pumps]}

    def details(self, backlogs: Mapping[str, Backlog]) -> Mapping[str, Any]:
        """The report, with what each route has done, what waits for it and what went wrong last."""
        report = self.report()
        known = {pump.route: pump for pump in self.pumps}
        for route in report["routes"]:
            if pump := known.get(route["name"]):
                backlog = backlogs.get(pump.route)
                route |= {
                    "delivered": pump.tally.delivered,
                    "dead_letters": pump.tally.dead_letters,
                    "backlog": backlog.depth if backlog else None,
                    "oldest_seconds": backlog.oldest_age if backlog else None,
                    "errors": [
                        {"at": at.isoformat(), "reason": reason} for at, reason in [*pump.errors][::-1]
                    ],
                }
        return report

    def _route(self, pump: Pump) -> dict[str, Any]:
        reason = self.ended.get(pump.route, "") or pump.circuit.reason
        if pump.route in self.ended:
            state = "stopped"
        elif not pump.circuit.closed:
            state = "waiting" if pump.circuit.waiting else "setting_aside"
        else:
            state = "running" if pump.connected else "starting"
        delivered = max(each.delivered_at for each in pump.all)
        return {
            "name": pump.route,
            "source": pump.source.name,
            "destination": pump.sink.name,
            "ready": self.is_ready(pump),
            "state": state,
            "reason": reason,
            "seconds_since_delivery": round(self.clock() - delivered, 1) if delivered else None,
        }
