"""The configuration as the bridge uses it. docs/configuration.md tells every key to its user.

What concerns one value is checked here; what concerns several, when it is loaded
(`bridge.configuration.consistency`).
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from bridge.configuration import aws_values, values
from bridge.configuration.mistakes import wrong
from bridge.configuration.values import KIB, MIB

_UNION_TAGS = frozenset({"<mq source>", "<sqs source>", "<sns sink>", "<sqs sink>", "<mq sink>"})
"""What pydantic adds to a location inside `from` and `to`; never a key of a configuration."""

QueueName = Annotated[str, BeforeValidator(partial(values.mq_name, what="queue", longest=48))]
Bucket = Annotated[str, BeforeValidator(aws_values.bucket)]
SqsQueue = Annotated[str, BeforeValidator(aws_values.queue)]


def whole(least: int, most: int, unit: str = "") -> BeforeValidator:
    """A whole number of `unit` within these bounds."""
    return BeforeValidator(partial(values.whole_number, least=least, most=most, unit=unit))


def in_bytes(least: int, most: int) -> BeforeValidator:
    """A size within these bounds."""
    return BeforeValidator(partial(values.size, least=least, most=most))


def some(what: str) -> BeforeValidator:
    """A list of at least one."""
    return BeforeValidator(partial(values.not_empty, what=what))


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

    name: Annotated[str, BeforeValidator(partial(values.mq_name, what="queue manager", longest=48))]
    connections: Annotated[tuple[Annotated[str, BeforeValidator(values.connection)], ...], some("connection")]
    channel: Annotated[str, BeforeValidator(partial(values.mq_name, what="channel", longest=20))]
    cipher_spec: Annotated[str, BeforeValidator(values.cipher_spec)] = ""
    peer_name: Annotated[str, BeforeValidator(values.peer_name)] = ""
    certificate_label: Annotated[str, BeforeValidator(values.certificate_label)] = ""
    # MQ's HBINT goes from 0 to 999999; 0 would mean that a dead peer is never noticed.
    heartbeat: Annotated[int, whole(1, 999_999, "seconds")] = 30
    credentials: Annotated[CredentialsReference | None, BeforeValidator(_reference)] = None
    credentials_refresh: Annotated[int, whole(1, 3600, "seconds")] = 30


class Offload(Model):
    """Bodies over `threshold` bytes are kept in `bucket`; pointers into it and `read_from` are followed."""

    bucket: Bucket
    threshold: Annotated[int, in_bytes(KIB, MIB)] = 256 * KIB
    always: Annotated[bool, BeforeValidator(values.flag)] = False
    read_from: tuple[Bucket, ...] = ()
    # 100 MiB is the most that MQ carries (MAXMSGL), and base64 makes 134 of it.
    maximum_size: Annotated[int, in_bytes(KIB, 134 * MIB)] = 134 * MIB
    delete_after_delivery: Annotated[bool, BeforeValidator(values.flag)] = False


class DeadLetters(Model):
    """Where a message is set aside, after how many retries, or after how many times it was backed out.

    `when_away` says whether a route holds while its destination is away, or sets messages aside for that too.
    """

    bucket: Bucket
    retries: Annotated[int, whole(0, 10)] = 2
    backout_threshold: Annotated[int, whole(1, 1000)] = 5
    when_away: Annotated[Literal["hold", "set_aside"], BeforeValidator(values.when_away)] = "hold"


class MqSource(Model):
    """Messages are taken from a queue of the queue manager's."""

    mq: QueueName


class SqsSource(Model):
    """Messages are taken from an SQS queue; `wait` is the long poll in seconds."""

    sqs: SqsQueue
    wait: Annotated[int, whole(0, 20, "seconds")] = 20


class Group(Model):
    """What a message group is made of: a field of the descriptor, a property of that name, or one name."""

    kind: Literal["GroupId", "CorrelId", "property", "constant"]
    name: str = ""


def _group(value: Any) -> Any:
    if isinstance(value, Group):
        return value
    kind, name = aws_values.group(value)
    return {"kind": kind, "name": name}


MessageGroup = Annotated[Group | None, BeforeValidator(_group)]


class SnsSink(Model):
    """Messages are published to an SNS topic; `group` is for FIFO ones."""

    sns: Annotated[str, BeforeValidator(aws_values.topic)]
    group: MessageGroup = None


class SqsSink(Model):
    """Messages are sent to an SQS queue; `group` is for FIFO ones."""

    sqs: SqsQueue
    group: MessageGroup = None


class MqSink(Model):
    """Messages are put to a queue; `ccsid` and `format` are for those that say nothing of their own.

    `ledger` is a queue that remembers them by `ledger_id`, so that none is put twice.
    """

    mq: QueueName
    ccsid: Annotated[int, BeforeValidator(values.ccsid)] = 1208
    format: Annotated[str, BeforeValidator(values.message_format)] = "MQSTR"
    ledger: QueueName | None = None
    ledger_id: Annotated[str, BeforeValidator(aws_values.message_id)] = "MessageId"


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


def _tag(value: Any, *, side: str) -> str:
    """Which kind of end a checked value is: the key that names its queue or topic tells."""
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next(f"<{key} {side}>" for key in ("mq", "sqs", "sns") if key in keys)


def _source_tag(value: Any) -> str:
    return _tag(value, side="source")


def _sink_tag(value: Any) -> str:
    return _tag(value, side="sink")


class Route(Model):
    """One source to one destination."""

    name: Annotated[str, BeforeValidator(values.route_name)]
    source: Annotated[
        Annotated[MqSource, Tag("<mq source>")] | Annotated[SqsSource, Tag("<sqs source>")],
        Discriminator(_source_tag),
        BeforeValidator(partial(_one_end, side="source", kinds=("mq", "sqs"))),
    ] = Field(validation_alias="from")
    sink: Annotated[
        Annotated[SnsSink, Tag("<sns sink>")]
        | Annotated[SqsSink, Tag("<sqs sink>")]
        | Annotated[MqSink, Tag("<mq sink>")],
        Discriminator(_sink_tag),
        BeforeValidator(partial(_one_end, side="destination", kinds=("sns", "sqs", "mq"))),
    ] = Field(validation_alias="to")


class Http(Model):
    """Where /healthz, /readyz and /metrics are; port 0 is any free one."""

    address: Annotated[str, BeforeValidator(values.address)] = "127.0.0.1"
    port: Annotated[int, whole(0, 65535)] = 8080


class CloudWatch(Model):
    """Metrics written to the log in CloudWatch's embedded format, every `interval` seconds."""

    namespace: Annotated[str, BeforeValidator(aws_values.namespace)]
    interval: Annotated[int, whole(1, 3600, "seconds")] = 60


class Tracing(Model):
    """Where spans are sent: a collector's OTLP over HTTP, without `/v1/traces`."""

    endpoint: Annotated[str, BeforeValidator(values.collector)]


class Configuration(Model):
    """Everything that `bridge run` is told.

    `in_flight` is in bytes of bodies: a unit of work that has so many takes no further message.
    """

    queue_manager: QueueManager
    offload: Offload | None = None
    dead_letters: DeadLetters
    http: Http = Http()
    cloudwatch: CloudWatch | None = None
    tracing: Tracing | None = None
    in_flight: Annotated[int, in_bytes(KIB, 1024 * MIB)] = 4 * MIB
    routes: Annotated[tuple[Route, ...], some("route")]


def without_tags(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A location of pydantic's as the configuration's writer knows it."""
    return tuple(part for part in location if part not in _UNION_TAGS)
