from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.aws.dead_letters import S3DeadLetters
from bridge.aws.letter_box import AGENT, LetterBox
from bridge.aws.session import Clients
from bridge.errors import Away
from bridge.message import DeadLetter, Descriptor, Message, Property
from tests.fixtures.aws import Aws
from tests.fixtures.fault_proxy import FaultProxy

ID = b"AMQ QM1 " + bytes(range(16))
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def letter(body: bytes = b"body", message_id: bytes = ID) -> DeadLetter:
    message = Message(body, Descriptor(message_id=message_id, format="MQSTR", put_date="20260203"))
    return DeadLetter("orders-out", "mq:ORDERS.OUT", "sns:orders", "sns:orders: refused", 3, message)


def kept_in(aws: Aws, bucket: str) -> S3DeadLetters:
    return S3DeadLetters(Clients(), bucket, clock=lambda: NOON)


def loaded(bucket: str, where: str) -> DeadLetter:
    return LetterBox(Clients(agent=AGENT), bucket).load(where.removeprefix(f"s3://{bucket}/")).letter


def test_a_letter_is_two_objects_below_route_and_day(aws: Aws) -> None:
    bucket = aws.make_bucket()
    where = kept_in(aws, bucket).keep(letter(bytes(range(256))))
    prefix = where.removeprefix(f"s3://{bucket}/")
    assert prefix.startswith(f"orders-out/2026/02/03/{ID.hex()}-")
    assert aws.keys(bucket) == [f"{prefix}/body", f"{prefix}/letter.json"]
    assert aws.object(bucket, f"{prefix}/body") == bytes(range(256))
    told = json.loads(aws.object(bucket, f"{prefix}/letter.json"))
    assert told["descriptor"]["message_id"] == ID.hex()
    assert told["when"] == "2026-02-03T12:00:00.000+00:00"
    assert told["body"]["length"] == 256


def test_the_body_is_written_before_the_file_that_says_the_letter_is_complete(
    aws: Aws, fault_proxy: FaultProxy
) -> None:
    bucket = aws.make_bucket()
    where = kept_in(aws, bucket).keep(letter())
    puts = [request.path for request in fault_proxy.requests if request.action == "PutObject"]
    prefix = where.removeprefix("s3:/")
    assert puts == [f"{prefix}/body", f"{prefix}/letter.json"]


def test_a_message_from_sqs_that_is_set_aside_again_after_a_crash_is_one_letter(aws: Aws) -> None:
    bucket = aws.make_bucket()
    first, other = (
        replace(letter(), message=Message(b"same", source_id=source_id)) for source_id in ("1-a", "1-b")
    )
    for each in (first, first, other):
        kept_in(aws, bucket).keep(each)
    assert len([key for key in aws.keys(bucket) if key.endswith("/letter.json")]) == 2


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary() | st.text()
ids = st.binary(min_size=24, max_size=24)
descriptors = st.builds(
    Descriptor,
    message_id=ids,
    correlation_id=ids,
    group_id=ids,
    format=st.text(max_size=8),
    ccsid=st.integers(0, 65535),
    expiry=st.integers(-1, 2**31),
    reply_to_queue=st.text(max_size=48),
    accounting_token=st.binary(min_size=32, max_size=32),
)
messages = st.builds(
    Message,
    body=st.binary(),
    descriptor=descriptors,
    properties=st.dictionaries(st.text(), st.builds(Property, value=values, type=st.text())),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=messages, reason=st.text(max_size=50), attempts=st.integers(0, 99))
def test_what_was_kept_is_loaded_again_as_it_was(
    aws: Aws, message: Message, reason: str, attempts: int
) -> None:
    bucket = aws.make_bucket()
    kept = DeadLetter("r", "mq:A", "sqs:b", " ".join(reason.split()), attempts, message)
    assert loaded(bucket, kept_in(aws, bucket).keep(kept)) == kept


def test_a_property_that_is_no_number_comes_back_as_it_was(aws: Aws) -> None:
    odd = {"nan": Property(math.nan, "r8"), "more": Property(-math.inf, "r8")}
    kept = replace(letter(), message=Message(b"", properties=odd))
    bucket = aws.make_bucket()
    properties = loaded(bucket, kept_in(aws, bucket).keep(kept)).message.properties
    assert math.isnan(properties["nan"].value)  # type: ignore[arg-type]
    assert properties["more"].value == -math.inf


def test_two_messages_with_one_id_are_two_letters(aws: Aws) -> None:
    bucket = aws.make_bucket()
    both = [kept_in(aws, bucket).keep(letter(body)) for body in (b"one", b"other")]
    assert [loaded(bucket, where).message.body for where in both] == [b"one", b"other"]


def test_two_equal_messages_without_an_id_are_two_letters(aws: Aws) -> None:
    dead_letters = kept_in(aws, aws.make_bucket())
    assert dead_letters.keep(letter(message_id=bytes(24))) != dead_letters.keep(letter(message_id=bytes(24)))


def test_the_same_message_set_aside_again_after_a_crash_is_one_letter(aws: Aws) -> None:
    bucket = aws.make_bucket()
    first = kept_in(aws, bucket).keep(letter())
    again = kept_in(aws, bucket).keep(replace(letter(), reason="another", attempts=1))
    assert first == again
    assert len(aws.keys(bucket)) == 2


def test_a_reason_is_capped(aws: Aws) -> None:
    bucket = aws.make_bucket()
    where = kept_in(aws, bucket).keep(replace(letter(), reason="x" * 100_000))
    assert len(loaded(bucket, where).reason) == 500


@pytest.mark.parametrize("puts_before", [0, 1])
@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (403, "AccessDenied"), (404, "NoSuchBucket")]
)
def test_a_letter_s3_did_not_take_is_not_kept_and_not_loaded(
    aws: Aws, fault_proxy: FaultProxy, puts_before: int, status: int, code: str
) -> None:
    bucket = aws.make_bucket()
    dead_letters = kept_in(aws, bucket)
    if puts_before:
        fault_proxy.hold("PutObject").set()
    fault_proxy.answer("PutObject", status=status, code=code)
    with pytest.raises(Away, match=rf"^s3://{bucket}: refused with {code}") as raised:
        dead_letters.keep(letter())
    assert raised.value.slowly == (status != 503)
    assert [key.rsplit("/", 1)[1] for key in aws.keys(bucket)] == ["body"][:puts_before]


def test_a_letter_whose_confirmation_is_lost_is_not_kept(aws: Aws, fault_proxy: FaultProxy) -> None:
    dead_letters = kept_in(aws, aws.make_bucket())
    fault_proxy.hold("PutObject").set()
    fault_proxy.drop("PutObject", after=True)
    with pytest.raises(Away, match="ConnectionClosedError"):
        dead_letters.keep(letter())
