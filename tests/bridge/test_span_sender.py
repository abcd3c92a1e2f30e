"""Spans on their way to a collector: whatever it does, nobody waits for it."""

from __future__ import annotations

import json
import time
from io import StringIO

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Tracer

from bridge import log
from bridge.span_sender import MOST_WAITING, SpanSender
from tests.fixtures.bridge import eventually
from tests.fixtures.collector import Collector

NOWHERE = "http://127.0.0.1:1"


def tracer_of(sender: SpanSender) -> Tracer:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(sender)
    return provider.get_tracer("test")


@pytest.fixture
def said() -> StringIO:
    """The log."""
    stream = StringIO()
    log.configure(stream)
    return stream


def lines(said: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_spans_arrive_soon_and_the_last_ones_at_the_end(collector: Collector, said: StringIO) -> None:
    sender = SpanSender(collector.url)
    tracer = tracer_of(sender)
    tracer.start_span("first").end()
    eventually(lambda: [span.name for span in collector.spans] == ["first"])
    for number in range(1000):
        tracer.start_span(str(number)).end()
    sender.shutdown()
    assert sorted(span.name for span in collector.spans) == sorted(["first", *map(str, range(1000))])
    assert lines(said) == []


def test_a_collector_that_hangs_keeps_nobody_and_what_it_did_not_take_is_counted(
    collector: Collector, said: StringIO
) -> None:
    collector.answers.clear()
    sender = SpanSender(collector.url)
    tracer = tracer_of(sender)
    tracer.start_span("taken, and never answered").end()
    eventually(lambda: len(collector.requests) == 1)
    began = time.monotonic()
    for number in range(MOST_WAITING + 100):
        tracer.start_span(str(number)).end()
    ended = time.monotonic()
    sender.shutdown()
    assert time.monotonic() - ended < 3
    assert ended - began < 3
    (line,) = lines(said)
    assert (line["event"], line["level"], line["spans"]) == ("spans_lost", "warning", 1 + MOST_WAITING + 100)
    assert line["reason"] == "it does not answer"
    assert line["endpoint"] == collector.url


def test_a_collector_that_is_away_is_said_once_with_the_reason(said: StringIO) -> None:
    sender = SpanSender(NOWHERE)
    tracer = tracer_of(sender)
    for number in range(5000):
        tracer.start_span(str(number)).end()
    sender.shutdown()
    told = lines(said)
    assert sum(int(str(line["spans"])) for line in told) == 5000
    assert {line["event"] for line in told} == {"spans_lost"}
    assert len(told) <= 2
    assert "refused" in str(told[-1]["reason"])
