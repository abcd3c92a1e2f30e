"""docs/metrics.md names what a bridge measures, and nothing else, as Prometheus and CloudWatch see it."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.circuit import Circuit
from bridge.cloudwatch import EmbeddedMetrics
from bridge.health import Health
from bridge.message import Descriptor, Message
from bridge.metrics import Metrics
from bridge.mq_depth import Backlog
from tests.bridge.ends import MemorySource
from tests.bridge.test_pump import rig
from tests.documents import DOCS


def documented() -> dict[str, tuple[list[str], str]]:
    """Labels and unit by name."""
    rows = (
        [each.strip() for each in line.strip("|").split("|")]
        for line in (DOCS / "metrics.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    )
    return {
        name.strip("`"): (sorted(filter(None, labels.split(", "))), unit) for name, labels, unit, *_ in rows
    }


def measured() -> Metrics:
    """Of a route that has moved a message, with all there can be beside it."""
    moved = rig(MemorySource.of(Message(b"body", Descriptor(message_id=b"m" * 24))))
    moved.move()
    health = Health(["route"], Circuit("starting"), pumps=[moved.pump])
    return Metrics(
        health,
        requests=lambda: {"sns.PublishBatch": 1},
        backlogs=lambda: {"route": Backlog(1, 0.5)},
        reconnects=lambda: {"route": 1},
        certificate_until=lambda: datetime.now(UTC),
    )


def test_prometheus_gets_what_is_documented() -> None:
    found = {
        sample.name.removesuffix("_bucket"): sorted(name for name in sample.labels if name != "le")
        for family in measured().collect()
        for sample in family.samples
        if not sample.name.endswith(("_sum", "_count", "_created"))
    }
    assert found == {name: labels for name, (labels, _) in documented().items()}


def test_cloudwatch_gets_the_same_under_the_same_names_and_in_these_units() -> None:
    lines = EmbeddedMetrics(measured(), "bridge/test", 60.0).lines(measured().collect())
    found: dict[str, tuple[list[str], str]] = {}
    for line in lines:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                if not metric["Name"].endswith("_count"):
                    labels = max(directive["Dimensions"], key=len)
                    found[metric["Name"].removesuffix("_sum")] = (sorted(labels), metric["Unit"])
    assert found == documented()
