"""Traces: a message's way through the bridge and back as a collector of OpenTelemetry's sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bridge.binding import Binding, load_binding
from bridge.message import Descriptor, Message, Property
from mock_mq.running import RunningQueueManager
from tests.bridge import mq_ends
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import StartBridge, eventually
from tests.fixtures.collector import Collector, attributes
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import CANARY, IN, OUT, SMALL, TOPIC, read, send

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
ERROR = 2  # STATUS_CODE_ERROR


@pytest.fixture
def any_binding() -> Binding:
    """Which one is no matter here."""
    return load_binding()


def put(binding: Binding, queue_manager: RunningQueueManager, queue: str, *messages: Message) -> None:
    """A program that puts messages with properties."""
    sink = mq_ends.sink(binding, queue_manager, queue)
    sink.connect()
    assert sink.deliver(messages) == [None] * len(messages)
    sink.close()


def got(binding: Binding, queue_manager: RunningQueueManager, queue: str, count: int) -> list[Message]:
    """That many messages of a queue, waited for."""
    eventually(lambda: queue_manager.depth(queue) == count, what=f"{count} messages on {queue}")
    source = mq_ends.source(binding, queue_manager, queue)
    source.connect()
    found = [each.message for each in source.take(count)]
    source.commit()
    source.close()
    return found


def text(number: int, properties: Mapping[str, Property | str] | None = None) -> Message:
    told = {
        name: each if isinstance(each, Property) else Property(each)
        for name, each in (properties or {}).items()
    }
    descriptor = Descriptor(message_id=bytes(23) + bytes([number]), format="MQSTR")
    return Message(f"{CANARY} {number}".encode(), descriptor, told)


def line(spans: list[Span], trace: str) -> list[tuple[str, str, str]]:
    """The spans of a trace from its beginning: name, own id and parent; each is the next one's parent."""
    by_parent = {span.parent_span_id.hex(): span for span in spans if span.trace_id.hex() == trace}
    (first,) = by_parent.keys() - {span.span_id.hex() for span in by_parent.values()}
    found, parent = [], first
    while parent in by_parent:
        span = by_parent[parent]
        found.append((span.name, span.span_id.hex(), parent))
        parent = span.span_id.hex()
    return found


def value(message: Message, name: str) -> str:
    return str(message.properties[name].value)


def named(collector: Collector, name: str) -> list[Span]:
    return [span for span in collector.spans if span.name == name]


def test_a_message_from_mq_through_sqs_to_mq_is_one_trace_which_goes_on_after_it(
    aws: Aws,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    collector: Collector,
    any_binding: Binding,
) -> None:
    queue = aws.make_queue()
    name = queue.rpartition("/")[2]
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": queue}},
        {"name": "in", "from": {"sqs": queue, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        offload={"bucket": aws.make_bucket(), "always": True},
        tracing={"endpoint": collector.url},
    )
    many = {f"p{number}": f"{number}" for number in range(12)}
    put(
        any_binding,
        plain,
        OUT,
        text(1, {**many, "traceparent": TRACEPARENT, "tracestate": "vendor=1"}),
        text(2),
        text(3, {"traceparent": TRACEPARENT.upper(), "tracestate": "vendor=3"}),
        text(4, {"traceparent": Property(4, "i4")}),
    )
    arrived = {each.descriptor.message_id[-1]: each for each in got(any_binding, plain, IN, 4)}
    assert started.stop() == 0
    spans = collector.spans
    assert len(spans) == 4 * 4

    way = [f"process {OUT}", f"send {name}", f"process {name}", f"send {IN}"]
    assert [step for step, _, _ in line(spans, TRACE)] == way
    assert line(spans, TRACE)[0][2] == PARENT
    assert value(arrived[1], "traceparent") == f"00-{TRACE}-{line(spans, TRACE)[-1][1]}-01"
    assert value(arrived[1], "tracestate") == "vendor=1"
    assert {each: value(arrived[1], each) for each in many} == many
    # Those without a traceparent, or with one that is none, begin traces of their own.
    for number in (2, 3, 4):
        traceparent = re.fullmatch(r"00-(\w{32})-(\w{16})-0[13]", value(arrived[number], "traceparent"))
        assert traceparent is not None
        steps = line(spans, traceparent[1])
        assert [step for step, _, _ in steps] == way
        assert (steps[0][2], steps[-1][1]) == ("", traceparent[2])
        assert "tracestate" not in arrived[number].properties

    (taken,) = (span for span in spans if span.name == way[0] and span.trace_id.hex() == TRACE)
    assert taken.kind == Span.SPAN_KIND_CONSUMER
    assert attributes(taken) == {
        "messaging.system": "ibmmq",
        "messaging.destination.name": OUT,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": (bytes(23) + b"\1").hex(),
        "messaging.batch.message_count": attributes(taken)["messaging.batch.message_count"],
        "bridge.route": "out",
        "bridge.outcome": "delivered",
    }
    sent, received, put_again = (
        next(span for span in spans if span.name == step and span.trace_id.hex() == TRACE) for step in way[1:]
    )
    assert (sent.kind, put_again.kind) == (Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_PRODUCER)
    assert [attributes(each)["messaging.system"] for each in (sent, received, put_again)] == [
        "aws_sqs",
        "aws_sqs",
        "ibmmq",
    ]
    # Sent, then committed: the span that was taken ends last.
    assert taken.start_time_unix_nano <= sent.start_time_unix_nano <= sent.end_time_unix_nano
    assert sent.end_time_unix_nano <= taken.end_time_unix_nano
    assert collector.resource["service.name"] == "ibmmq-aws-bridge"
    assert CANARY.encode() not in b"".join(collector.requests)


def test_x_rays_header_goes_beside_what_sqs_gets_and_is_the_parent_of_what_has_no_traceparent(
    aws: Aws,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    collector: Collector,
    any_binding: Binding,
    fault_proxy: FaultProxy,
) -> None:
    outgoing, incoming, (topic, subscribed) = aws.make_queue(), aws.make_queue(), aws.make_topic()
    aws.sqs.create_queue(QueueName="others")
    # What a route changes and chooses goes on as any other.
    choice = [{"sqs": outgoing, "when": {"attributes": {"p3": ["3"]}}}, {"sqs": "others"}]
    start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": choice, "attributes": {"p12": "constant:12"}},
        {"name": "publish", "from": {"mq": TOPIC}, "to": {"sns": topic}},
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters=aws.make_bucket(),
        tracing={"endpoint": collector.url},
        environment={"OTEL_SERVICE_NAME": "payments"},
    )
    many = {f"p{number}": f"{number}" for number in range(12)} | {"traceparent": TRACEPARENT}
    put(any_binding, plain, OUT, text(1, many))
    put(any_binding, plain, TOPIC, text(2, many))

    def parent(message: MessageTypeDef) -> str:
        """The traceparent of a message, of its own however many attributes there are."""
        found = message["MessageAttributes"]["traceparent"]["StringValue"]
        assert found.startswith(f"00-{TRACE}-")
        assert PARENT not in found
        return found[36:52]

    (message,) = read(aws, outgoing, 1)
    header = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={parent(message)};Sampled=1"
    # As it was sent: the emulator keeps none of a batch's.
    (request,) = (each for each in fault_proxy.requests if each.action == "SendMessageBatch")
    (entry,) = json.loads(request.body)["Entries"]
    assert entry["MessageSystemAttributes"] == {
        "AWSTraceHeader": {"DataType": "String", "StringValue": header}
    }
    (published,) = read(aws, subscribed, 1)
    assert parent(published)

    given = f"Root=1-{TRACE[::-1][:8]}-{TRACE[::-1][8:]};Parent={PARENT};Sampled=1"
    for body, has in (
        ("header", {}),
        ("both", {"traceparent": TRACEPARENT}),
        ("bad", {"traceparent": "bad"}),
    ):
        aws.sqs.send_message(
            QueueUrl=incoming,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": each} for name, each in has.items()
            },
            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": given}},
        )
    found = {each.body.decode(): value(each, "traceparent")[3:35] for each in got(any_binding, plain, IN, 3)}
    assert found == {"header": TRACE[::-1], "both": TRACE, "bad": TRACE[::-1]}
    name = incoming.rpartition("/")[2]
    eventually(lambda: len(named(collector, f"process {name}")) == 3)
    assert {span.parent_span_id.hex() for span in named(collector, f"process {name}")} == {PARENT}
    assert collector.resource["service.name"] == "payments"
    (sent,) = named(collector, f"send {outgoing.rpartition('/')[2]} or others")
    assert attributes(sent)["messaging.system"] == "aws_sqs"


def became(collector: Collector, queue: str) -> list[tuple[str, str]]:
    """The outcome of each message that was taken from a queue, in order, and why it is an error."""
    spans = named(collector, f"process {queue}")
    assert all((span.status.code == ERROR) is bool(span.status.message) for span in spans)
    return [(attributes(span)["bridge.outcome"], span.status.message) for span in spans]


def test_spans_say_what_became_of_their_messages_and_a_dead_letter_is_as_its_message_was(
    aws: Aws,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    collector: Collector,
    any_binding: Binding,
    fault_proxy: FaultProxy,
) -> None:
    queue, bucket = aws.make_queue(), aws.make_bucket()
    fault_proxy.fail_entries("SendMessageBatch", {1: ("InvalidMessageContents", True)})
    put(any_binding, plain, OUT, text(1), text(2, {"traceparent": TRACEPARENT, "tracestate": "v=1"}))
    plain.fault("fail", call="MQCMIT", reason=2003, times=1)
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": queue}},
        dead_letters={"bucket": bucket, "retries": 0},
        tracing={"endpoint": collector.url},
    )
    eventually(lambda: len(became(collector, OUT)) == 4)
    put(any_binding, plain, OUT, text(3))
    eventually(lambda: len(became(collector, OUT)) == 5)
    fault_proxy.fail_entries("SendMessageBatch", {0: ("InvalidMessageContents", True)})
    put(any_binding, plain, OUT, text(4))
    started.wait_for("message_set_aside", count=2)
    assert started.stop() == 0

    (refused, again) = started.said("message_set_aside")
    outcomes = became(collector, OUT)
    assert "2003" in outcomes[0][1]
    assert outcomes == [
        ("backed_out", outcomes[0][1]),
        ("backed_out", refused["reason"]),
        ("had_a_home", ""),
        ("had_a_home", ""),
        ("delivered", ""),
        ("dead_letter", again["reason"]),
    ]
    sent = [
        attributes(span).get("error.type") for span in named(collector, f"send {queue.rpartition('/')[2]}")
    ]
    assert sent == [None, "message", None, "message"]
    letter = next(
        told
        for key in aws.keys(bucket)
        if key.endswith("/letter.json") and "tracestate" in (told := aws.object(bucket, key).decode())
    )
    assert TRACEPARENT in letter
    assert '"v=1"' in letter
    assert len(re.findall("traceparent", letter)) == 1


def test_what_a_unit_of_work_is_backed_out_for_is_in_the_spans_of_its_messages(
    aws: Aws, plain: RunningQueueManager, start_bridge: StartBridge, collector: Collector
) -> None:
    incoming = aws.make_queue()
    plain.fault("fail", call="MQPUT", queue=IN, reason=2053, times=1)
    send(aws, incoming, "full")
    start_bridge(
        plain,
        {"name": "in", "from": {"sqs": incoming, "wait": 1}, "to": {"mq": IN}},
        dead_letters={"bucket": aws.make_bucket(), "retries": 0},
        tracing={"endpoint": collector.url},
    )
    name = incoming.rpartition("/")[2]
    eventually(lambda: len(became(collector, name)) == 2)
    (backed_out, why), last = became(collector, name)
    assert (backed_out, last) == ("backed_out", ("delivered", ""))
    assert "2053" in why
    first, _ = named(collector, f"send {IN}")
    assert (first.status.message, attributes(first)["error.type"]) == (why, "destination")


def test_a_message_sent_again_to_a_fifo_queue_is_the_same_message_though_its_span_is_another(
    aws: Aws,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    collector: Collector,
    any_binding: Binding,
    fault_proxy: FaultProxy,
) -> None:
    queue = aws.make_fifo_queue()
    # More often than boto3 sends again by itself: the unit of work goes back, and comes again.
    fault_proxy.drop("SendMessageBatch", after=True, times=3)
    put(any_binding, plain, OUT, text(1, {"traceparent": TRACEPARENT}))
    started = start_bridge(
        plain,
        {"name": "out", "from": {"mq": OUT}, "to": {"sqs": queue}},
        dead_letters={"bucket": aws.make_bucket(), "retries": 0},
        tracing={"endpoint": collector.url},
    )
    eventually(lambda: len(named(collector, f"process {OUT}")) >= 2)
    eventually(lambda: plain.depth(OUT) == 0)
    assert started.stop() == 0
    sent = [request.body.decode() for request in fault_proxy.requests if request.action == "SendMessageBatch"]
    assert len({re.findall(r'"MessageDeduplicationId": ?"([^"]+)"', body)[0] for body in sent}) == 1
    assert len({re.findall(rf"00-{TRACE}-(\w+)-01", body)[0] for body in sent}) >= 2
    assert len(read(aws, queue, 1)) == 1


def test_a_collector_that_hangs_or_is_away_costs_no_message_and_no_time(
    aws: Aws,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    collector: Collector,
    any_binding: Binding,
) -> None:
    collector.answers.clear()
    for url, queue in ((collector.url, OUT), ("http://127.0.0.1:1", SMALL)):
        destination = aws.make_queue()
        bodies = [text(number) for number in range(50)]
        put(any_binding, plain, queue, *bodies)
        started = start_bridge(
            plain,
            {"name": "out", "from": {"mq": queue}, "to": {"sqs": destination}},
            dead_letters=aws.make_bucket(),
            tracing={"endpoint": url},
        )
        assert len(read(aws, destination, len(bodies))) == len(bodies)
        eventually(lambda queue=queue: plain.depth(queue) == 0)  # type: ignore[misc]
        # The routes and the queue manager take their part of it; the spans two seconds at the most.
        assert started.stop(within=6) == 0
        told = started.said("spans_lost", endpoint=url, level="warning")
        assert sum(each["spans"] for each in told) == 2 * len(bodies)
        assert len(told) <= 2
        assert not any(each["level"] == "error" for each in started.events)
    assert len(collector.requests) == 1


def test_without_tracing_nothing_of_it_is_loaded_asked_for_or_sent(
    aws: Aws,
    plain: RunningQueueManager,
    start_bridge: StartBridge,
    collector: Collector,
    binding: Binding,
    fault_proxy: FaultProxy,
) -> None:
    imports = {"PYTHONPROFILEIMPORTTIME": "1"}
    traced: dict[str, Any] = {"tracing": {"endpoint": collector.url}}
    for tracing in ({}, traced):
        queue = aws.make_queue()
        before = len(fault_proxy.requests)
        put(binding, plain, OUT, text(1, {"traceparent": TRACEPARENT}))
        started = start_bridge(
            plain,
            {"name": "out", "from": {"mq": OUT}, "to": {"sqs": queue}},
            {"name": "in", "from": {"sqs": queue, "wait": 1}, "to": {"mq": IN}},
            dead_letters=aws.make_bucket(),
            environment=imports,
            binding=binding.name,
            **tracing,
        )
        (message,) = got(binding, plain, IN, 1)
        assert started.stop() == 0
        on = bool(tracing)
        assert ("opentelemetry" in started.output) is on
        asked = b"".join(request.body for request in fault_proxy.requests[before:])
        assert (b"AWSTraceHeader" in asked) is on
        assert (value(message, "traceparent") != TRACEPARENT) is on
        assert ("boto3" in started.output) is True
