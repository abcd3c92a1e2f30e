"""Metrics for CloudWatch: lines of the log in its embedded metric format, which a log group makes metrics of.

Source: "Specification: Embedded metric format", Amazon CloudWatch documentation.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client.core import Metric

from bridge.configuration import CloudWatch
from bridge.metrics import Collector

log = structlog.get_logger(__name__)

_UNITS = {"bytes": "Bytes", "seconds": "Seconds"}
_ALSO_WITHOUT_DIMENSIONS = {"bridge_dead_letters"}
"""What is worth an alarm whichever route it was."""

Labels = tuple[tuple[str, str], ...]

_ENDS_WITHIN = 2.0
"""Seconds."""


@dataclass(slots=True)
class EmbeddedMetrics:
    """Writes the metrics to the log: gauges as they are, counters by what they grew since the last time.

    Of a histogram CloudWatch gets the sum and the count.
    """

    metrics: Collector
    namespace: str
    every: float
    _before: dict[tuple[str, Labels], float] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Every `every` seconds until `stop` is set; `write` once more when the routes have ended."""
        while not stop.wait(self.every):
            self.write()

    def write(self) -> None:
        """One line for each set of dimensions."""
        for line in self.lines(self.metrics.collect()):
            log.info("metrics", **line)

    def lines(self, families: Iterable[Metric]) -> Iterator[Mapping[str, Any]]:
        """The log lines for these metrics; remembers what the counters stand at."""
        by_labels: dict[Labels, dict[str, tuple[float, str, bool]]] = {}
        for family in families:
            also = family.name in _ALSO_WITHOUT_DIMENSIONS
            unit = next((unit for word, unit in _UNITS.items() if word in family.name.split("_")), "Count")
            for sample in family.samples:
                if sample.name.endswith("_bucket"):
                    continue
                labels: Labels = tuple(sample.labels.items())
                value = sample.value
                if family.type in {"counter", "histogram"}:
                    value -= self._before.get((sample.name, labels), 0.0)
                    self._before[sample.name, labels] = sample.value
                told = "Count" if sample.name.endswith("_count") else unit
                by_labels.setdefault(labels, {})[sample.name] = (value, told, also)
        for labels, values in by_labels.items():
            for names, dimensions in _sets(values, labels):
                yield {
                    "_aws": {
                        "CloudWatchMetrics": [
                            {
                                "Namespace": self.namespace,
                                "Dimensions": dimensions,
                                "Metrics": [{"Name": name, "Unit": values[name][1]} for name in names],
                            }
                        ]
                    },
                    **dict(labels),
                    **{name: values[name][0] for name in names},
                }


@contextmanager
def writing(settings: CloudWatch | None, metrics: Collector) -> Iterator[None]:
    """Writes these metrics until left, and once more then; nothing where CloudWatch is not configured."""
    if settings is None:
        yield
        return
    embedded, ended = EmbeddedMetrics(metrics, settings.namespace, settings.interval), threading.Event()
    thread = threading.Thread(target=embedded.run, args=(ended,), name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_ENDS_WITHIN)
        embedded.write()


def _sets(
    values: Mapping[str, tuple[float, str, bool]], labels: Labels
) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The metrics of one set of labels, by the sets of dimensions that they are wanted under."""
    own = [name for name, _ in labels]
    for also in (False, True):
        names = [name for name, value in values.items() if value[2] is also]
        if names:
            yield names, [own, []] if also else [own]
