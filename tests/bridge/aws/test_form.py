"""A form written quickly is the one that botocore writes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

import botocore.session
from botocore.serialize import create_serializer
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.aws import form

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PUBLISH_BATCH = botocore.session.get_session().get_service_model("sns").operation_model("PublishBatch")
QUERY = create_serializer("query", include_validation=False)


def written(params: dict[str, Any]) -> bytes:
    """As a client of the bridge's writes it, handler after handler."""
    context: dict[str, Any] = {}
    asked = {**params}
    form.keep_entries(asked, context)
    request = {"body": as_botocore_has_it(asked)}
    form.write_once(request, context)
    body = request["body"]
    assert isinstance(body, bytes)
    return body


def as_botocore_has_it(params: dict[str, Any]) -> Any:
    return QUERY.serialize_to_request(params, PUBLISH_BATCH)["body"]


def batch(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:orders", "PublishBatchRequestEntries": entries}


VALUES = st.one_of(
    TEXTS.map(lambda text: {"DataType": "String", "StringValue": text}),
    st.binary(max_size=40).map(lambda raw: {"DataType": "Binary", "BinaryValue": raw}),
    st.integers().map(lambda number: {"DataType": "Number.x", "StringValue": str(number)}),
)
ENTRIES = st.fixed_dictionaries(
    {"Id": TEXTS, "Message": TEXTS},
    optional={
        "MessageAttributes": st.dictionaries(TEXTS, VALUES, min_size=1, max_size=10),
        "MessageGroupId": TEXTS,
        "MessageDeduplicationId": TEXTS,
    },
)


@given(st.lists(ENTRIES, min_size=1, max_size=10))
@example([{"Id": "1", "Message": "".join(map(chr, range(256)))}])
def test_a_publish_batch_says_what_botocore_would_have_it_say(entries: list[dict[str, Any]]) -> None:
    params = batch(*entries)
    told = dict(parse_qsl(written(params).decode(), keep_blank_values=True, strict_parsing=True))
    assert told == {name: str(value) for name, value in as_botocore_has_it(params).items()}


@given(TEXTS)
@example("100% + %25 = x y+z")
@example("".join(map(chr, range(256))))
def test_a_text_is_written_as_urllib_writes_it(text: str) -> None:
    assert (
        urlencode({"Message": text}).encode() in written(batch({"Id": "1", "Message": text})).split(b"&")[-1]
    )
