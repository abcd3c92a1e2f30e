from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.aws.dead_letters import S3DeadLetters
from bridge.aws.letter_box import AGENT, LetterBox
from bridge.aws.session import Clients
from bridge.aws.storage import Storage
from bridge.errors import Away
from bridge.letters import DamagedLetter, Found, Selection
from bridge.message import DeadLetter, Descriptor, Message
from bridge.replay import AlreadyReplayed, InHand
from tests.fixtures.aws import Aws
from tests.fixtures.fault_proxy import FaultProxy

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
TO, PATIENT, IMPATIENT = "sns:orders", 60.0, 0.0


@pytest.fixture
def clients(fault_proxy: FaultProxy) -> Clients:
    return Clients(agent=AGENT)


@pytest.fixture
def bucket(aws: Aws) -> str:
    return aws.make_bucket()


def keep(clients: Clients, bucket: str, number: int, when: datetime = NOON, route: str = "orders") -> str:
    message = Message(
        f"body {number}".encode(), Descriptor(message_id=(number + 1).to_bytes(24, "big")), source_id="id"
    )
    letter = DeadLetter(route, "mq:ORDERS", TO, f"{TO}: refused, number {number}", 3, message)
    where = S3DeadLetters(clients, bucket, clock=lambda: when).keep(letter)
    return where.removeprefix(f"s3://{bucket}/")


def reasons(found: Iterator[Found]) -> list[str]:
    return [each.particulars.reason[-1] if each.particulars else each.prefix for each in found]


def test_a_letter_keeps_what_its_source_knew_it_by_and_that_it_is_as_received(
    clients: Clients, bucket: str
) -> None:
    message = Message(b"raw", Descriptor(message_id=bytes([1] * 24)), source_id="sqs-id")
    letter = DeadLetter("r", "sqs:q", "mq:Q", "no pointer", 0, message, as_received=True)
    where = S3DeadLetters(clients, bucket).keep(letter)
    loaded = LetterBox(clients, bucket).load(where.removeprefix(f"s3://{bucket}/")).letter
    assert (loaded.message.source_id, loaded.as_received) == ("sqs-id", True)


def test_letters_are_selected_by_route_time_and_reason(clients: Clients, bucket: str) -> None:
    for number in range(4):
        keep(clients, bucket, number, NOON + timedelta(hours=8 * number))
    keep(clients, bucket, 5, route="orders-2")
    box = LetterBox(clients, bucket)

    def selected(**which: object) -> list[str]:
        return reasons(box.select(Selection(**which)))  # type: ignore[arg-type]

    assert selected() == ["5", "0", "1", "2", "3"]
    assert selected(routes=("orders",)) == ["0", "1", "2", "3"]
    assert selected(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=17)) == ["1", "2"]
    assert selected(reason="NUMBER 3") == ["3"]
    assert selected(prefixes=("orders/2026/02/04", "orders/2026/02", "orders-2")) == ["5", "0", "1", "2", "3"]


def test_for_one_day_nothing_of_other_days_is_listed_or_read(
    clients: Clients, bucket: str, fault_proxy: FaultProxy
) -> None:
    for day in range(5):
        keep(clients, bucket, day, NOON + timedelta(days=day))
    fault_proxy.requests.clear()
    third = NOON + timedelta(days=2)
    found = LetterBox(clients, bucket).select(Selection(routes=("orders",), since=third, until=third))
    assert reasons(found) == ["2"]
    asked = [urlsplit(each.path) for each in fault_proxy.requests if each.action == "GetObject"]
    listed = [parse_qs(each.query) for each in asked if "list-type" in each.query]
    read = [each.path for each in asked if "list-type" not in each.query]
    assert [each["start-after"] for each in listed] == [["orders/2026/02/05"]]
    assert [each.rpartition("/")[2] for each in read] == ["letter.json"]


def test_more_objects_than_one_answer_holds_are_all_listed(aws: Aws, clients: Clients, bucket: str) -> None:
    for number in range(3):
        keep(clients, bucket, number)
    pages = list(Storage(clients, largest=1).list_objects(Bucket=bucket, MaxKeys=4))
    assert [len(page["Contents"]) for page in pages] == [4, 2]
    assert [each["Key"] for page in pages for each in page["Contents"]] == aws.keys(bucket)


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        ("body gone", "body is missing"),
        ("letter gone", "letter.json is missing"),
        ("body longer", "has 7 bytes, and was set aside with 6"),
        ("not JSON", "not a dead letter (JSONDecodeError)"),
        ("not an object", "not a dead letter (TypeError)"),
        ("nothing in it", "not a dead letter (KeyError)"),
        ("another version", "written in format 2; this bridge reads 1"),
        ("a field of another type", "not a dead letter (TypeError)"),
    ],
)
def test_a_damaged_letter_is_named_and_the_others_are_found(
    aws: Aws, clients: Clients, bucket: str, spoil: str, wrong: str
) -> None:
    prefix, other = keep(clients, bucket, 1), keep(clients, bucket, 2)
    document = aws.object(bucket, f"{prefix}/letter.json")
    match spoil:
        case "body gone" | "letter gone":
            name = "body" if spoil == "body gone" else "letter.json"
            aws.s3.delete_object(Bucket=bucket, Key=f"{prefix}/{name}")
        case "body longer":
            aws.s3.put_object(Bucket=bucket, Key=f"{prefix}/body", Body=b"body 1 ")
        case _:
            content = {
                "not JSON": b"{",
                "not an object": b"[]",
                "nothing in it": b'{"version": 1}',
                "another version": document.replace(b'"version": 1', b'"version": 2'),
                "a field of another type": document.replace(b'"priority": -1', b'"priority": "-1"'),
            }[spoil]
            assert content != document
            aws.s3.put_object(Bucket=bucket, Key=f"{prefix}/letter.json", Body=content)
    found = {each.prefix: each.wrong for each in LetterBox(clients, bucket).select(Selection())}
    assert found[other] == ""
    assert wrong in found[prefix]
    if spoil != "letter gone":
        with pytest.raises(DamagedLetter, match=r"body|letter\.json"):
            LetterBox(clients, bucket).load(prefix)


def test_a_body_of_the_right_length_that_is_another_is_not_loaded(
    aws: Aws, clients: Clients, bucket: str
) -> None:
    prefix = keep(clients, bucket, 1)
    aws.s3.put_object(Bucket=bucket, Key=f"{prefix}/body", Body=b"bodz 1")
    with pytest.raises(DamagedLetter, match="not the one that was set aside"):
        LetterBox(clients, bucket).load(prefix)


def test_what_is_no_letter_at_all_is_named(aws: Aws, clients: Clients, bucket: str) -> None:
    for key in ("readme.txt", "orders/2026/02/03/../letter.json", "orders/x/letter.json"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"")
    found = list(LetterBox(clients, bucket).select(Selection()))
    assert len(found) == 3
    assert all(each.wrong.startswith("not where a dead letter would be") for each in found)


def test_of_two_who_take_a_letter_the_second_is_told_who_has_it(clients: Clients, bucket: str) -> None:
    prefix = keep(clients, bucket, 1)
    one, other = LetterBox(clients, bucket), LetterBox(clients, bucket)
    one.take(one.load(prefix), TO, PATIENT)
    with pytest.raises(InHand, match=r"@.* has had it in hand since 20") as raised:
        other.take(other.load(prefix), TO, PATIENT)
    assert 50 < raised.value.left <= PATIENT
    other.take(other.load(prefix), TO, IMPATIENT)


def test_what_was_not_taken_is_free_at_once_and_its_reason_is_kept(clients: Clients, bucket: str) -> None:
    prefix = keep(clients, bucket, 1)
    box = LetterBox(clients, bucket)
    kept = box.load(prefix)
    box.take(kept, TO, PATIENT)
    box.put_back(kept, TO, "too big")
    assert [each["outcome"] for each in box.history(prefix)] == ["too big"]
    LetterBox(clients, bucket).take(kept, TO, PATIENT)


def test_a_letter_that_has_arrived_is_done_with_until_its_message_is_set_aside_again(
    clients: Clients, bucket: str
) -> None:
    prefix = keep(clients, bucket, 1)
    box = LetterBox(clients, bucket)
    kept = box.load(prefix)
    box.take(kept, TO, PATIENT)
    box.mark(kept, TO)
    assert [each.replayed for each in box.select(Selection())] == [True]
    with pytest.raises(AlreadyReplayed):
        box.take(kept, TO, IMPATIENT)
    assert keep(clients, bucket, 1, NOON + timedelta(hours=1)) == prefix
    assert [each.replayed for each in box.select(Selection())] == [False]
    box.take(box.load(prefix), TO, PATIENT)


def test_a_letter_that_another_takes_between_two_looks_is_left_to_him(
    clients: Clients, bucket: str, fault_proxy: FaultProxy
) -> None:
    prefix = keep(clients, bucket, 1)
    box = LetterBox(clients, bucket)
    box.take(box.load(prefix), TO, PATIENT)
    # He is quicker in writing it anew: S3 says so.
    for status, code in ((412, "PreconditionFailed"), (409, "ConditionalRequestConflict")):
        fault_proxy.answer("PutObject", status=status, code=code, times=2)
        with pytest.raises(InHand, match="another replay has just taken it"):
            box.take(box.load(prefix), TO, IMPATIENT)


def test_a_read_that_fails_once_is_tried_again_and_one_that_fails_on_is_said(
    clients: Clients, bucket: str, fault_proxy: FaultProxy
) -> None:
    prefix = keep(clients, bucket, 1)
    fault_proxy.cut("GetObject", where="/body")
    assert LetterBox(clients, bucket).load(prefix).letter.message.body == b"body 1"
    fault_proxy.answer("GetObject", status=503, code="SlowDown", times=3)
    with pytest.raises(Away, match="SlowDown"):
        LetterBox(clients, bucket).load(prefix)


def test_an_archived_letter_is_damaged_until_it_is_restored(
    clients: Clients, bucket: str, fault_proxy: FaultProxy
) -> None:
    prefix = keep(clients, bucket, 1)
    fault_proxy.answer("GetObject", status=403, code="InvalidObjectState", where="/body")
    with pytest.raises(DamagedLetter, match="body is archived: restore it"):
        LetterBox(clients, bucket).load(prefix)


def test_a_bucket_that_is_not_there_is_said_to_be_missing(clients: Clients) -> None:
    with pytest.raises(Away, match=r"^s3://no-such-bucket-at-all: refused with NoSuchBucket.*create it"):
        list(LetterBox(clients, "no-such-bucket-at-all").select(Selection()))
