"""What PublishBatch is asked is what botocore would ask, and what it answers is what botocore would read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.aws import publish_batch
from bridge.aws.delivery import Entry
from bridge.mapping import Attribute, CloudMessage

if TYPE_CHECKING:
    from botocore.model import StructureShape

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PUBLISH_BATCH = botocore.session.get_session().get_service_model("sns").operation_model("PublishBatch")
ANSWER = cast("StructureShape", PUBLISH_BATCH.output_shape)
QUERY = create_serializer("query", include_validation=False)

ATTRIBUTES = st.one_of(
    TEXTS.map(lambda text: Attribute("String", text)),
    st.binary(max_size=40).map(lambda raw: Attribute("Binary", raw)),
    st.integers().map(lambda number: Attribute("Number.x", str(number))),
)
ENTRIES = st.builds(
    Entry,
    index=st.just(0),
    cloud=st.builds(CloudMessage, TEXTS, st.dictionaries(TEXTS, ATTRIBUTES, max_size=10)),
    length=st.just(0),
    order=st.dictionaries(st.sampled_from(["MessageGroupId", "MessageDeduplicationId"]), TEXTS),
)


def written(*texts: str) -> bytes:
    return publish_batch.asked(
        TOPIC, {str(place): Entry(place, CloudMessage(text), 0, {}) for place, text in enumerate(texts)}
    )


def as_boto3_is_asked(entries: dict[str, Entry], body: str) -> list[dict[str, Any]]:
    """Entries by their ids; `body` is what the service calls a message's body."""
    return [
        {
            "Id": name,
            body: entry.cloud.inline,
            "MessageAttributes": {
                each: {
                    "DataType": attribute.type,
                    f"{'String' if isinstance(attribute.value, str) else 'Binary'}Value": attribute.value,
                }
                for each, attribute in entry.cloud.attributes.items()
            },
            **entry.order,
        }
        for name, entry in entries.items()
    ]


def as_botocore_has_it(entries: dict[str, Entry]) -> Any:
    # It leaves out a map that is empty, and so does a form without a field of it.
    asked = [
        {name: value for name, value in each.items() if value != {}}
        for each in as_boto3_is_asked(entries, "Message")
    ]
    return QUERY.serialize_to_request(
        {"TopicArn": TOPIC, "PublishBatchRequestEntries": asked}, PUBLISH_BATCH
    )["body"]


@given(st.dictionaries(TEXTS, ENTRIES, min_size=1, max_size=10))
@example({"1": Entry(0, CloudMessage("".join(map(chr, range(256)))), 0, {})})
def test_it_asks_what_botocore_would_ask(entries: dict[str, Entry]) -> None:
    asked = publish_batch.asked(TOPIC, entries).decode("ascii")
    told = dict(parse_qsl(asked, keep_blank_values=True, strict_parsing=True))
    assert told == {name: str(value) for name, value in as_botocore_has_it(entries).items()}


@given(TEXTS)
@example("100% + %25 = x y+z")
@example("".join(map(chr, range(256))))
@example("ü + 100%~ \n€" * 10_000)
def test_a_text_is_written_as_urllib_writes_it(text: str) -> None:
    assert urlencode({"Message": text}).encode() in written(text).split(b"&")[-1]


XML_TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=20)
TAKEN = st.fixed_dictionaries({"Id": XML_TEXTS, "MessageId": XML_TEXTS})
FAILED = st.fixed_dictionaries(
    {"Id": XML_TEXTS, "Code": XML_TEXTS, "SenderFault": st.booleans()}, optional={"Message": XML_TEXTS}
)


def answered(taken: list[dict[str, str]], failed: list[dict[str, Any]]) -> bytes:
    def members(entries: list[dict[str, Any]]) -> str:
        def text(value: object) -> str:
            return str(value).lower() if isinstance(value, bool) else escape(str(value))

        return "".join(
            f"<member>{''.join(f'<{name}>{text(value)}</{name}>' for name, value in each.items())}</member>"
            for each in entries
        )

    return (
        '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>'
        f"<Failed>{members(failed)}</Failed><Successful>{members(taken)}</Successful></PublishBatchResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishBatchResponse>"
    ).encode()


@given(st.lists(TAKEN, max_size=10), st.lists(FAILED, max_size=10))
def test_it_reads_what_botocore_would_read(taken: list[dict[str, str]], failed: list[dict[str, Any]]) -> None:
    body = answered(taken, failed)
    read = create_parser("query").parse({"status_code": 200, "headers": {}, "body": body}, ANSWER)
    assert publish_batch.answer(body) == {name: read[name] for name in ("Successful", "Failed")}


@pytest.mark.parametrize(
    "body", [b"", b"not XML", b"<half", b"{}", b"<html><body>half</body></html>", b"<PublishBatchResult/>"]
)
def test_what_is_no_answer_is_an_error_that_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(ResponseParserError) as error:
        publish_batch.answer(body)
    assert "half" not in str(error.value)
