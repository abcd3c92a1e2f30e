"""How a destination wants bodies: text alone, base64 alone, or CloudEvents; and each comes back the same."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.body_format import BodyFormat, writer
from bridge.errors import MappingError
from bridge.large_text import LARGE, LargeText
from bridge.mapping import Attribute, CloudMessage, from_cloud, to_cloud
from bridge.message import Descriptor, Message, Property
from bridge.shaping.change import Value

SOURCE = "queue://QM1/ORDERS.OUT"
PUT = Descriptor(message_id=b"m" * 24, format="MQSTR", ccsid=1208, put_date="20261127", put_time="17042345")
FORMATS: tuple[BodyFormat | None, ...] = (None, "text", "base64", "cloudevents")


def sent(message: Message, wanted: BodyFormat | None, kind: Value | None = None) -> CloudMessage:
    event_type = kind or Value("constant", "com.ibm.mq.message")
    return to_cloud(message, writer(wanted, source=SOURCE, event_type=event_type))


def whole(cloud: CloudMessage) -> CloudMessage:
    """As it comes back from S3."""
    if not isinstance(cloud.body, LargeText):
        return cloud
    return CloudMessage(cloud.body.read(), cloud.attributes)


def event(cloud: CloudMessage) -> dict[str, Any]:
    found = json.loads(cloud.body.read() if isinstance(cloud.body, LargeText) else cloud.body)
    assert isinstance(found, dict)
    return found


@given(
    st.sampled_from(FORMATS),
    st.binary(max_size=50)
    | st.text(max_size=50).map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda values: (
            st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3)
        ),
    ).map(lambda value: json.dumps(value, indent=1).encode()),
    st.sampled_from(["MQSTR", "", "MQHRF2"]),
    st.sampled_from([1208, 819, 500, 1200, 943]),
)
@example("cloudevents", b"", "MQSTR", 1208)
@example("cloudevents", b'"a text"', "MQSTR", 1208)
@example("cloudevents", b' {"n": 1.10, "n": 2} ', "MQSTR", 1208)
@example("cloudevents", b"NaN", "MQSTR", 1208)
@example("text", b"", "MQSTR", 1208)
@example("base64", b"", "MQSTR", 1208)
def test_a_body_in_any_format_comes_back_to_the_byte(
    wanted: BodyFormat | None, body: bytes, format_: str, ccsid: int
) -> None:
    message = Message(body, Descriptor(format=format_, ccsid=ccsid), {"p": Property("x")})
    try:
        cloud = sent(message, wanted)
    except MappingError:
        assert wanted == "text"
        return
    assert from_cloud(cloud, ccsid=1208, format="MQSTR") == message


@pytest.mark.parametrize("wanted", FORMATS)
def test_a_large_body_in_any_format_comes_back_to_the_byte(wanted: BodyFormat | None) -> None:
    message = Message(b'{"a": "x"}' * (LARGE // 9), PUT)
    cloud = sent(message, wanted)
    assert isinstance(cloud.body, LargeText)
    assert len(cloud.body) == len(whole(sent(message, wanted)).body)
    assert from_cloud(whole(cloud), ccsid=1208, format="MQSTR") == message


def test_text_alone_takes_what_has_no_format_and_refuses_bytes() -> None:
    assert sent(Message("größe".encode("cp500"), Descriptor(ccsid=500)), "text").body == "größe"
    for body, ccsid in ((b"\xff", 1208), (b"NUL \0", 1208), (b"x", 0), (b"\xff" * (LARGE + 1), 1208)):
        with pytest.raises(MappingError, match=f"^body: not text in CCSID {ccsid} "):
            sent(Message(body, Descriptor(ccsid=ccsid)), "text")


def test_base64_alone_is_for_text_too() -> None:
    cloud = sent(Message(b"text", PUT), "base64")
    assert (cloud.body, cloud.attributes["MQBodyEncoding"].value) == ("dGV4dA==", "base64")


def test_an_event_of_json_has_it_as_it_was_written() -> None:
    cloud = sent(Message(b'{"amount": 100.10, "to":  "A"}', PUT), "cloudevents")
    assert cloud.body == (
        '{"specversion":"1.0","id":"' + "6d" * 24 + '","source":"queue://QM1/ORDERS.OUT",'
        '"type":"com.ibm.mq.message","time":"2026-11-27T17:04:23.450000Z",'
        '"datacontenttype":"application/json","data":{"amount": 100.10, "to":  "A"}}'
    )
    assert cloud.attributes["MQBodyEncoding"].value == "cloudevents"


def test_an_event_of_text_or_bytes_says_which() -> None:
    text = event(
        sent(Message("größe, no JSON".encode("cp500"), Descriptor(format="MQSTR", ccsid=500)), "cloudevents")
    )
    assert (text["datacontenttype"], text["data"]) == ("text/plain", "größe, no JSON")
    binary = event(sent(Message(b"\xff\0", PUT), "cloudevents"))
    assert binary["datacontenttype"] == "application/octet-stream"
    assert base64.b64decode(binary["data_base64"]) == b"\xff\0"
    assert "time" not in text
    empty = event(sent(Message(b"", PUT), "cloudevents"))
    assert {"data", "data_base64", "datacontenttype"}.isdisjoint(empty)
    large = event(sent(Message(b"x" * (LARGE + 1), PUT), "cloudevents"))
    assert base64.b64decode(large["data_base64"]) == b"x" * (LARGE + 1)


def test_an_events_type_is_the_messages_where_it_has_one() -> None:
    message = Message(b"{}", PUT, {"Kind": Property("PAYMENT")})
    assert event(sent(message, "cloudevents", Value("property", "Kind")))["type"] == "PAYMENT"
    assert event(sent(message, "cloudevents", Value("property", "no")))["type"] == "com.ibm.mq.message"


FOREIGN = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order"}


def read(body: str, **attributes: Attribute) -> Message:
    return from_cloud(CloudMessage(body, attributes), ccsid=1208, format="MQSTR", encoding="cloudevents")


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ({"data": {"a": [1, "ü"]}}, '{"a": [1, "ü"]}'),
        ({"data": "x", "datacontenttype": "text/plain; charset=utf-8"}, "x"),
        ({"data": "x", "datacontenttype": "application/json"}, '"x"'),
        ({"data": "<a/>", "datacontenttype": "application/xml"}, "<a/>"),
        ({"data": 1.5, "datacontenttype": "application/problem+json"}, "1.5"),
        ({"data_base64": "eA=="}, "x"),
        ({}, ""),
    ],
)
def test_somebody_elses_event_is_taken_out_of_its_wrapping(more: dict[str, Any], body: str) -> None:
    message = read(
        json.dumps({**FOREIGN, **more, "time": None}, ensure_ascii=False), shop=Attribute("String", "7")
    )
    assert message.body.decode() == body
    assert message.descriptor.format == "MQSTR"
    kind = {"ce_datacontenttype": more["datacontenttype"]} if "datacontenttype" in more else {}
    assert {name: each.value for name, each in message.properties.items()} == {
        "ce_id": "1",
        "ce_source": "/shop",
        "ce_type": "order",
        "shop": "7",
        **kind,
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("text", "no CloudEvent, which is a JSON object"),
        ("[]", "no CloudEvent, which is a JSON object"),
        ("{}", "it lacks specversion, id, source, type"),
        ("", "no CloudEvent"),
        (json.dumps({**FOREIGN, "specversion": "0.3"}), "its specversion is another"),
        (json.dumps({**FOREIGN, "id": 5}), "it lacks id"),
        (json.dumps({**FOREIGN, "data_base64": "?"}), "data_base64 is not base64"),
        (json.dumps({**FOREIGN, "data_base64": 5}), "data_base64 is not base64"),
        (json.dumps(FOREIGN) + "{}", "no CloudEvent, which is a JSON object"),
        (json.dumps(FOREIGN)[:-1] + ",}", "no CloudEvent, which is a JSON object"),
        ('{"a":' * 5000, "no CloudEvent, which is a JSON object"),
    ],
)
def test_what_is_no_event_is_told_and_not_quoted(body: str, why: str) -> None:
    with pytest.raises(MappingError) as caught:
        read(body)
    assert why in str(caught.value)


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_nothing_that_comes_ends_in_another_error(body: str | bytes) -> None:
    with contextlib.suppress(MappingError):
        from_cloud(CloudMessage(body), ccsid=1208, format="MQSTR", encoding="cloudevents")
