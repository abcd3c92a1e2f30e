"""The configuration as the bridge uses it. docs/configuration.md tells every key to its user.

What concerns one value is checked here; what concerns several, when it is loaded
(`bridge.configuration.consistency`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, InstanceOf, Tag

from bridge.body_format import DEFAULT_TYPE, BodyFormat
from bridge.configuration import aws_values, shaping_values, values
from bridge.configuration.checked import Checked, flag, in_bytes, one_of, some, whole
from bridge.configuration.mistakes import wrong
from bridge.configuration.values import KIB, MIB
from bridge.room import IN_FLIGHT
from bridge.shaping.change import Value
from bridge.shaping.pattern import Pattern

_CHOICE = "<choice>"
_UNION_TAGS = frozenset({"<mq source>", "<sqs source>", "<sns sink>", "<sqs sink>", "<mq sink>", _CHOICE})
"""What pydantic adds to a location inside `from` and `to`; never a key of a configuration."""

_QUEUE_NAME = partial(values.mq_name, what="queue", longest=48)
QueueName = Annotated[str, Checked(_QUEUE_NAME)]
Bucket = Annotated[str, Checked(aws_values.bucket)]
SqsQueue = Annotated[str, Checked(aws_values.queue)]


def told(meaning: str, example: str = "") -> Any:
    """What a reader is told of a field, in Markdown for docs/configuration.md, and an example."""
    return Field(description=meaning, examples=[example] if example else None)


class Model(BaseModel):
    """What all parts of a configuration share: they never change, and know no other keys than theirs."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_name=True, hide_input_in_errors=True
    )


class CredentialsReference(Model):
    """Where the credentials are: a secret's name or ARN in Secrets Manager, or a directory."""

    kind: Literal["secretsmanager", "file"]
    where: str


def _reference(value: Any) -> Any:
    if isinstance(value, CredentialsReference):
        return value
    kind, where = aws_values.credentials(value)
    return {"kind": kind, "where": where}


class QueueManager(Model):
    """How to reach the queue manager. `heartbeat` is in seconds; an empty `cipher_spec` means plain TCP.

    Each `credentials_refresh` seconds the credentials are looked at, and taken up if they have changed.
    """

    name: Annotated[
        str,
        Checked(partial(values.mq_name, what="queue manager", longest=48)),
        told("The queue manager's name: up to 48 of `A-Z a-z 0-9 . / _ %`", "QM1"),
    ]
    connections: Annotated[
        tuple[Annotated[str, Checked(values.connection)], ...],
        some("connection"),
        told(
            "Where it listens, each as `host(port)`; tried in this order, for ever",
            '["mq-a.example(1414)"]',
        ),
    ]
    channel: Annotated[
        str,
        Checked(partial(values.mq_name, what="channel", longest=20)),
        told("The server-connection channel: up to 20 of the same characters", "BRIDGE.SVRCONN"),
    ]
    cipher_spec: Annotated[
        str,
        Checked(values.cipher_spec, schema={"enum": ["", *values.CIPHER_SPECS]}),
        told(
            "The channel's `SSLCIPH`, of TLS 1.2 or 1.3 and in MQ's spelling. Empty means plain TCP. With "
            "it, `credentials` are required",
            "ANY_TLS12_OR_HIGHER",
        ),
    ] = ""
    peer_name: Annotated[
        str,
        Checked(values.peer_name),
        told(
            "What the queue manager's certificate must say, as in `SSLPEER`. Empty: any that the CA signed, "
            "for MQ's clients do not compare host names",
            '"CN=QM1,O=Example"',
        ),
    ] = ""
    certificate_label: Annotated[
        str,
        Checked(values.certificate_label),
        told(
            "The label under which the client's certificate is put into the key repository; up to 64 "
            "characters. Empty: one of the bridge's own",
            "bridge",
        ),
    ] = ""
    # MQ's HBINT goes from 0 to 999999; 0 would mean that a dead peer is never noticed.
    heartbeat: Annotated[
        int,
        whole(1, 999_999, "seconds"),
        told(
            "The heartbeat interval to ask for. MQ takes the larger of this and the channel's `HBINT` (300 "
            "unless set): a dead connection is noticed within about two of those",
            "30",
        ),
    ] = 30
    credentials: Annotated[
        CredentialsReference | None,
        Checked(_reference),
        told(
            "Where certificate, key, CA, user and password are: see below", "secretsmanager:bridge/orders/mq"
        ),
    ] = None
    credentials_refresh: Annotated[
        int,
        whole(1, 3600, "seconds"),
        told("How often they are looked at. Changed ones are taken up without a restart", "30"),
    ] = 30


class Offload(Model):
    """Bodies over `threshold` bytes are kept in `bucket`; pointers into it and `read_from` are followed."""

    bucket: Annotated[Bucket, told("The bucket's name alone, without `s3://`", "orders-payloads")]
    threshold: Annotated[
        int,
        in_bytes(KIB, MIB),
        told("A message larger than this, attributes included, is offloaded", "64KiB"),
    ] = 256 * KIB
    always: Annotated[bool, flag(), told("Whether every body goes through S3", "true")] = False
    read_from: Annotated[
        tuple[Bucket, ...],
        told(
            "Further buckets whose pointers are followed; the own bucket's always are, no others ever",
            "[partner-payloads]",
        ),
    ] = ()
    # 100 MiB is the most that MQ carries (MAXMSGL), and base64 makes 134 of it.
    maximum_size: Annotated[
        int,
        in_bytes(KIB, 134 * MIB),
        told(
            "A larger object is never read; 100 MiB is the most that MQ carries, which is 134 in base64",
            "10MiB",
        ),
    ] = 134 * MIB
    delete_after_delivery: Annotated[
        bool,
        flag(),
        told(
            "Whether an object is deleted once its message is delivered and deleted. Leave it false where a "
            "topic sends the same pointer to several queues, and let the bucket's life cycle do it",
            "true",
        ),
    ] = False


class DeadLetters(Model):
    """Where a message is set aside, after how many retries, or after how many times it was backed out.

    `when_away` says whether a route holds while its destination is away, or sets messages aside for that too.
    """

    bucket: Annotated[Bucket, told("Where a message goes that can't be delivered", "orders-dead-letters")]
    retries: Annotated[int, whole(0, 10), told("How often a delivery is tried again before that", "2")] = 2
    backout_threshold: Annotated[
        int,
        whole(1, 1000),
        told("A message that was backed out this many times goes there without another try", "5"),
    ] = 5
    when_away: Annotated[
        Literal["hold", "set_aside"],
        one_of("hold", "set_aside", check=values.when_away),
        told(
            "While a route's destination is away: whether its messages stay at their source, or go to the "
            "bucket after the retries. [delivery.md](delivery.md#while-a-destination-is-away) has the trade",
            "set_aside",
        ),
    ] = "hold"


class MqSource(Model):
    """Messages are taken from a queue of the queue manager's.

    Answers to requests are, where `addresses` is given: the queue that keeps where they go.
    """

    mq: Annotated[
        QueueName,
        told("A queue of the queue manager's: up to 48 of `A-Z a-z 0-9 . / _ %`", "{mq: ORDERS.OUT}"),
    ]
    addresses: Annotated[
        QueueName | None,
        told(
            "The queue that keeps where the answers on this one go: see below",
            "{mq: QUOTES.REPLIES, addresses: BRIDGE.ADDRESSES}",
        ),
    ] = None


class SqsSource(Model):
    """Messages are taken from an SQS queue; `wait` is the long poll in seconds.

    `format` is how bodies are written where the message does not say: None for as they are.
    """

    sqs: Annotated[SqsQueue, told("An SQS queue: its name, URL or ARN", "{sqs: orders-in}")]
    wait: Annotated[
        int,
        whole(0, 20, "seconds"),
        told("How long one request waits for messages", "{sqs: orders-in, wait: 5}"),
    ] = 20
    format: Annotated[
        Literal["base64", "cloudevents"] | None,
        one_of("base64", "cloudevents"),
        told(
            "How bodies are written where the message does not say: [shaping.md](shaping.md#format)",
            "{sqs: events, format: cloudevents}",
        ),
    ] = None


class Group(Model):
    """What a message group is made of: a field of the descriptor, a property of that name, or one name."""

    kind: Literal["GroupId", "CorrelId", "property", "constant"]
    name: str = ""


def _group(value: Any) -> Any:
    if isinstance(value, Group):
        return value
    kind, name = aws_values.group(value)
    return {"kind": kind, "name": name}


MessageGroup = Annotated[Group | None, Checked(_group)]


MessagePattern = Annotated[
    InstanceOf[Pattern] | None,
    Checked(shaping_values.pattern, "pattern", shaping_values.PATTERN_SCHEMA),
]


class AwsSink(Model):
    """What topics and queues share; `group` is for FIFO ones.

    `when` says which messages are for it: None for all that come so far. `format` is how bodies are written:
    None for text where they are that, and base64 else. `event_type` is a CloudEvent's.
    """

    group: Annotated[
        MessageGroup,
        told(
            "What the message groups of a FIFO topic or queue are made of: see below",
            '{sns: "arn:...:orders.fifo", group: GroupId}',
        ),
    ] = None
    when: Annotated[
        MessagePattern,
        told(
            "Which messages are for this destination: [shaping.md](shaping.md#several-destinations)",
            '{sqs: large, when: {body: {amount: [{numeric: [">", 100]}]}}}',
        ),
    ] = None
    format: Annotated[
        BodyFormat | None,
        one_of("text", "base64", "cloudevents"),
        told("How bodies are written: [shaping.md](shaping.md#format)", "{sqs: events, format: cloudevents}"),
    ] = None
    event_type: Annotated[
        InstanceOf[Value],
        Checked(shaping_values.source, "as a value of `attributes`"),
        told("A CloudEvent's type", "property:Kind"),
    ] = Value("constant", DEFAULT_TYPE)


class SnsSink(AwsSink):
    """Messages are published to an SNS topic."""

    sns: Annotated[
        str,
        Checked(aws_values.topic),
        told("A topic's ARN", '{sns: "arn:aws:sns:eu-west-1:123456789012:orders"}'),
    ]


class SqsSink(AwsSink):
    """Messages are sent to an SQS queue."""

    sqs: Annotated[SqsQueue, told("An SQS queue: its name, URL or ARN", "{sqs: invoices}")]


class MqSink(Model):
    """Messages are put to a queue; `ccsid` and `format` are for those that say nothing of their own.

    `ledger` is a queue that remembers them by `ledger_id`, so that none is put twice. `when` is as AWS's have
    it. Answers to requests come to `reply_to_queue`; `addresses` is a queue that keeps where they go then.
    """

    mq: Annotated[QueueName, told("A queue of the queue manager's", "{mq: ORDERS.IN}")]
    ccsid: Annotated[
        int,
        Checked(values.ccsid, "one of [these](messages.md#ccsids)", {"type": "integer"}),
        told(
            "The CCSID in which text is written where the message does not say", "{mq: ORDERS.IN, ccsid: 500}"
        ),
    ] = 1208
    format: Annotated[
        str,
        Checked(values.message_format),
        told("The format of such a message: up to 8 characters", "{mq: ORDERS.IN, format: MQSTR}"),
    ] = "MQSTR"
    ledger: Annotated[
        QueueName | None,
        told(
            "A queue that remembers what was put, so that no message is put twice: see below",
            "{mq: ORDERS.IN, ledger: ORDERS.LEDGER}",
        ),
    ] = None
    ledger_id: Annotated[
        str,
        one_of("MessageId", "MessageDeduplicationId", check=aws_values.message_id),
        told(
            "What it remembers a message by (FIFO sources only, for the second)",
            "{mq: ..., ledger: ..., ledger_id: MessageDeduplicationId}",
        ),
    ] = "MessageId"
    when: Annotated[
        MessagePattern,
        told(
            "Which messages are for this destination: [shaping.md](shaping.md#several-destinations)",
            "{mq: URGENT, when: {descriptor: {Priority: [9]}}}",
        ),
    ] = None
    reply_to_queue: Annotated[
        QueueName | None,
        told(
            "The ReplyToQ of requests: where the answers to messages that have a `ReplyTo` come to; see "
            "below",
            "{mq: QUOTES, reply_to_queue: QUOTES.REPLIES, addresses: BRIDGE.ADDRESSES}",
        ),
    ] = None
    addresses: Annotated[
        QueueName | None, told("The queue that keeps where those answers go", "as above")
    ] = None


def _one_end(value: Any, *, side: str, kinds: tuple[str, ...]) -> Any:
    """Checks that one end of a route names exactly one queue or topic."""
    if isinstance(value, Model):
        return value
    choices = "write " + " or ".join(f"{{{key}: ...}}" for key in kinds)
    if not isinstance(value, dict):
        raise wrong("is not a mapping", choices)
    keys = [key for key in ("mq", "sqs", "sns") if key in value]
    if len(keys) > 1:
        raise wrong(
            f"names {len(keys)} {side}s ({', '.join(keys)})",
            f"one route has one {side}: make a route for each",
        )
    if keys == ["sns"] and side == "source":
        raise wrong("a topic can't be read from", "subscribe an SQS queue to it and write {sqs: QUEUE}")
    if not keys:
        raise wrong(f"names no {side}", choices)
    return value


def end_of(end: type[Model] | Mapping[str, Any]) -> str:
    """The key that names the queue or topic at one end of a route: `mq`, `sqs` or `sns`."""
    keys = end if isinstance(end, Mapping) else end.model_fields
    return next(key for key in ("mq", "sqs", "sns") if key in keys)


def _tag(value: Any, *, side: str) -> str:
    """Which kind of end a checked value is: the key that names its queue or topic tells."""
    return f"<{end_of(value if isinstance(value, dict) else type(value))} {side}>"


def _source_tag(value: Any) -> str:
    return _tag(value, side="source")


Destination = SnsSink | SqsSink | MqSink


def _sink_tag(value: Any) -> str:
    return _CHOICE if isinstance(value, tuple) else _tag(value, side="sink")


def _destinations(value: Any) -> Any:
    """One destination, or a list of them to choose from."""
    if isinstance(value, tuple):
        return values.not_empty(value, what="destination")
    return _one_end(value, side="destination", kinds=("sns", "sqs", "mq"))


Sink = Annotated[
    Annotated[SnsSink, Tag("<sns sink>")]
    | Annotated[SqsSink, Tag("<sqs sink>")]
    | Annotated[MqSink, Tag("<mq sink>")],
    Discriminator(_sink_tag),
    BeforeValidator(partial(_one_end, side="destination", kinds=("sns", "sqs", "mq"))),
]


_TO_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


class Route(Model):
    """One source to one destination, or to the first of several that takes a message.

    `filter` says which messages go at all; `attributes` and `descriptor` what is set in each.
    """

    name: Annotated[
        str,
        Checked(values.route_name),
        told("1 to 63 of `a-z 0-9 -`, each once; it stands in the log and with dead letters", "orders-out"),
    ]
    source: Annotated[
        Annotated[MqSource, Tag("<mq source>")] | Annotated[SqsSource, Tag("<sqs source>")],
        Discriminator(_source_tag),
        BeforeValidator(partial(_one_end, side="source", kinds=("mq", "sqs"))),
    ] = Field(validation_alias="from")
    destination: Annotated[
        Annotated[SnsSink, Tag("<sns sink>")]
        | Annotated[SqsSink, Tag("<sqs sink>")]
        | Annotated[MqSink, Tag("<mq sink>")]
        | Annotated[tuple[Sink, ...], Tag(_CHOICE)],
        Discriminator(_sink_tag),
        BeforeValidator(_destinations),
    ] = Field(validation_alias="to")
    filter: Annotated[
        MessagePattern,
        told(
            "Which messages go at all; the others leave their source and go nowhere: "
            "[shaping.md](shaping.md#patterns-filter-and-when)",
            "{attributes: {Kind: [PAYMENT]}}",
        ),
    ] = None
    attributes: Annotated[
        Mapping[str, InstanceOf[Value]],
        Checked(shaping_values.attributes, "mapping", _TO_TEXTS),
        told(
            "Attributes or properties that are set: [shaping.md](shaping.md#attributes-and-descriptor)",
            '{origin: "constant:mainframe"}',
        ),
    ] = Field(default_factory=dict)
    descriptor: Annotated[
        Mapping[str, InstanceOf[Value]],
        Checked(shaping_values.descriptor, "mapping", _TO_TEXTS),
        told("Fields of the message descriptor that are set", '{Priority: "property:priority"}'),
    ] = Field(default_factory=dict)

    @property
    def sinks(self) -> tuple[Destination, ...]:
        """The destinations, one or several."""
        return self.destination if isinstance(self.destination, tuple) else (self.destination,)

    @property
    def taken_by_one(self) -> bool:
        """Whether one program alone takes from its source: for a FIFO destination's order, or a ledger."""
        return any(_wants_one(sink) for sink in self.sinks)


def _wants_one(sink: Destination) -> bool:
    if isinstance(sink, MqSink):
        return sink.ledger is not None
    return (sink.sns if isinstance(sink, SnsSink) else sink.sqs).endswith(".fifo")


class Http(Model):
    """Where /healthz, /readyz and /metrics are; port 0 is any free one."""

    address: Annotated[
        str,
        Checked(values.address, "an IP address"),
        told(
            "Where the page, `/healthz`, `/readyz` and `/metrics` are answered: on this machine alone, "
            "unless it says otherwise",
            "0.0.0.0",  # noqa: S104 - an example
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, whole(0, 65535), told("At which port; 0 takes any free one, which the log tells", "9090")
    ] = 8080


class CloudWatch(Model):
    """Metrics written to the log in CloudWatch's embedded format, every `interval` seconds."""

    namespace: Annotated[
        str,
        Checked(aws_values.namespace),
        told("The namespace of the metrics. Without this part none are written to the log", "bridge/orders"),
    ]
    interval: Annotated[int, whole(1, 3600, "seconds"), told("How often they are written", "60")] = 60


class Tracing(Model):
    """Where spans are sent: a collector's OTLP over HTTP, without `/v1/traces`."""

    endpoint: Annotated[
        str,
        Checked(values.collector),
        told(
            "Where spans are sent: a collector's URL for OTLP over HTTP, to which `/v1/traces` is added. "
            "Without this part there are none",
            "http://127.0.0.1:4318",
        ),
    ]


class Configuration(Model):
    """Everything that `bridge run` is told.

    `in_flight` is in bytes of bodies, of each route and process. The routes run in so many `processes`.
    """

    queue_manager: QueueManager
    offload: Offload | None = None
    dead_letters: DeadLetters
    http: Http = Http()
    cloudwatch: CloudWatch | None = None
    tracing: Tracing | None = None
    in_flight: Annotated[
        int,
        in_bytes(KIB, 1024 * MIB),
        told(
            "Bytes of bodies that a route has in hand at the most, over all of its connections; a message "
            "that is larger goes alone. A unit of work takes no further message once it has 4 MiB, or this "
            "where it is less, so that several large messages are under way at the same time. Memory is up "
            "to 2.5 times as much: [operations.md](operations.md#how-much-memory-a-task-needs)",
            "16MiB",
        ),
    ] = IN_FLIGHT
    processes: Annotated[
        int,
        whole(1, 16),
        told(
            "In how many processes the routes run: as many as there are cores, for each uses one. "
            "[operations.md](operations.md#more-than-one-core) says more",
            "2",
        ),
    ] = 1
    routes: Annotated[tuple[Route, ...], BeforeValidator(partial(values.not_empty, what="route"))]


def without_tags(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A location of pydantic's as the configuration's writer knows it."""
    return tuple(part for part in location if part not in _UNION_TAGS)
