"""What SendMessageBatch is asked is what botocore would ask, and its answers read as botocore reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import pytest
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from bridge.aws import send_message_batch, xray
from bridge.aws.delivery import Entry
from bridge.mapping import Attribute, CloudMessage
from tests.bridge.aws.test_publish_batch import ENTRIES, TEXTS, as_boto3_is_asked

if TYPE_CHECKING:
    from botocore.model import StructureShape

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
SEND = botocore.session.get_session().get_service_model("sqs").operation_model("SendMessageBatch")
ANSWER = cast("StructureShape", SEND.output_shape)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def as_botocore_has_it(entries: dict[str, Entry], *, traced: bool) -> Any:
    asked = as_boto3_is_asked(entries, "MessageBody")
    if traced:
        for each, entry in zip(asked, entries.values(), strict=True):
            each.update(xray.beside(entry.cloud.attributes))
    return create_serializer("json", include_validation=False).serialize_to_request(
        {"QueueUrl": QUEUE, "Entries": asked}, SEND
    )


@given(st.dictionaries(TEXTS, ENTRIES, min_size=1, max_size=10), st.booleans())
def test_it_asks_what_botocore_would_ask(entries: dict[str, Entry], traced: bool) -> None:
    asked = as_botocore_has_it(entries, traced=traced)
    assert json.loads(send_message_batch.asked(QUEUE, entries, traced=traced)) == json.loads(asked["body"])
    told = {name.lower(): value for name, value in asked["headers"].items()}
    assert told.items() <= send_message_batch.HEADERS.items()


def test_a_trace_goes_in_xrays_header_where_it_is_asked_for() -> None:
    cloud = CloudMessage("body", {"traceparent": Attribute("String", TRACEPARENT)})
    [entry] = json.loads(send_message_batch.asked(QUEUE, {"0": Entry(0, cloud, 0, {})}, traced=True))[
        "Entries"
    ]
    header = entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"]
    assert header == "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"


TAKEN = st.fixed_dictionaries({"Id": TEXTS, "MessageId": TEXTS, "MD5OfMessageBody": TEXTS})
FAILED = st.fixed_dictionaries({"Id": TEXTS, "Code": TEXTS, "SenderFault": st.booleans(), "Message": TEXTS})


@given(st.lists(TAKEN, max_size=10), st.lists(FAILED, max_size=10))
def test_it_reads_what_botocore_would_read(taken: list[dict[str, str]], failed: list[dict[str, Any]]) -> None:
    body = json.dumps({"Successful": taken, "Failed": failed}).encode()
    read = create_parser("json").parse({"status_code": 200, "headers": {}, "body": body}, ANSWER)
    assert send_message_batch.answer(body) == {name: read[name] for name in ("Successful", "Failed")}


def test_a_list_that_the_answer_lacks_is_empty() -> None:
    assert send_message_batch.answer(b'{"Failed": null}') == {"Successful": [], "Failed": []}
    assert send_message_batch.answer(b'{"Successful": []}') == {"Successful": [], "Failed": []}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>secret</html>",
        b"[]",
        b"{}",
        b'{"message": "secret"}',
        b'{"Successful": {}}',
        b'{"Failed": [1]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_an_error_that_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(ResponseParserError) as error:
        send_message_batch.answer(body)
    assert "secret" not in str(error.value)
