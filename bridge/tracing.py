"""Traces: a span for each message that is taken and one for each that is sent on.

A route's source, sink and dead letters are wrapped, so that the pump knows nothing of it, and without
`tracing` in the configuration neither this module nor OpenTelemetry is loaded. What is sent on carries the
bridge's span in its property `traceparent`; the message that was taken stays as it is, and so does its dead
letter.

Sources: W3C's "Trace Context", 4.3 (what becomes of a traceparent, and of one that can't be read), and
OpenTelemetry's "Semantic conventions for messaging spans" (names, kinds and attributes).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bridge import __version__
from bridge.errors import Away, Stop
from bridge.message import DeadLetter, Delivery, Fault, Message, Property, Rejection
from bridge.ports import DeadLetters, Sink, Source
from bridge.pump import Pump
from bridge.span_sender import SpanSender

SERVICE = "ibmmq-aws-bridge"
"""The `service.name` of a bridge whose environment gives it none."""
TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
"""W3C's names: of the properties in MQ, where IBM's programs have them too, and of AWS's attributes."""

_W3C = TraceContextTextMapPropagator()
_SYSTEMS = {"mq": "ibmmq", "sqs": "aws_sqs", "sns": "aws.sns"}
"""`messaging.system` by how the name of a source or sink begins; of MQ's OpenTelemetry has none."""


class Tracing:
    """The process's traces. `endpoint` is a collector's base URL; OTEL_* variables say the rest.

    Of these: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and its argument, and what
    begins with OTEL_EXPORTER_OTLP, but for the endpoint. Raises `Stop` for one that can't be.
    """

    def __init__(self, endpoint: str) -> None:
        named = Resource.create({"service.name": SERVICE, "service.version": __version__})
        named = named.merge(OTELResourceDetector().detect())
        try:
            provider = TracerProvider(resource=named, shutdown_on_exit=False)
            self._sender = SpanSender(endpoint)
        except ValueError as e:
            raise Stop(f"tracing: {e}: correct it in the environment") from None
        # What it says from now on is of single messages: of a tracestate that can't be read, say.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        provider.add_span_processor(self._sender)
        self._tracer = provider.get_tracer("bridge", __version__)

    def follow(self, pump: Pump) -> None:
        """Comes between a pump, which has not begun, and its ends."""
        for each in pump.all:
            unit = _Unit(self._tracer, each.route, each.source.name, each.sink.name)
            each.source = TracedSource(each.source, unit)
            each.sink = TracedSink(each.sink, unit)
            each.dead_letters = TracedDeadLetters(each.dead_letters, unit)

    def close(self) -> None:
        """Sends what has ended, for two seconds at the most."""
        self._sender.shutdown()


@dataclass(slots=True)
class _InHand:
    """A message that was taken, its span, and that of its being sent, with when and how that ended."""

    taken: Span
    letter: str = ""
    """Why it was set aside."""
    carrying: Message | None = None
    """The message as it is sent on: the same one at each try, for the sink knows it by that."""
    sent: Span | None = None
    answered_at: int = 0
    refusal: Rejection | None = None


@dataclass(slots=True)
class _Unit:
    """The spans of a route's unit of work. They end with it: only then is known what became of a message."""

    tracer: Tracer
    route: str
    source: str
    sink: str
    why: str = ""
    """What the unit of work is backed out for, if it is."""
    _messages: dict[int, _InHand] = field(default_factory=dict)
    """By the identity of the message that was taken, which the pump holds on to."""

    def begin(self, unit: Sequence[Delivery]) -> None:
        """Starts a span for each message, as a child of what the message says its parent is."""
        self.why = ""
        name, attributes = self._told(self.source, "process", len(unit))
        for each in unit:
            own = each.message.descriptor.message_id.hex() if self.source.startswith("mq:") else each.identity
            span = self.tracer.start_span(
                name,
                _parent(each),
                SpanKind.CONSUMER,
                {**attributes, "messaging.message.id": own},
            )
            self._messages[id(each.message)] = _InHand(span)

    def carrying(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as they are sent on, each with a span of its own as the traceparent."""
        name, attributes = self._told(self.sink, "send", len(messages))
        sent = []
        for message in messages:
            in_hand = self._messages[id(message)]
            if in_hand.carrying is None:
                within = set_span_in_context(in_hand.taken, Context())
                in_hand.sent = self.tracer.start_span(name, within, SpanKind.PRODUCER, attributes)
                in_hand.carrying = _with_parent(message, in_hand.sent)
            sent.append(in_hand.carrying)
        return sent

    def answered(self, messages: Sequence[Message], outcomes: Sequence[Rejection | None]) -> None:
        """What the destination said of each."""
        now = time.time_ns()
        for message, outcome in zip(messages, outcomes, strict=True):
            in_hand = self._messages[id(message)]
            in_hand.answered_at, in_hand.refusal = now, outcome
            self.why = outcome.reason if outcome else self.why

    def set_aside(self, message: Message, reason: str) -> None:
        """It is among the dead letters."""
        self._messages[id(message)].letter = reason

    def committed(self) -> None:
        """Each message has left its source."""
        for each in self._messages.values():
            delivered = each.sent is not None and each.refusal is None
            outcome = "dead_letter" if each.letter else "delivered" if delivered else "had_a_home"
            _end(each, outcome, each.letter)
        self._messages.clear()

    def backed_out(self) -> None:
        """Each message is at its source again."""
        for each in self._messages.values():
            _end(each, "backed_out", each.letter or self.why or "the unit of work was backed out")
        self._messages.clear()

    def _told(self, end: str, operation: str, messages: int) -> tuple[str, Mapping[str, str | int]]:
        """The name and attributes of a span at a source or sink (its name), for one of so many messages."""
        # Of a topic's ARN the name; and a route may have several destinations.
        ends = [each.partition(":") for each in end.split(" or ")]
        destination = " or ".join(place.rpartition(":")[2] for _, _, place in ends)
        return f"{operation} {destination}", {
            "messaging.system": " or ".join(dict.fromkeys(_SYSTEMS.get(kind, kind) for kind, _, _ in ends)),
            "messaging.destination.name": destination,
            "messaging.operation.name": operation,
            "messaging.operation.type": operation,
            "messaging.batch.message_count": messages,
            "bridge.route": self.route,
        }


class TracedSource:
    """A `Source` whose messages have spans, from when they are taken to the end of their unit of work."""

    def __init__(self, source: Source, unit: _Unit) -> None:
        self._source = source
        self._unit = unit
        self.connect = source.connect

    @property
    def name(self) -> str:
        """The source's."""
        return self._source.name

    def take(self, limit: int) -> Sequence[Delivery]:
        """As the source does."""
        unit = self._source.take(limit)
        self._unit.begin(unit)
        return unit

    def commit(self) -> None:
        """As the source does; its spans end after it."""
        try:
            self._source.commit()
        except Away as e:
            self._unit.why = str(e)
            raise
        self._unit.committed()

    def back_out(self) -> None:
        """As the source does; its spans end after it."""
        self._source.back_out()
        self._unit.backed_out()

    def close(self) -> None:
        """As the source does; its spans end after it."""
        self._source.close()
        self._unit.backed_out()


class TracedSink:
    """A `Sink` whose messages carry spans of the bridge's."""

    def __init__(self, sink: Sink, unit: _Unit) -> None:
        self._sink = sink
        self._unit = unit
        self.connect = sink.connect
        self.group_of = sink.group_of
        self.has = sink.has
        self.close = sink.close

    @property
    def name(self) -> str:
        """The sink's."""
        return self._sink.name

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """As the sink does."""
        try:
            outcomes = self._sink.deliver(self._unit.carrying(messages))
        except Away as e:
            self._unit.answered(messages, [Rejection(str(e), Fault.DESTINATION)] * len(messages))
            raise
        self._unit.answered(messages, outcomes)
        return outcomes


class TracedDeadLetters:
    """`DeadLetters` whose messages' spans say so."""

    def __init__(self, letters: DeadLetters, unit: _Unit) -> None:
        self._letters = letters
        self._unit = unit

    def keep(self, letter: DeadLetter) -> str:
        """As they do."""
        try:
            where = self._letters.keep(letter)
        except Away as e:
            self._unit.why = str(e)
            raise
        self._unit.set_aside(letter.message, letter.reason)
        return where


def _parent(delivery: Delivery) -> Context:
    """The context that a message came with; empty where it has none that can be read: a new trace begins."""
    found = {name: delivery.message.properties.get(name) for name in (TRACEPARENT, TRACESTATE)}
    carrier = {name: each.value for name, each in found.items() if each and isinstance(each.value, str)}
    context = _W3C.extract(carrier, Context())
    if delivery.traceparent and not get_current_span(context).get_span_context().is_valid:
        return _W3C.extract({TRACEPARENT: delivery.traceparent}, Context())
    return context


def _with_parent(message: Message, span: Span) -> Message:
    """The message with a span as its parent; first among its properties, so that it has room (mapping)."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span, Context()))
    others = {
        name: each for name, each in message.properties.items() if name not in {TRACEPARENT, TRACESTATE}
    }
    return replace(
        message, properties={**{name: Property(value) for name, value in carrier.items()}, **others}
    )


def _end(message: _InHand, outcome: str, why: str) -> None:
    if message.sent:
        if message.refusal:
            message.sent.set_status(StatusCode.ERROR, message.refusal.reason)
            message.sent.set_attribute("error.type", message.refusal.fault.value)
        message.sent.end(message.answered_at or None)
    message.taken.set_attribute("bridge.outcome", outcome)
    if why:
        message.taken.set_status(StatusCode.ERROR, why)
        message.taken.set_attribute("error.type", outcome)
    message.taken.end()
