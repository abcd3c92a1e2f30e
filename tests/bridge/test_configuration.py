"""What a right configuration becomes."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.configuration import (
    Configuration,
    ConfigurationError,
    CredentialsReference,
    DeadLetters,
    MqSink,
    MqSource,
    Offload,
    QueueManager,
    Route,
    SnsSink,
    SqsSink,
    SqsSource,
    Tracing,
    load,
)

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
SMALLEST = f"""\
queue_manager:
  name: QM1
  connections: ["localhost(1414)"]
  channel: DEV.APP.SVRCONN
dead_letters: {{bucket: orders-dead-letters}}
routes:
  - {{name: orders-out, from: {{mq: ORDERS.OUT}}, to: {{sns: "{TOPIC}"}}}}
"""


def loaded(text: str, **environ: str) -> Configuration:
    return load(None, {"BRIDGE_CONFIG": text, **environ})


def test_given_only_what_is_required_when_loaded_then_the_rest_has_its_defaults() -> None:
    assert loaded(SMALLEST) == Configuration(
        queue_manager=QueueManager(name="QM1", connections=("localhost(1414)",), channel="DEV.APP.SVRCONN"),
        dead_letters=DeadLetters(bucket="orders-dead-letters"),
        routes=(Route(name="orders-out", source=MqSource(mq="ORDERS.OUT"), destination=SnsSink(sns=TOPIC)),),
    )
    configuration = loaded(SMALLEST)
    assert configuration.offload is None
    assert configuration.queue_manager.credentials is None
    assert configuration.queue_manager.cipher_spec == ""
    assert configuration.queue_manager.heartbeat == 30
    assert (configuration.dead_letters.retries, configuration.dead_letters.backout_threshold) == (2, 5)
    assert configuration.dead_letters.when_away == "hold"


def test_given_every_key_when_loaded_then_each_is_what_was_written() -> None:
    configuration = loaded(f"""\
queue_manager:
  name: QM1
  connections:
    - mq-a.example(1414)
    - 10.0.0.1(1415)
    - ::1(1416)
  channel: BRIDGE.SVRCONN
  cipher_spec: ANY_TLS12_OR_HIGHER
  peer_name: CN=QM1,O=Example
  certificate_label: bridge
  heartbeat: 5
  credentials: secretsmanager:bridge/orders/mq
  credentials_refresh: 60
offload:
  bucket: orders-payloads
  threshold: 64KiB
  always: yes
  read_from: [partner-payloads]
  maximum_size: 10 MiB
  delete_after_delivery: true
dead_letters:
  bucket: orders-dead-letters
  retries: 0
  backout_threshold: 7
  when_away: set_aside
routes:
  - name: orders-out
    from: {{mq: ORDERS.OUT}}
    to: {{sns: {TOPIC}}}
  - name: bills-out
    from: {{mq: BILLS/OUT_%1}}
    to: {{sqs: arn:aws:sqs:eu-west-1:123456789012:bills}}
  - name: orders-in
    from: {{sqs: "http://127.0.0.1:5000/123456789012/orders-in", wait: 3}}
    to: {{mq: ORDERS.IN, ccsid: 500, format: MQSTR}}
tracing: {{endpoint: "https://collector.example:4318/otlp/"}}
""")
    assert configuration.tracing == Tracing(endpoint="https://collector.example:4318/otlp")
    assert configuration.queue_manager == QueueManager(
        name="QM1",
        connections=("mq-a.example(1414)", "10.0.0.1(1415)", "::1(1416)"),
        channel="BRIDGE.SVRCONN",
        cipher_spec="ANY_TLS12_OR_HIGHER",
        peer_name="CN=QM1,O=Example",
        certificate_label="bridge",
        heartbeat=5,
        credentials=CredentialsReference(kind="secretsmanager", where="bridge/orders/mq"),
        credentials_refresh=60,
    )
    assert configuration.offload == Offload(
        bucket="orders-payloads",
        threshold=65536,
        always=True,
        read_from=("partner-payloads",),
        maximum_size=10485760,
        delete_after_delivery=True,
    )
    assert configuration.dead_letters == DeadLetters(
        bucket="orders-dead-letters", retries=0, backout_threshold=7, when_away="set_aside"
    )
    assert [(route.source, route.destination) for route in configuration.routes] == [
        (MqSource(mq="ORDERS.OUT"), SnsSink(sns=TOPIC)),
        (MqSource(mq="BILLS/OUT_%1"), SqsSink(sqs="arn:aws:sqs:eu-west-1:123456789012:bills")),
        (
            SqsSource(sqs="http://127.0.0.1:5000/123456789012/orders-in", wait=3),
            MqSink(mq="ORDERS.IN", ccsid=500, format="MQSTR"),
        ),
    ]


def test_given_variables_when_loaded_then_they_are_filled_in_and_two_dollars_are_one() -> None:
    text = SMALLEST.replace("name: QM1", "name: ${QM}").replace("localhost(1414)", "${HOST}(${PORT})")
    text = text.replace("bucket: orders-dead-letters", "bucket: b-${STAGE}, retries: ${RETRIES}")
    text = text.replace("bucket: b-${STAGE}, retries: ${RETRIES}", 'bucket: "b-${STAGE}", retries: 4')
    text = text.replace(
        "  channel:", "  heartbeat: ${BEAT}\n  credentials: secretsmanager:${SECRET}\n  channel:"
    )
    configuration = loaded(text, QM="QM7", HOST="mq", PORT="1414", STAGE="test", BEAT="9", SECRET="a/b")
    assert configuration.queue_manager.name == "QM7"
    assert configuration.queue_manager.connections == ("mq(1414)",)
    assert configuration.queue_manager.heartbeat == 9
    assert configuration.queue_manager.credentials == CredentialsReference(kind="secretsmanager", where="a/b")
    assert configuration.dead_letters.bucket == "b-test"

    with pytest.raises(ConfigurationError) as caught:
        loaded(SMALLEST.replace("name: QM1", "name: QM$$1"), QM="QM7")
    assert "'QM$$1' is not a queue manager's name" in str(caught.value)


def test_given_anchors_and_merges_when_loaded_then_they_mean_what_yaml_says() -> None:
    text = SMALLEST + (
        "  - {name: b, from: &in {sqs: in-b, wait: 1}, to: &mq {mq: B, ccsid: 500}}\n"
        "  - {name: c, from: {<<: *in, sqs: in-c}, to: {sqs: wrong, <<: *mq}}\n"
    ).replace("sqs: wrong, ", "")
    routes = loaded(text).routes
    assert routes[2].source == SqsSource(sqs="in-c", wait=1)
    assert routes[2].destination == MqSink(mq="B", ccsid=500)


@pytest.mark.parametrize(
    "data",
    [
        SMALLEST.encode(),
        codecs.BOM_UTF8 + SMALLEST.encode(),
        SMALLEST.encode("utf-16"),
        SMALLEST.replace("\n", "\r\n").encode(),
        b"---\n" + SMALLEST.encode() + b"...\n",
        b"# Stra\xc3\x9fe\n" + SMALLEST.encode(),
    ],
    ids=["plain", "byte order mark", "UTF-16", "CRLF", "document marks", "a comment in German"],
)
def test_given_a_file_in_any_usual_form_when_loaded_then_it_is_read(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_bytes(data)
    assert load(file, {}) == loaded(SMALLEST)


def test_given_a_file_and_the_variable_when_loaded_then_the_file_is_used(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(SMALLEST.replace("QM1", "FROM.FILE"))
    assert load(file, {"BRIDGE_CONFIG": SMALLEST}).queue_manager.name == "FROM.FILE"


def test_given_a_configuration_when_changed_then_it_refuses() -> None:
    configuration = loaded(SMALLEST)
    with pytest.raises(ValidationError):
        configuration.queue_manager.name = "QM2"


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("1024", 1024),
        ("1KiB", 1024),
        ("256kib", 262144),
        ("1 MiB", 1048576),
        ("262144B", 262144),
        ('"2048"', 2048),
    ],
)
def test_given_a_size_in_any_form_when_loaded_then_it_is_bytes(written: str, count: int) -> None:
    offload = loaded(SMALLEST + f"offload: {{bucket: payloads, threshold: {written}}}\n").offload
    assert offload is not None
    assert offload.threshold == count


@pytest.mark.parametrize(
    "queue",
    [
        "orders",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
        "http://localhost:4566/123456789012/orders",
        "arn:aws-cn:sqs:cn-north-1:123456789012:orders",
        "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:orders",
    ],
)
def test_given_a_queue_by_name_url_or_arn_when_loaded_then_it_is_taken(queue: str) -> None:
    text = SMALLEST + f"  - {{name: in, from: {{sqs: '{queue}'}}, to: {{mq: IN}}}}\n"
    assert loaded(text).routes[1].source == SqsSource(sqs=queue)


ROOT = Path(__file__).parents[2]


def test_given_the_sample_when_loaded_then_it_is_right_and_shows_every_kind_of_route() -> None:
    configuration = load(ROOT / "examples" / "bridge.yaml", {})
    ends = {(type(route.source), type(route.destination)) for route in configuration.routes}
    assert ends == {(MqSource, SnsSink), (MqSource, SqsSink), (SqsSource, MqSink)}
