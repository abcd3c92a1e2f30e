"""What the environment says of traces."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from logging import NOTSET, getLogger

import pytest

from bridge import log
from bridge.errors import Stop
from bridge.tracing import Tracing
from tests.fixtures.collector import Collector


@pytest.fixture(autouse=True)
def _heard_again() -> Iterator[None]:
    """The process that traces keeps OpenTelemetry's words from its log; this one is the tests'."""
    yield
    getLogger("opentelemetry").setLevel(NOTSET)


def test_a_variable_that_can_not_be_stops_the_bridge_with_its_name(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many")
    with pytest.raises(
        Stop, match=r"^tracing: OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT .* many: correct it in the env"
    ):
        Tracing(collector.url)


def test_a_variable_that_means_nothing_is_said_but_never_what_lets_the_bridge_in(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "now-and-then")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")
    said = StringIO()
    log.configure(said)
    Tracing(collector.url).close()
    assert "now-and-then" in said.getvalue()
    assert "hunter2" not in said.getvalue()
