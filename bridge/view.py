"""What a bridge tells of itself, be it one process or several: what its HTTP port shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from prometheus_client.core import Metric

from bridge.health import Health
from bridge.metrics import Metrics


class View(Protocol):
    """What is known of a bridge. Asked by any thread."""

    def stuck(self) -> Sequence[str]:
        """What only a restart will help."""
        ...

    def report(self) -> Mapping[str, Any]:
        """Each route's state and why; `ready` says whether all are."""
        ...

    def details(self) -> Mapping[str, Any]:
        """The report, with what each route has done, what waits for it and what went wrong last."""
        ...

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class OneProcess:
    """What a process knows of its own routes. A `View`."""

    health: Health
    metrics: Metrics

    def stuck(self) -> Sequence[str]:
        """Routes whose loop has not come round."""
        return self.health.stuck()

    def report(self) -> Mapping[str, Any]:
        """As `Health` has it."""
        return self.health.report()

    def details(self) -> Mapping[str, Any]:
        """As `Health` has it, with the backlogs that are measured."""
        return self.health.details(self.metrics.backlogs())

    def collect(self) -> Iterable[Metric]:
        """As `Metrics` has them."""
        return self.metrics.collect()
