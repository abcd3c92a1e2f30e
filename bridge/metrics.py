"""The metrics, under the same names in Prometheus's text and in CloudWatch. Counted elsewhere, read here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from bridge.health import Health
from bridge.mq_depth import Backlog

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

OF_SEVERAL: Mapping[str, Callable[[Sequence[float]], float]] = {
    "bridge_route_ready": min,
    "bridge_circuit_state": max,
    "bridge_in_flight": sum,
    "bridge_in_flight_bytes": sum,
    "bridge_source_depth": max,
    "bridge_source_oldest_age_seconds": max,
    "bridge_certificate_days_left": min,
}
"""What each gauge of several processes makes together; counters and histograms are summed."""


class Collector(Protocol):
    """Whatever has metrics, as Prometheus's registry asks for them."""

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        ...


def text(collector: Collector) -> bytes:
    """All that it has in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


@dataclass(slots=True, eq=False)
class Metrics:
    """What can be measured of a process: its routes, their queues, AWS requests, the certificate.

    A collector of Prometheus's. Gauges of what is not known are left out.
    """

    health: Health
    requests: Callable[[], Mapping[str, int]]
    backlogs: Callable[[], Mapping[str, Backlog]] = dict
    reconnects: Callable[[], Mapping[str, int]] = dict
    certificate_until: Callable[[], datetime | None] = lambda: None

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        yield from self._counters()
        latency = HistogramMetricFamily(
            "bridge_latency_seconds",
            "From a message's put until it left its source.",
            labels=["route"],
        )
        for pump in self.health.pumps:
            latency.add_metric([pump.route], pump.latencies.up_to(), pump.latencies.total)
        yield latency
        yield from self._gauges()

    def _counters(self) -> Iterable[Metric]:
        messages = CounterMetricFamily(
            "bridge_messages",
            "Messages that left their source, by where they went.",
            labels=["route", "outcome"],
        )
        letters = CounterMetricFamily("bridge_dead_letters", "Messages set aside.", labels=["route"])
        size = CounterMetricFamily(
            "bridge_bytes",
            "Bytes of bodies that left their source, by where they went.",
            labels=["route", "outcome"],
        )
        retries = CounterMetricFamily(
            "bridge_retries", "Deliveries tried again within their unit of work.", labels=["route"]
        )
        back_outs = CounterMetricFamily("bridge_back_outs", "Units of work backed out.", labels=["route"])
        offloads = CounterMetricFamily("bridge_offloads", "Bodies that went through S3.", labels=["route"])
        duplicates = CounterMetricFamily(
            "bridge_possible_duplicates",
            "Messages that were delivered, but could not be deleted.",
            labels=["route"],
        )
        for pump in self.health.pumps:
            tally, route = pump.tally, [pump.route]
            for outcome, count, bodies in (
                ("delivered", tally.delivered, tally.delivered_bytes),
                ("dead_letter", tally.dead_letters, tally.dead_letter_bytes),
                ("filtered", tally.filtered, tally.filtered_bytes),
            ):
                messages.add_metric([pump.route, outcome], count)
                size.add_metric([pump.route, outcome], bodies)
            letters.add_metric(route, tally.dead_letters)
            back_outs.add_metric(route, tally.back_outs)
            retries.add_metric(route, tally.retries)
            offloads.add_metric(route, tally.offloads)
            duplicates.add_metric(route, tally.possible_duplicates)
        reconnects = CounterMetricFamily(
            "bridge_reconnects", "Connections to the queue manager made anew.", labels=["route"]
        )
        for name, count in self.reconnects().items():
            reconnects.add_metric([name], count)
        requests = CounterMetricFamily("bridge_aws_requests", "Requests sent to AWS.", labels=["operation"])
        for name, count in sorted(self.requests().items()):
            requests.add_metric([name], count)
        return messages, letters, size, back_outs, retries, offloads, duplicates, reconnects, requests

    def _gauges(self) -> Iterable[Metric]:
        ready = GaugeMetricFamily(
            "bridge_route_ready", "Whether both sides are connected and the route goes on.", labels=["route"]
        )
        ready_now = {pump.route for pump in self.health.pumps if self.health.is_ready(pump)}
        for name in self.health.routes:
            ready.add_metric([name], float(name in ready_now))
        depth = GaugeMetricFamily("bridge_source_depth", "Messages on the MQ queue.", labels=["route"])
        age = GaugeMetricFamily(
            "bridge_source_oldest_age_seconds", "Age of the first message on the MQ queue.", labels=["route"]
        )
        for name, backlog in self.backlogs().items():
            depth.add_metric([name], backlog.depth)
            age.add_metric([name], backlog.oldest_age or 0.0)
        state = GaugeMetricFamily(
            "bridge_circuit_state", "0 closed, 1 messages are set aside, 2 the route waits.", labels=["route"]
        )
        in_hand = GaugeMetricFamily("bridge_in_flight", "Messages in hand.", labels=["route"])
        in_bytes = GaugeMetricFamily("bridge_in_flight_bytes", "Bytes of bodies in hand.", labels=["route"])
        for pump in self.health.pumps:
            circuit = pump.circuit
            state.add_metric([pump.route], 0 if circuit.closed else 2 if circuit.waiting else 1)
            messages, size = map(sum, zip(*(each.in_hand for each in pump.all), strict=True))
            in_hand.add_metric([pump.route], messages)
            in_bytes.add_metric([pump.route], size)
        yield from (ready, depth, age, state, in_hand, in_bytes)
        if until := self.certificate_until():
            left = (until - datetime.now(UTC)).total_seconds() / 86_400
            yield GaugeMetricFamily(
                "bridge_certificate_days_left",
                "Days until the first of the certificates expires.",
                value=left,
            )
