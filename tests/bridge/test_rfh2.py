"""MQRFH2 headers: taken off without loss, put back as MQ's clients read them, refused when they are none."""

from __future__ import annotations

import contextlib
import struct
import time
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.message import Property
from bridge.rfh2 import (
    FOLDER,
    FORMAT,
    HEADER_CCSID,
    HEADER_ENCODING,
    LONGEST,
    Content,
    RFH2Error,
    join,
    split,
)

BIG, LITTLE = 273, 546
TEXT = Content(b"hello", "MQSTR", 1208, BIG)

OTHERS_WITH_A = '<usr><AWSAttributes>{"a":["string","text:2"]}</AWSAttributes></usr>'

# What IBM's JMS client 9.4 sends for a text message with two properties.
FROM_JMS = (
    b"RFH \x00\x00\x00\x02\x00\x00\x00\xc8\x00\x00\x01\x11\x00\x00\x04\xb8"
    b"MQSTR   \x00\x00\x00\x00\x00\x00\x04\xb8"
    b"\x00\x00\x00 <mcd><Msd>jms_text</Msd></mcd>  "
    b"\x00\x00\x00H<jms><Dst>queue:///Q1</Dst><Tms>1795442681626</Tms><Dlv>2</Dlv></jms>   "
    b"\x00\x00\x000<usr><colour>blue</colour><n dt='i4'>7</n></usr>"
    b"hello jms \xc3\xa9"
)


def header(
    *folders: str,
    order: str = ">",
    names_ccsid: int = 1208,
    codec: str = "utf-8",
    identifier: bytes = b"RFH ",
    version: int = 2,
    body_format: bytes = b"MQSTR   ",
    body_ccsid: int = 1208,
) -> bytes:
    """A header as another program would write it."""
    packed = b""
    for each in folders:
        raw = each.encode(codec)
        raw += " ".encode(codec) * (-len(raw) % 4)
        raw += b"\0" * (-len(raw) % 4)
        packed += struct.pack(order + "i", len(raw)) + raw
    encoding = BIG if order == ">" else LITTLE
    return (
        struct.pack(
            order + "4siiii8sii",
            identifier,
            version,
            36 + len(packed),
            encoding,
            body_ccsid,
            body_format,
            0,
            names_ccsid,
        )
        + packed
    )


def told(properties: dict[str, Property]) -> dict[str, tuple[str, type, str]]:
    """Properties so that 1, 1.0 and True differ and a NaN equals itself."""
    return {name: (each.type, type(each.value), repr(each.value)) for name, each in properties.items()}


def test_given_what_jms_sends_when_split_then_properties_and_folders_and_body_are_there() -> None:
    properties, content = split(FROM_JMS, BIG, 1208)
    assert properties == {
        "rfh2.mcd": Property("<mcd><Msd>jms_text</Msd></mcd>", FOLDER),
        "rfh2.jms": Property("<jms><Dst>queue:///Q1</Dst><Tms>1795442681626</Tms><Dlv>2</Dlv></jms>", FOLDER),
        "colour": Property("blue"),
        "n": Property(7, "i4"),
    }
    assert content == Content("hello jms é".encode(), "MQSTR", 1208, BIG)


def test_given_what_jms_sends_when_split_and_joined_then_it_is_the_same_to_the_byte() -> None:
    properties, content = split(FROM_JMS, BIG, 1208)
    backwards = dict(reversed(list(properties.items())))
    backwards["n"] = backwards.pop("n")
    assert join(properties, content) == FROM_JMS
    assert join(backwards, content) == FROM_JMS  # JMS wants its own folders in front


@pytest.mark.parametrize(
    ("order", "names_ccsid", "codec", "encoding"),
    [
        (">", 1208, "utf-8", BIG),
        ("<", 1208, "utf-8", LITTLE),
        (">", 1200, "utf-16-be", BIG),
        ("<", 1200, "utf-16-le", LITTLE),
        (">", 13488, "utf-16-be", BIG),
    ],
)
def test_given_either_byte_order_and_ccsid_when_split_then_the_same_is_found(
    order: str, names_ccsid: int, codec: str, encoding: int
) -> None:
    data = header(
        "<usr><land>Ελλάδα</land></usr>", "<x><y>1</y></x>", order=order, names_ccsid=names_ccsid, codec=codec
    )
    properties, content = split(data + b"body", encoding, 819)
    assert properties == {"land": Property("Ελλάδα"), "rfh2.x": Property("<x><y>1</y></x>", FOLDER)}
    assert content == Content(b"body", "MQSTR", 1208, BIG if order == ">" else LITTLE)


@pytest.mark.parametrize("ccsid", [37, 500, 1047])
def test_given_a_mainframe_s_header_in_ebcdic_when_split_then_it_is_read(ccsid: int) -> None:
    data = header(
        "<usr><a>1</a></usr>",
        identifier="RFH ".encode("cp037"),
        body_format="MQSTR   ".encode("cp037"),
        body_ccsid=ccsid,
    )
    properties, content = split(data + "hi".encode("cp037"), 785, ccsid)
    assert properties == {"a": Property("1")}
    assert content == Content("hi".encode("cp037"), "MQSTR", ccsid, BIG)


def test_given_a_header_in_ascii_under_an_ebcdic_ccsid_when_split_then_it_is_read_all_the_same() -> None:
    assert split(header("<usr><a>1</a></usr>"), BIG, 500)[0] == {"a": Property("1")}


def test_given_a_folder_with_space_between_its_properties_when_split_then_they_are_read() -> None:
    folder = "<usr>\n  <a>1</a>\n  <b dt='i4'>2</b>\n</usr>\n"
    assert split(header(folder), BIG, 1208)[0] == {"a": Property("1"), "b": Property(2, "i4")}


def test_given_two_folders_of_properties_when_split_then_none_hides_another() -> None:
    assert split(header("<usr><a>1</a></usr>", "<usr><b>2</b></usr>"), BIG, 1208)[0] == {
        "a": Property("1"),
        "b": Property("2"),
    }
    assert split(header("<usr><a>1</a></usr>", "<usr><a>2</a></usr>"), BIG, 1208)[0] == {
        "a": Property("1"),
        "rfh2.usr": Property("<usr><a>2</a></usr>", FOLDER),
    }


@pytest.mark.parametrize("inherited", [0, -2])
def test_given_a_header_without_a_ccsid_of_its_own_when_split_then_the_descriptor_s_holds(
    inherited: int,
) -> None:
    assert split(header(body_ccsid=inherited), BIG, 819)[1].ccsid == 819


def test_given_a_header_behind_a_header_when_split_twice_then_both_are_read_and_joined_again() -> None:
    inner = header("<usr><inner>1</inner></usr>") + b"text"
    outer = header("<usr><outer>2</outer></usr>", body_format=FORMAT.encode().ljust(8), body_ccsid=1208)
    properties, content = split(outer + inner, BIG, 1208)
    assert properties == {"outer": Property("2")}
    assert content == Content(inner, FORMAT, 1208, BIG)
    assert split(content.body, content.encoding, content.ccsid)[0] == {"inner": Property("1")}
    assert join(properties, content) == outer + inner


@pytest.mark.parametrize(
    ("element", "value", "kind"),
    [
        ("<p>text &amp; &lt;more&gt; &#228;</p>", "text & <more> ä", "string"),
        ("<p> spaced </p>", " spaced ", "string"),
        ("<p></p>", "", "string"),
        ("<p/>", "", "string"),
        ("<p dt='string'>x</p>", "x", "string"),
        ("<p dt='boolean'>1</p>", True, "boolean"),
        ("<p dt='boolean'>0</p>", False, "boolean"),
        ("<p dt='i1'>-128</p>", -128, "i1"),
        ("<p dt='i2'>32767</p>", 32767, "i2"),
        ("<p dt='i4'>-2147483648</p>", -(2**31), "i4"),
        ("<p dt='i8'>9223372036854775807</p>", 2**63 - 1, "i8"),
        ("<p dt='int'>5</p>", 5, "int"),
        ("<p dt='r4'>0.5</p>", 0.5, "r4"),
        ("<p dt='r8'>-1.25</p>", -1.25, "r8"),
        ("<p dt='bin.hex'>00FFA0</p>", b"\x00\xff\xa0", "bin.hex"),
        ("<p dt='r8' xsi:nil='true'></p>", None, "r8"),
        ("<p xsi:nil='true'></p>", None, "string"),
        # What would not be written the same again stays the text that it is.
        ("<p dt='i4'>007</p>", "007", "i4"),
        ("<p dt='i4'>lots</p>", "lots", "i4"),
        ("<p dt='r8'>1.0E10</p>", "1.0E10", "r8"),
        ("<p dt='bin.hex'>xyz</p>", "xyz", "bin.hex"),
        ("<p dt='boolean'>TRUE</p>", "TRUE", "boolean"),
        ("<p dt='r8'>NaN</p>", "NaN", "r8"),
        # IBM's clients write these as they are, whatever XML says of them.
        ("<p>a\rb\r\nc</p>", "a\rb\r\nc", "string"),
        ("<p>\x01\x1f</p>", "\x01\x1f", "string"),
        ("<p>&#x41;&#9;&quot;&apos;</p>", "A\t\"'", "string"),
        ("<p dt='never.heard'>x</p>", "x", "never.heard"),
    ],
)
def test_given_a_property_of_each_type_when_split_and_joined_then_it_keeps_value_and_type(
    element: str, value: object, kind: str
) -> None:
    properties, _ = split(header(f"<usr>{element}</usr>"), BIG, 1208)
    assert properties["p"].type == kind
    assert (properties["p"].value, type(properties["p"].value)) == (value, type(value))
    assert told(split(join(properties, TEXT), HEADER_ENCODING, HEADER_CCSID)[0]) == told(properties)


@pytest.mark.parametrize(
    "folder",
    [
        "<psc><Command>RegSub</Command></psc>",
        "<mqext><Arm>1</Arm></mqext>",
        "<folder content='properties'><a dt='i4'>1</a></folder>",
        "<usr><group><a>1</a></group></usr>",
        "<usr><a>1</a><a>2</a></usr>",
        "<usr>text<a>1</a></usr>",
        # Names that a property can't have must not change for those who read them all the same.
        "<usr><trace-id>1</trace-id><b>2</b></usr>",
        "<usr><JMSFoo>1</JMSFoo></usr>",
        "<usr><a><!-- a comment -->1</a></usr>",
        "<usr content='properties'><a>1</a></usr>",
    ],
)
def test_given_a_folder_that_is_more_than_plain_properties_when_joined_then_it_goes_back_word_for_word(
    folder: str,
) -> None:
    data = header(folder) + b"hello"
    properties, content = split(data, BIG, 1208)
    assert [each.value for each in properties.values()] == [folder]
    assert join(properties, content) == data


# --- what may not be lost: any property at all

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.one_of(
    ANY_TEXT,
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True),
    st.sampled_from(
        [
            "trace-id",
            "JMSType",
            "mqX",
            "größe",
            "名前",
            "a.b",
            "AWSAttributes",
            "rfh2.jms",
            "rfh2.usr",
            "",
            "x²",
            "$a",
        ]
    ),
)
TYPES = st.sampled_from(
    ["string", "boolean", "i1", "i4", "i8", "r4", "r8", "bin.hex", "folder", "", "Ünknown", "a'b"]
)
VALUES = st.one_of(
    ANY_TEXT,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=20),
    st.none(),
    st.sampled_from(
        [
            "<jms><a>1</a></jms>",
            "<usr><a>1</a></usr>",
            "<usr><a><b/></a></usr>",
            "<jms>",
            "<jms/> ",
            "]]>",
            "\r\n",
        ]
    ),
)
PROPERTIES = st.dictionaries(NAMES, st.builds(Property, VALUES, TYPES), max_size=6)


@given(PROPERTIES, st.binary(max_size=30))
@example({"rfh2.usr": Property("<usr><a>1</a></usr>", FOLDER), "a": Property("2")}, b"")
@example({"rfh2.usr": Property("<usr><a><b/></a></usr>", FOLDER), "a": Property("2")}, b"")
@example({"rfh2.jms": Property("<jms", FOLDER)}, b"")
@example({"rfh2.jms": Property(" <jms/>", FOLDER)}, b"")
@example({"a": Property("\ud800"), "\ud800": Property("b")}, b"")
def test_given_any_properties_when_joined_and_split_then_they_are_the_same(
    properties: dict[str, Property], body: bytes
) -> None:
    content = Content(body, "MQSTR", 500, LITTLE)
    found, there = split(join(properties, content), HEADER_ENCODING, HEADER_CCSID)
    assert told(found) == told(properties)
    assert there == content


@pytest.mark.parametrize(
    "name", ["colour", "größe", "名前", "_x", "Straße2", "$a", "mq1", "xml", "body", "properties"]
)
def test_given_a_name_that_jms_takes_in_whatever_script_when_joined_then_it_is_a_property_of_its_own(
    name: str,
) -> None:
    assert f"<usr><{name}>red</{name}></usr>".encode() in join({name: Property("red")}, TEXT)


@pytest.mark.parametrize(
    "name",
    [
        "trace-id",
        "JMSType",
        "Body",
        "Rooty",
        "null",
        "Like",
        "a.b",
        "1st",
        "",
        "with space",
        "x²",
        "a>b",
        "\U0001d4b3",
    ],
)
def test_given_a_name_that_mq_refuses_when_joined_then_no_element_has_it(name: str) -> None:
    data = join({name: Property("red")}, TEXT)
    assert f"<{name}>".encode() not in data
    assert b"<usr><AWSAttributes>" in data


# --- what is no header


def changed(offset: int, value: int) -> bytes:
    data = bytearray(FROM_JMS)
    struct.pack_into(">i", data, offset, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "told_of"),
    [
        (b"", "0 bytes"),
        (FROM_JMS[:35], "35 bytes"),
        (b"XXXX" + FROM_JMS[4:], "StrucId"),
        (changed(4, 1), "version"),
        (changed(8, 0), "StrucLength 0"),
        (changed(8, 35), "StrucLength 35"),
        (changed(8, 198), "StrucLength 198"),
        (changed(8, -4), "StrucLength -4"),
        (changed(8, 2**31 - 4), "StrucLength 2147483644"),
        (changed(8, 40), "NameValueLength 32"),
        (changed(8, 76), "NameValueLength 72"),
        (changed(32, 99999), "NameValueCCSID 99999"),
        (changed(36, -1), "NameValueLength -1"),
        (changed(36, 31), "NameValueLength 31"),
        (changed(36, 2**31 - 4), "NameValueLength 2147483644"),
        (changed(36, 28), "not well-formed"),
        (header("usr"), "does not start with its name"),
        (header("<?xml version='1.0'?><usr/>"), "does not start with its name"),
        (header("<usr><a>1</usr>"), "not well-formed"),
        (header("<usr><a>1</a></usr><more/>"), "not well-formed"),
        (header("<usr><a b='1' b='2'/></usr>"), "not well-formed"),
        (header("<usr>&entity;</usr>"), "not well-formed"),
        (header("<usr><a>&entity;</a></usr>"), "not well-formed"),
        (header("<usr><a>&#1114112;</a></usr>"), "not well-formed"),
        (header("<usr><a>Q&A</a></usr>"), "not well-formed"),
        (header("<usr>\0</usr>"), "not well-formed"),
        (header("<!DOCTYPE usr [<!ENTITY a 'aaaa'>]><usr>&a;</usr>"), "does not start with its name"),
        (header("<usr><!DOCTYPE usr><a/></usr>"), "not well-formed"),
        (header("<jms/>", "<jms/>"), "a folder comes twice"),
        (header("<usr><a>1</a></usr>", OTHERS_WITH_A), "a property comes twice"),
        (header("<usr>\xff</usr>", codec="latin-1"), "not in its own CCSID"),
        (header("<usr>" + "x" * LONGEST + "</usr>"), f"at most {LONGEST}"),
    ],
)
def test_given_what_is_no_header_when_split_then_it_says_what_is_wrong(data: bytes, told_of: str) -> None:
    with pytest.raises(RFH2Error) as caught:
        split(data, BIG, 1208)
    assert told_of in str(caught.value)


def test_given_a_bad_folder_when_split_then_the_error_does_not_tell_its_content() -> None:
    with pytest.raises(RFH2Error) as caught:
        split(header("<usr><password>hunter2</usr>"), BIG, 1208)
    assert "hunter2" not in str(caught.value)
    assert "password" not in str(caught.value)


@given(
    st.lists(st.tuples(st.integers(0, len(FROM_JMS) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0, len(FROM_JMS)),
    st.sampled_from([BIG, LITTLE, 785, 0, -1]),
    st.sampled_from([1208, 1200, 500, 37, 0, -2, 99999]),
)
def test_given_a_damaged_header_when_split_then_it_is_read_or_refused_and_nothing_else(
    changes: list[tuple[int, int]], end: int, encoding: int, ccsid: int
) -> None:
    data = bytearray(FROM_JMS)
    for at, value in changes:
        data[at] = value
    damaged = bytes(data[:end] if end else data)
    try:
        properties, content = split(damaged, encoding, ccsid)
    except RFH2Error:
        return
    assert damaged.endswith(content.body)
    assert told(split(join(properties, content), HEADER_ENCODING, HEADER_CCSID)[0]) == told(properties)


@given(st.binary(max_size=200))
def test_given_any_bytes_behind_a_header_s_start_when_split_then_they_are_read_or_refused(
    data: bytes,
) -> None:
    start = struct.pack(">4siiii8sii", b"RFH ", 2, 36 + len(data) // 4 * 4, BIG, 1208, b"MQSTR   ", 0, 1208)
    try:
        split(start + data, BIG, 1208)
    except RFH2Error:
        return


@pytest.mark.parametrize(
    "folder",
    [
        "<usr>" + "<a>" * 20_000 + "</usr>",
        "<usr>" + "".join(f"<a{i}/>" for i in range(7_000)) + "</usr>",
        "<usr>" + "&amp;" * 13_000 + "</usr>",
        "<usr><a>" + "&amp;" * 13_000 + "</a></usr>",
        "<usr>" + " " * 65_000 + "</usr>",
        "<usr>" + " " * 65_000,
        "<usr>" + "</usr> " * 9_000 + "x",
        "<usr><" + "a" * 65_000 + "></usr>",
        "<usr><a" + " dt=''" * 10_000 + "</usr>",
        "<usr " + " ".join(f"a{i}=''" for i in range(5_000)) + "/>",
    ],
)
def test_given_the_worst_folder_that_is_taken_apart_when_split_then_it_takes_no_second(folder: str) -> None:
    start = time.process_time()
    with contextlib.suppress(RFH2Error):
        split(header(folder), BIG, 1208)
    assert time.process_time() - start < 1


def test_given_as_many_folders_as_fit_when_split_then_it_takes_no_second() -> None:
    folders = [f"<a{i:x}/>" for i in range(4_500)]
    start = time.process_time()
    properties, _ = split(header(*folders), BIG, 1208)
    assert time.process_time() - start < 1
    assert len(properties) == 4_500


@pytest.mark.parametrize(
    "data",
    [
        changed(8, 2**31 - 4),
        changed(36, 2**31 - 4),
        header("<usr>" + "&amp;" * 13_000 + "</usr>"),
        header("<usr>" + "".join(f"<a{i}/>" for i in range(7_000)) + "</usr>"),
        header(*[f"<a{i:x}/>" for i in range(4_500)]),
        header("<usr/>") + bytes(4 * 1024 * 1024),
    ],
    ids=["StrucLength", "NameValueLength", "references", "properties", "folders", "a long body"],
)
def test_given_what_claims_much_when_split_then_it_takes_no_more_memory_than_what_is_there(
    data: bytes,
) -> None:
    tracemalloc.start()
    try:
        with contextlib.suppress(RFH2Error):
            split(data, BIG, 1208)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The longest folder that is taken apart becomes objects; a body is copied once.
    assert most < len(data) + 100 * LONGEST
