"""What each of several processes tells of itself, and what that makes together. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client.core import Metric

from bridge.health import Health
from bridge.metrics import OF_SEVERAL, Metrics
from bridge.view import OneProcess, View

_STATES = ("running", "starting", "setting_aside", "waiting", "stopped")
"""From the best to the worst."""
_ERRORS = 5
"""How many are shown of a route."""
_GROWS = frozenset({"counter", "histogram"})

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a process tells; `routes` as a `View` details them. `process` is its number, from 1.

    It is 0 for what processes that are gone have done: only what adds up is left of them.
    """

    process: int = 0
    stuck: Sequence[str] = ()
    routes: Sequence[Mapping[str, Any]] = ()
    metrics: Sequence[Metric] = ()

    @classmethod
    def of(cls, process: int, view: View) -> Report:
        """What that process knows of itself now."""
        return cls(process, tuple(view.stuck()), tuple(view.details()["routes"]), tuple(view.collect()))


def past(*reports: Report) -> Report:
    """What is left of processes that are gone: what they have counted, and what went wrong."""
    kept = ("name", "delivered", "dead_letters", "errors")
    return Report(
        routes=[{key: each[key] for key in kept if key in each} for each in merged_routes(reports)],
        metrics=[each for each in merged_metrics(reports) if each.type in _GROWS],
    )


def merged_routes(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Each route once, in the order in which they are told of first."""
    told: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for report in reports:
        for route in report.routes:
            told.setdefault(route["name"], []).append((report.process, route))
    return [_merged_route(each) for each in told.values()]


def _merged_route(told: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    keys = dict.fromkeys(key for _, route in told for key in route)
    merged = {key: _RULES[key]([route[key] for _, route in told if key in route]) for key in keys}
    if "reason" in merged:
        merged["reason"] = _reason({process: route["reason"] for process, route in told if process})
    return merged


def _reason(by_process: Mapping[int, str]) -> str:
    """What all say alike as it is; else who says it, for each thing that is said."""
    who: dict[str, list[int]] = {}
    for process, reason in by_process.items():
        who.setdefault(reason, []).append(process)
    if len(who) == 1:
        return next(iter(who))
    return "; ".join(
        f"process{'es' * (len(numbers) > 1)} {', '.join(map(str, numbers))}: {reason}"
        for reason, numbers in who.items()
        if reason
    )


def _known(choose: Callable[[Iterable[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    """What to choose of those that are known."""

    def chosen(values: Sequence[Any]) -> Any:
        known = [each for each in values if each is not None]
        return choose(known) if known else None

    return chosen


def _newest(errors: Sequence[Sequence[Mapping[str, str]]]) -> list[Mapping[str, str]]:
    return sorted((one for each in errors for one in each), key=lambda one: one["at"], reverse=True)[:_ERRORS]


def _first(values: Sequence[Any]) -> Any:
    return values[0]


_RULES: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "name": _first,
    "source": _first,
    "destination": _first,
    "ready": all,
    "state": lambda states: max(states, key=_STATES.index),
    "reason": _first,  # who says it is told besides
    "seconds_since_delivery": _known(min),
    "delivered": sum,
    "dead_letters": sum,
    "backlog": _known(max),
    "oldest_seconds": _known(max),
    "errors": _newest,
}


def merged_metrics(reports: Sequence[Report]) -> list[Metric]:
    """The metrics under the same names and labels: what counts is summed, gauges as `OF_SEVERAL` says."""
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, Labels], list[float]]] = {}
    for family in (each for report in reports for each in report.metrics):
        families.setdefault(family.name, family)
        found = values.setdefault(family.name, {})
        for sample in family.samples:
            found.setdefault((sample.name, tuple(sample.labels.items())), []).append(sample.value)
    made = []
    for name, family in families.items():
        rule = sum if family.type in _GROWS else OF_SEVERAL[name]
        metric = Metric(name, family.documentation, family.type)
        for (sample_name, labels), each in values[name].items():
            metric.add_sample(sample_name, dict(labels), rule(each))
        made.append(metric)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class SeveralProcesses:
    """What several processes say together. A `View`; `reports` gives what each said last."""

    reports: Callable[[], Sequence[Report]]

    def stuck(self) -> Sequence[str]:
        """The processes that do not answer, and the routes that do not come round."""
        return [f"process {each.process}: {what}" for each in self.reports() for what in each.stuck]

    def report(self) -> Mapping[str, Any]:
        """As `details`, without what routes have done."""
        routes = self.details()["routes"]
        return _all([{key: each[key] for key in each if key not in _DONE} for each in routes])

    def details(self) -> Mapping[str, Any]:
        """As one process tells it: a route is as ready as the least ready of its processes."""
        return _all(merged_routes(self.reports()))

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        return merged_metrics(self.reports())


_DONE = frozenset({"delivered", "dead_letters", "backlog", "oldest_seconds", "errors"})


def _all(routes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"ready": all(each["ready"] for each in routes), "routes": routes}


@dataclass(frozen=True, slots=True)
class _Waited:
    """What is waited for. A `Starting`."""

    reason: str


def absent(process: int, routes: Sequence[str], reason: str = "", *, stuck: bool = False) -> Report:
    """The report of a process that tells nothing: its routes, by their names, are not ready, and why."""
    health = Health(routes, starting=_Waited(reason))
    report = Report.of(process, OneProcess(health, Metrics(health, requests=dict)))
    return replace(report, stuck=[reason]) if stuck else report
