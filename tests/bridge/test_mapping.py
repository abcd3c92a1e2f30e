"""What becomes of a message on its way to SNS and SQS and back: nothing is lost, and AWS takes all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.errors import MappingError
from bridge.mapping import Attribute, CloudMessage, from_cloud, size, to_cloud
from bridge.message import NO_ID, Descriptor, Message, Property
from code_pages import ebcdic
from code_pages.ccsid import codec

ID = bytes(range(24))
TEXT = Descriptor(message_id=ID, format="MQSTR", ccsid=1208)
BIG, LITTLE = 273, 546


def returned(cloud: CloudMessage) -> Message:
    """Back as a route whose own CCSID and format are none of the messages'."""
    return from_cloud(cloud, ccsid=37, format="OTHER")


def told(message: Message) -> tuple[bytes, Descriptor, dict[str, tuple[str, type, str]]]:
    """A message so that 1, 1.0 and True differ and a NaN equals itself."""
    properties = {
        name: (each.type, type(each.value), repr(each.value)) for name, each in message.properties.items()
    }
    return message.body, message.descriptor, properties


# --- bodies


@pytest.mark.parametrize(
    ("text", "ccsid", "encoding"),
    [
        ("Überweisung 10 €", 1208, BIG),
        ("Überweisung", 819, BIG),
        ("Überweisung", 500, 785),
        ("Überweisung {10} [EUR]", 273, 785),
        ("Überweisung {10} [EUR]", 1047, 785),
        ("10 € 🙂", 1200, BIG),
        ("10 € 🙂", 1200, LITTLE),
        ("日本", 943, BIG),
        ("tab\tline\r\nnext\rlast", 1208, BIG),
    ],
)
def test_given_text_in_any_ccsid_when_it_goes_out_then_it_is_that_text_and_comes_back_in_its_ccsid(
    text: str, ccsid: int, encoding: int
) -> None:
    body = text.encode(codec(ccsid, encoding) or "")
    message = Message(body, Descriptor(format="MQSTR", ccsid=ccsid, encoding=encoding))
    cloud = to_cloud(message)
    assert cloud.body == text
    assert "MQBodyEncoding" not in cloud.attributes
    assert returned(cloud) == message


@pytest.mark.parametrize(
    ("body", "format_", "ccsid"),
    [
        (bytes(range(256)), "", 1208),
        (b"plain", "", 1208),
        (b"plain", "MQHRF2", 1208),
        (b"\xff not UTF-8", "MQSTR", 1208),
        (b"NUL \x00", "MQSTR", 1208),
        (b"escape \x1b", "MQSTR", 819),
        ("not a character \ufffe".encode(), "MQSTR", 1208),
        (b"\xd8\x00", "MQSTR", 1200),
        (b"odd", "MQSTR", 1200),
        (b"\x87\x90", "MQSTR", 943),  # a character that has two codes, of which this is not the first
        (b"no codec", "MQSTR", 930),
        (b"queue manager's own", "MQSTR", 0),
    ],
)
def test_given_bytes_that_aws_does_not_take_as_text_when_they_go_out_then_as_base64_and_back_to_the_byte(
    body: bytes, format_: str, ccsid: int
) -> None:
    message = Message(body, Descriptor(format=format_, ccsid=ccsid))
    cloud = to_cloud(message)
    assert cloud.attributes["MQBodyEncoding"] == Attribute("String", "base64")
    assert re.fullmatch("[A-Za-z0-9+/]+=*", cloud.inline)
    assert returned(cloud) == message


def test_given_an_empty_body_when_it_goes_out_then_there_is_a_text_for_aws_and_it_comes_back_empty() -> None:
    message = Message(b"", TEXT)
    cloud = to_cloud(message)
    assert cloud.body
    assert cloud.attributes["MQBodyEncoding"] == Attribute("String", "empty")
    assert returned(cloud) == message


def test_given_a_text_that_looks_like_our_own_encodings_when_it_goes_out_then_it_stays_as_it_is() -> None:
    for text in (b"-", b"aGVsbG8=", b"empty", b"base64"):
        cloud = to_cloud(Message(text, TEXT))
        assert cloud.inline.encode() == text
        assert returned(cloud).body == text


# --- descriptor and properties


def test_given_a_message_when_it_goes_out_then_these_are_its_attributes() -> None:
    message = Message(
        b"hello",
        Descriptor(
            message_id=ID,
            correlation_id=b"\xff" * 24,
            format="MQSTR",
            ccsid=819,
            reply_to_queue="REPLY.TO.ME",
            priority=5,
            user="mqm",
            accounting_token=b"\x01" * 32,
        ),
        {
            "colour": Property("red"),
            "count": Property(7, "i4"),
            "ratio": Property(0.5, "r8"),
            "urgent": Property(True, "boolean"),
        },
    )
    cloud = to_cloud(message)
    assert cloud.attributes == {
        "MQMsgId": Attribute("String", ID.hex()),
        "MQCorrelId": Attribute("String", "ff" * 24),
        "MQFormat": Attribute("String", "MQSTR"),
        "MQReplyToQ": Attribute("String", "REPLY.TO.ME"),
        "MQDescriptor": Attribute(
            "String",
            '{"CodedCharSetId":819,"Priority":5,"UserIdentifier":"mqm","AccountingToken":"'
            + "01" * 32
            + '"}',
        ),
        "MQProperties": Attribute("String", '{"ratio":["r8",0.5],"urgent":["boolean",true]}'),
        "colour": Attribute("String", "red"),
        "count": Attribute("Number", "7"),
    }
    assert returned(cloud) == message


@pytest.mark.parametrize(
    ("value", "kind", "attribute"),
    [
        ("text", "string", Attribute("String", "text")),
        ("with\ttab and\nline", "string", Attribute("String", "with\ttab and\nline")),
        (0, "i4", Attribute("Number", "0")),
        (-(2**31), "i4", Attribute("Number", "-2147483648")),
        (2**31, "i8", Attribute("Number", "2147483648")),
        (-12.5, "r8", Attribute("Number", "-12.5")),
        # SQS trims the zeros that a number starts or ends with, so these would not come back.
        (1.0, "r8", None),
        (0.5, "r8", None),
        (1e300, "r8", None),
        (float("nan"), "r8", None),
        # Types that an attribute can't tell.
        (1, "i8", None),
        (1, "i2", None),
        (1.5, "r4", None),
        (True, "boolean", None),
        (None, "string", None),
        (b"\x00\xff", "bin.hex", None),
        ("7", "i4", None),
        # Values that AWS refuses.
        ("", "string", None),
        ("bell \x07", "string", None),
    ],
)
def test_given_a_property_when_it_goes_out_then_as_an_attribute_if_that_says_it_all_and_always_comes_back(
    value: str | float | bytes | None, kind: str, attribute: Attribute | None
) -> None:
    message = Message(b"hello", TEXT, {"p": Property(value, kind)})
    cloud = to_cloud(message)
    assert cloud.attributes.get("p") == attribute
    assert ("MQProperties" in cloud.attributes) == (attribute is None)
    assert told(returned(cloud)) == told(message)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "AWS.x",
            "aws.x",
            "Amazon.x",
            "AMAZON.x",
            ".x",
            "x.",
            "x..y",
            "with space",
            "größe",
            "名",
            "",
            "x" * 257,
            "a/b",
        ),
        *(
            "MQMsgId",
            "MQDescriptor",
            "MQProperties",
            "MQBodyEncoding",
            "ExtendedPayloadSize",
            "SQSLargePayloadSize",
        ),
    ],
)
def test_given_a_name_that_can_be_no_attribute_when_it_goes_out_then_it_travels_and_comes_back(
    name: str,
) -> None:
    message = Message(b"hello", Descriptor(format="MQSTR"), {name: Property("value")})
    cloud = to_cloud(message)
    assert cloud.attributes.keys() == {"MQFormat", "MQDescriptor", "MQProperties"}
    assert returned(cloud) == message


@pytest.mark.parametrize("name", ["x", "a.b.c", "a-b_c", "1", "awsome", "aws", "x" * 256])
def test_given_a_name_that_aws_takes_when_it_goes_out_then_it_is_an_attribute(name: str) -> None:
    assert to_cloud(Message(b"hello", TEXT, {name: Property("value")})).attributes[name].value == "value"


@pytest.mark.parametrize("count", range(12))
def test_given_more_properties_than_there_is_room_for_when_they_go_out_then_nine_attributes_hold_them_all(
    count: int,
) -> None:
    descriptor = Descriptor(ID, ID, format="MQSTR", reply_to_queue="Q")
    message = Message(b"\x00", descriptor, {f"p{i}": Property(i, "i4") for i in range(count)})
    cloud = to_cloud(message)
    assert len(cloud.attributes) == min(9, 6 + count)
    assert returned(cloud) == message


def test_the_document_tells_every_attribute_and_every_field_that_goes_out() -> None:
    text = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
    refused = Descriptor(format="\x07", reply_to_queue="\x07")
    full = Descriptor(
        *(ID, ID, ID, "MQSTR", 37, 546, 1, 1, 1, 1, 1, 1, "Q", "QM", "U", "A", 1, "I", "O", b"\x01" * 32),
        *("20261123", "00000000", 2, 1, 1, 1),
    )
    for descriptor in (refused, full):
        attributes = to_cloud(Message(b"\x00", descriptor, {"": Property("")})).attributes
        told_names = {*attributes, *json.loads(str(attributes["MQDescriptor"].value))}
        assert len(told_names) in {5, 29}
        assert {name for name in told_names if f"`{name}`" not in text} == set()


# --- what may not be lost: any message at all

CCSIDS = [
    *(
        37,
        437,
        500,
        819,
        850,
        923,
        932,
        943,
        1140,
        1200,
        1201,
        1202,
        1208,
        1252,
        1386,
        5348,
        5488,
        0,
        930,
        -2,
    ),
    *ebcdic.CCSIDS,
]
NUMBERS = [
    *("message_type", "report", "feedback", "expiry", "priority", "persistence", "application_type"),
    *("sequence_number", "offset", "message_flags", "original_length"),
]
CHARACTERS = st.characters(exclude_categories=["Cs"])
INT32 = st.integers(-(2**31), 2**31 - 1)
DESCRIPTORS = st.builds(
    Descriptor,
    **dict.fromkeys(
        ("message_id", "correlation_id", "group_id"), st.binary(min_size=24, max_size=24) | st.just(NO_ID)
    ),
    accounting_token=st.binary(min_size=32, max_size=32),
    format=st.sampled_from(["MQSTR", "", "MQHRF2"]) | st.text(CHARACTERS, max_size=8),
    ccsid=st.sampled_from(CCSIDS) | INT32,
    encoding=st.sampled_from([BIG, LITTLE, 785]) | INT32,
    **dict.fromkeys(NUMBERS, INT32),
    **dict.fromkeys(("reply_to_queue", "reply_to_queue_manager"), st.text(CHARACTERS, max_size=48)),
    user=st.text(CHARACTERS, max_size=12),
    application_name=st.text(CHARACTERS, max_size=28),
    application_identity=st.text(CHARACTERS, max_size=32),
    application_origin=st.text(CHARACTERS, max_size=4),
    put_date=st.text(CHARACTERS, max_size=8),
    put_time=st.text(CHARACTERS, max_size=8),
)
VALUES = st.one_of(
    st.text(CHARACTERS, max_size=20),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.decimals(-1000, 1000, places=2).map(float),
    st.binary(max_size=20),
    st.none(),
)
PROPERTIES = st.dictionaries(
    st.text(CHARACTERS, max_size=12) | st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True),
    st.builds(
        Property,
        VALUES,
        st.sampled_from(["string", "boolean", "i1", "i4", "i8", "r4", "r8", "bin.hex", "folder", ""]),
    ),
    max_size=12,
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    descriptor = draw(DESCRIPTORS)
    body = draw(st.binary(max_size=100))
    name = codec(descriptor.ccsid, descriptor.encoding)
    if name and draw(st.booleans()):
        body = draw(st.text(CHARACTERS, max_size=50)).encode(name, "ignore")
    return Message(body, descriptor, draw(PROPERTIES))


ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
NUMBER = re.compile(r"0|-?[1-9][0-9]*(\.[0-9]*[1-9])?")


@given(messages())
@example(Message(b"\x25\x15", Descriptor(format="MQSTR", ccsid=500)))
def test_given_any_message_when_it_goes_out_and_comes_back_then_it_is_the_same(message: Message) -> None:
    assert told(returned(to_cloud(message))) == told(message)


@given(messages())
@example(Message(b"", TEXT, {"p": Property(float("inf"), "r8")}))
def test_given_any_message_when_it_goes_out_then_aws_takes_all_of_it(message: Message) -> None:
    cloud = to_cloud(message)
    assert ALLOWED.fullmatch(cloud.inline)
    assert len(cloud.attributes) <= 9
    for name, attribute in cloud.attributes.items():
        assert re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", name)
        assert ".." not in f".{name}."
        assert not name.lower().startswith(("aws.", "amazon."))
        assert isinstance(attribute.value, str)
        assert ALLOWED.fullmatch(attribute.value)
        assert attribute.type in {"String", "Number"}
        assert attribute.type == "String" or NUMBER.fullmatch(attribute.value)
    for name in ("MQDescriptor", "MQProperties"):
        if name in cloud.attributes:
            assert str(cloud.attributes[name].value).isascii()
            assert isinstance(json.loads(cloud.attributes[name].value, parse_constant=pytest.fail), dict)


# --- what others send


def test_given_a_plain_text_of_somebody_else_when_it_comes_in_then_it_is_that_text_in_the_route_s_ccsid() -> (
    None
):
    message = from_cloud(CloudMessage("Grüße"), ccsid=273, format="MQSTR")
    assert message == Message("Grüße".encode("cp273"), Descriptor(ccsid=273, format="MQSTR"))


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        (Attribute("String", "red"), Property("red")),
        (Attribute("String.custom", "red"), Property("red")),
        (Attribute("Number", "7"), Property(7, "i4")),
        (Attribute("Number.int", "-7"), Property(-7, "i4")),
        (Attribute("Number", "2147483648"), Property(2147483648, "i8")),
        (Attribute("Number", "1.50"), Property(1.5, "r8")),
        (Attribute("Number", ".5"), Property(0.5, "r8")),
        (Attribute("Number", "1e3"), Property(1000.0, "r8")),
        (Attribute("Number", "12345678901234567890"), Property("12345678901234567890")),
        (Attribute("Number", "0.12345678901234567890"), Property("0.12345678901234567890")),
        (Attribute("Number", "1_000"), Property("1_000")),
        (Attribute("Number", "٣"), Property("٣")),
        (Attribute("Number", "1e999"), Property("1e999")),
        (Attribute("Number", "NaN"), Property("NaN")),
        (Attribute("Binary", b"\x00\xff"), Property(b"\x00\xff", "bin.hex")),
        (Attribute("Binary.png", b"\x00\xff"), Property(b"\x00\xff", "bin.hex")),
    ],
)
def test_given_an_attribute_of_somebody_else_when_it_comes_in_then_it_is_a_property(
    attribute: Attribute, expected: Property
) -> None:
    cloud = CloudMessage("hello", {"trace-id": attribute})
    message = from_cloud(cloud, ccsid=1208, format="MQSTR")
    assert told(message) == told(Message(b"hello", Descriptor(format="MQSTR"), {"trace-id": expected}))


def test_given_a_reply_of_somebody_else_when_it_comes_in_then_it_can_name_what_it_answers() -> None:
    cloud = CloudMessage("reply", {"MQCorrelId": Attribute("String", "AB" * 24)})
    message = from_cloud(cloud, ccsid=819, format="MQSTR")
    assert message.descriptor == Descriptor(correlation_id=b"\xab" * 24, ccsid=819, format="MQSTR")
    assert message.properties == {}


@pytest.mark.parametrize(
    ("ccsid", "told_of"), [(819, "lacks"), (37, "lacks"), (1208, ""), (930, "not known")]
)
def test_given_text_that_the_ccsid_has_no_characters_for_when_it_comes_in_then_the_error_names_the_ccsid(
    ccsid: int, told_of: str
) -> None:
    cloud = CloudMessage("price: 10 中")
    if not told_of:
        assert from_cloud(cloud, ccsid=ccsid, format="MQSTR").body == "price: 10 中".encode()
        return
    with pytest.raises(MappingError) as caught:
        from_cloud(cloud, ccsid=ccsid, format="MQSTR")
    assert f"CCSID {ccsid}" in str(caught.value)
    assert told_of in str(caught.value)
    assert "price" not in str(caught.value)


CANARY = "c4n4ry"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MQMsgId", CANARY),
        ("MQMsgId", "ab"),
        ("MQMsgId", "ab" * 25),
        ("MQMsgId", b"\x00"),
        ("MQCorrelId", "zz" * 24),
        ("MQFormat", CANARY * 2),
        ("MQReplyToQ", CANARY * 10),
        ("MQDescriptor", CANARY),
        ("MQDescriptor", "[" * 100_000),
        ("MQDescriptor", f'["{CANARY}"]'),
        ("MQDescriptor", f'{{"{CANARY}":1}}'),
        ("MQDescriptor", f'{{"Priority":"{CANARY}"}}'),
        ("MQDescriptor", '{"Priority":true}'),
        ("MQDescriptor", '{"Priority":1.5}'),
        ("MQDescriptor", '{"Priority":2147483648}'),
        ("MQDescriptor", '{"Priority":' + "9" * 5000 + "}"),
        ("MQDescriptor", f'{{"GroupId":"{CANARY}"}}'),
        ("MQDescriptor", '{"GroupId":null}'),
        ("MQDescriptor", '{"PutDate":"123456789"}'),
        ("MQDescriptor", '{"PutDate":20261123}'),
        ("MQProperties", CANARY),
        ("MQProperties", "[" * 100_000),
        ("MQProperties", f'["{CANARY}"]'),
        ("MQProperties", f'{{"a":"{CANARY}"}}'),
        ("MQProperties", f'{{"a":["string","{CANARY}"]}}'),
        ("MQProperties", f'{{"a":["bin.hex","hex:{CANARY}"]}}'),
        ("MQProperties", f'{{"a":["r8","float:{CANARY}"]}}'),
        ("MQProperties", '{"a":["string"]}'),
        ("MQProperties", '{"a":[1,"text:x"]}'),
        ("MQProperties", '{"a":["string",{}]}'),
        ("MQBodyEncoding", CANARY),
        ("MQBodyEncoding", b"base64"),
    ],
)
def test_given_an_attribute_of_ours_that_is_not_as_we_write_it_then_the_error_names_it_and_not_its_content(
    name: str, value: str | bytes
) -> None:
    cloud = CloudMessage("hello", {name: Attribute("String" if isinstance(value, str) else "Binary", value)})
    with pytest.raises(MappingError) as caught:
        from_cloud(cloud, ccsid=1208, format="MQSTR")
    assert name in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("body", ["c4n4ry!", "YQ", "YQ=\n=", "é", ""])
def test_given_a_body_that_is_not_the_base64_it_says_then_the_error_says_so_and_not_its_content(
    body: str,
) -> None:
    cloud = CloudMessage(body, {"MQBodyEncoding": Attribute("String", "base64")})
    if not body:
        assert from_cloud(cloud, ccsid=1208, format="").body == b""
        return
    with pytest.raises(MappingError) as caught:
        from_cloud(cloud, ccsid=1208, format="MQSTR")
    assert "base64" in str(caught.value)
    assert CANARY not in str(caught.value)


OUR_NAMES = [
    "MQMsgId",
    "MQCorrelId",
    "MQFormat",
    "MQReplyToQ",
    "MQDescriptor",
    "MQProperties",
    "MQBodyEncoding",
]
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Priority", "MsgId", "a"]), inner)
    ),
)


@given(
    st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(OUR_NAMES) | st.text(max_size=5),
        st.builds(
            Attribute,
            st.sampled_from(["String", "Number", "Number.x"]),
            st.text(max_size=30) | JSONS.map(json.dumps),
        )
        | st.builds(Attribute, st.just("Binary"), st.binary(max_size=30)),
    ),
    st.sampled_from([37, 819, 1200, 1208, 0]),
)
def test_given_whatever_anybody_sends_when_it_comes_in_then_it_is_a_message_or_a_mapping_error(
    body: str, attributes: dict[str, Attribute], ccsid: int
) -> None:
    try:
        message = from_cloud(CloudMessage(body, attributes), ccsid=ccsid, format="MQSTR")
    except MappingError:
        return
    assert told(returned(to_cloud(message))) == told(message)


# --- sizes and secrecy


def test_size_counts_bytes_of_body_names_types_and_values() -> None:
    cloud = CloudMessage("é€", {"name": Attribute("String", "ü"), "b": Attribute("Binary", b"\x00\x01\x02")})
    assert size(cloud) == 5 + (4 + 6 + 2) + (1 + 6 + 3)
    assert size(CloudMessage("")) == 0


def test_nothing_of_a_body_or_a_value_is_printed() -> None:
    cloud = to_cloud(Message(CANARY.encode(), TEXT, {"p": Property(CANARY)}))
    assert CANARY not in repr(cloud)
    assert CANARY not in repr(cloud.attributes)
