"""MQRFH2 headers: how user properties travel in front of a message's body.

A header is 36 bytes and then folders, each a length and a text like `<usr><colour>red</colour></usr>`. The
properties of `usr` are told one by one; any other folder (`mcd` and `jms` are JMS's) is kept word for word as
a property of type `folder`, named `rfh2.` and its name, and goes back as it came.
Source: "MQRFH2 - Rules and formatting header 2", IBM MQ documentation.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard
from xml.parsers import expat
from xml.sax.saxutils import escape

from bridge import properties as as_json
from bridge.errors import BridgeError
from bridge.message import Property, PropertyValue
from code_pages.ccsid import UTF_8, codec

FORMAT = "MQHRF2"
FOLDER = "folder"
_FOLDER_PREFIX = "rfh2."
_USER_FOLDER = "usr"
OTHERS = "AWSAttributes"
"""The property in which those travel whose names or values no folder can have."""

LONGEST = 65_536
"""Bytes of the longest header that is taken apart: what a longer one says would not fit into attributes, but
does into an offloaded body, where it is left. So reading a header has a bounded cost too."""

_HEADER = "4siiii8sii"
_IDENTIFIER = b"RFH "
_FIXED = struct.calcsize("=" + _HEADER)
HEADER_ENCODING = 273
"""MQMD.Encoding for a message that starts with a header `join` made: big-endian integers."""
HEADER_CCSID = UTF_8
"""MQMD.CodedCharSetId for such a message."""
_INTEGER_REVERSED = 0x2  # MQENC_INTEGER_REVERSED

# "Property name restrictions" in the same manual.
_RESERVED = ("JMS", "Body", "Root")
_KEYWORDS = frozenset(["NULL", "TRUE", "FALSE", "NOT", "AND", "OR", "BETWEEN", "LIKE", "IN", "IS", "ESCAPE"])
_SPACE = " \t\r\n"
_FOLDER_TEXT = re.compile(rf"[{_SPACE}]*<([A-Za-z_][\w.-]*)")
_PLAIN_FOLDER = re.compile(rf"[{_SPACE}]*<([A-Za-z_][\w.-]*)>(.*)</\1>[{_SPACE}]*", re.DOTALL)
_ELEMENT = re.compile(
    rf"[{_SPACE}]*+<([^<>/&='\"{_SPACE}]++)"
    rf"((?:[{_SPACE}]++(?:dt|xsi:nil)=(?:'[^'<&]*+'|\"[^\"<&]*+\"))*+)"
    r"(?:/>|>([^<]*+)</\1>)"
)
_ATTRIBUTE = re.compile(r"(dt|xsi:nil)=(?:'([^']*)'|\"([^\"]*)\")")
_REFERENCE = re.compile(r"&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});")
_ESCAPED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_REFUSED = re.compile("[\0\ud800-\udfff]")
_ORDER = {"mcd": 0, "jms": 1}  # JMS wants its own folders in front

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_INTEGER_TYPES = frozenset({"i1", "i2", "i4", "i8", "int"})


class RFH2Error(BridgeError):
    """What claims to be an MQRFH2 header is none; the message is then best carried as the bytes it is."""


@dataclass(frozen=True, slots=True)
class Content:
    """What stands behind a header: the body, and its format, CCSID and encoding."""

    body: bytes = field(repr=False)
    format: str
    ccsid: int
    encoding: int


def split(data: bytes, encoding: int, ccsid: int) -> tuple[dict[str, Property], Content]:
    """Takes the header off: its properties, and what follows it.

    `encoding` and `ccsid` are the message descriptor's, whose format said MQHRF2. Raises `RFH2Error`.
    """
    order = "<" if encoding & 0xF == _INTEGER_REVERSED else ">"
    if len(data) < _FIXED:
        raise RFH2Error(f"MQRFH2: {len(data)} bytes, a header has {_FIXED}")
    head = struct.unpack_from(order + _HEADER, data)
    identifier, version, length, body_encoding, body_ccsid, body_format, _flags, names_ccsid = head
    # Its own characters are in the descriptor's CCSID: a mainframe writes them in EBCDIC.
    characters = "latin-1" if identifier == _IDENTIFIER else codec(ccsid, encoding) or "latin-1"
    if identifier.decode(characters, "replace").encode("latin-1", "replace") != _IDENTIFIER or version != 2:
        raise RFH2Error("MQRFH2: its StrucId is not RFH, or its version is not 2")
    if not _FIXED <= length <= len(data) or length % 4:
        raise RFH2Error(f"MQRFH2: StrucLength {length} in {len(data)} bytes")
    if length > LONGEST:
        raise RFH2Error(f"MQRFH2: StrucLength {length}, at most {LONGEST} bytes are taken apart")
    name = codec(names_ccsid, encoding)
    if name is None:
        raise RFH2Error(f"MQRFH2: NameValueCCSID {names_ccsid} is not known")
    found: dict[str, Property] = {}
    for text in _folders(data[_FIXED:length], order, name):
        _add_folder(found, text)
    # MQCCSI_INHERIT and 0 mean the descriptor's own.
    content = Content(
        data[length:],
        body_format.decode(characters, "replace").split("\0")[0].rstrip(" "),
        body_ccsid if body_ccsid > 0 else ccsid,
        body_encoding,
    )
    return found, content


def join(properties: Mapping[str, Property], content: Content) -> bytes:
    """A header with the properties, in front of the body.

    The descriptor then says `FORMAT`, `HEADER_ENCODING` and `HEADER_CCSID`.
    """
    folders = sorted(_texts(properties), key=lambda folder: _ORDER.get(folder[0], len(_ORDER)))
    packed = b"".join(_pack_folder(text) for _, text in folders)
    head = struct.pack(
        ">" + _HEADER,
        _IDENTIFIER,
        2,
        _FIXED + len(packed),
        content.encoding,
        content.ccsid,
        content.format.encode("latin-1", "replace")[:8].ljust(8),
        0,
        UTF_8,
    )
    return head + packed + content.body


def _folders(data: bytes, order: str, name: str) -> Iterator[str]:
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise RFH2Error("MQRFH2: a folder without its length")
        (length,) = struct.unpack_from(order + "i", data, at)
        at += 4
        if not 0 <= length <= len(data) - at or length % 4:
            raise RFH2Error(f"MQRFH2: NameValueLength {length} with {len(data) - at} bytes left")
        try:
            text = data[at : at + length].decode(name).strip("\0 ")
        except UnicodeError:
            raise RFH2Error("MQRFH2: a folder is not in its own CCSID") from None
        at += length
        if text:
            yield text


def _add_folder(found: dict[str, Property], text: str) -> None:
    start = _FOLDER_TEXT.match(text)
    if start is None:
        raise RFH2Error("MQRFH2: a folder that does not start with its name")
    name = start[1]
    elements = _elements(text)
    if name == _USER_FOLDER and _can_be_written(elements) and not found.keys() & elements.keys():
        others = elements.pop(OTHERS, None)
        found.update(elements)
        if others is not None:
            more = _from_others(others)
            if found.keys() & more.keys():
                raise RFH2Error("MQRFH2: a property comes twice")
            found.update(more)
        return
    key = _FOLDER_PREFIX + name
    if key in found:
        raise RFH2Error("MQRFH2: a folder comes twice")
    found[key] = Property(text, FOLDER)


def _from_others(others: Property) -> dict[str, Property]:
    try:
        return as_json.from_json(str(others.value))
    except (ValueError, RecursionError):
        return {OTHERS: others}  # somebody else's property, by chance of that name


def _elements(text: str) -> dict[str, Property] | None:
    """A folder's properties; None where it has more in it than plain ones.

    Plain ones are read as IBM's clients write them, which XML would not always allow: with control
    characters, a CR that has to stay one, `$` in a name. Anything else must be well-formed. A folder starts
    with its own name, so it has no document type and no entities: nothing in it can grow.
    """
    found = _plain_elements(text)
    if found is None:
        try:
            expat.ParserCreate("utf-8").Parse(text.encode("utf-8", "surrogatepass"), True)  # noqa: FBT003
        except expat.ExpatError:
            raise RFH2Error("MQRFH2: a folder is not well-formed") from None
    return found


def _plain_elements(text: str) -> dict[str, Property] | None:
    folder = _PLAIN_FOLDER.fullmatch(text)
    if folder is None:
        return None
    found: dict[str, Property] = {}
    at, end = folder.start(2), folder.start(2) + len(folder[2].rstrip(_SPACE))
    while at < end:
        element = _ELEMENT.match(text, at, end)
        if element is None or element[1] in found:
            return None
        attributes = {name: a or b for name, a, b in _ATTRIBUTE.findall(element[2])}
        value = _unescape(element[3] or "")
        if value is None:
            return None
        kind = attributes.get("dt", "string")
        nil = attributes.get("xsi:nil") == "true"
        found[element[1]] = Property(None if nil else _value(value, kind), kind)
        at = element.end()
    return found


def _escape(text: str) -> str:
    """Text as IBM's own clients write it in a folder.

    Characters beyond the basic plane go as references: the Java client, on a shared conversation, takes a
    message that has them in UTF-8 for one that it can't read (2341).
    """
    return "".join(f"&#x{ord(each):x};" if each > "\uffff" else each for each in escape(text))


def _unescape(text: str) -> str | None:
    if "&" not in text:
        return text
    if _REFERENCE.sub("", text).count("&"):
        return None
    try:
        return _REFERENCE.sub(lambda each: _ESCAPED.get(each[1]) or _character(each[1][1:]), text)
    except (ValueError, OverflowError):
        return None


def _character(number: str) -> str:
    return chr(int(number[1:], 16) if number[0] == "x" else int(number))


def _value(text: str, kind: str) -> PropertyValue:
    """A property's value as its type says, but only where it would be written the same again."""
    value: PropertyValue = text
    try:
        if kind in _INTEGER_TYPES and _INTEGER.fullmatch(text):
            value = int(text)
        elif kind == "boolean" and text in {"0", "1"}:
            value = text == "1"
        elif kind in {"r4", "r8"}:
            value = float(text)
        elif kind == "bin.hex":
            value = bytes.fromhex(text)
    except ValueError:
        return text
    return value if _text(value) == text else text


def _text(value: PropertyValue) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, float):
        return repr(value)
    return "" if value is None else str(value)


def _texts(properties: Mapping[str, Property]) -> Iterator[tuple[str, str]]:
    """The folders that hold the properties, each with its name."""
    elements = ""
    others: dict[str, Property] = {}
    for name, each in properties.items():
        if _is_folder(name, each):
            yield name[len(_FOLDER_PREFIX) :], str(each.value)
        elif (element := _element(name, each)) is not None:
            elements += element
        else:
            others[name] = each
    if others:
        elements += f"<{OTHERS}>{_escape(as_json.to_json(others))}</{OTHERS}>"
    if elements:
        yield _USER_FOLDER, f"<{_USER_FOLDER}>{elements}</{_USER_FOLDER}>"


def _is_folder(name: str, each: Property) -> bool:
    """Whether this is a folder that may go back as it came; what anybody else wrote is no folder."""
    if each.type != FOLDER or not name.startswith(_FOLDER_PREFIX) or not isinstance(each.value, str):
        return False
    start = _FOLDER_TEXT.match(each.value)
    if start is None or start[1] != name[len(_FOLDER_PREFIX) :] or each.value != each.value.strip("\0 "):
        return False
    try:
        elements = _elements(each.value)
    except RFH2Error:
        return False
    # A `usr` that can be told property by property would be.
    return start[1] != _USER_FOLDER or not _can_be_written(elements)


def _can_be_written(elements: dict[str, Property] | None) -> TypeGuard[dict[str, Property]]:
    """Whether `join` would write them again as they came; if not, their folder is kept as a whole."""
    if elements is None:
        return False
    return all(name == OTHERS or _element(name, each) is not None for name, each in elements.items())


def _element(name: str, each: Property) -> str | None:
    """A property as an element that would be read as this very property; None where none would."""
    if not _is_name(name) or name == OTHERS:
        return None
    text = _text(each.value)
    if each.value is None:
        attributes = " xsi:nil='true'"
    elif _value(text, each.type) != each.value or type(_value(text, each.type)) is not type(each.value):
        return None
    else:
        attributes = ""
    if _REFUSED.search(text) or not re.fullmatch(r"[a-z][a-z0-9.]*", each.type):
        return None
    if each.type != "string":
        attributes = f" dt='{each.type}'{attributes}"
    return f"<{name}{attributes}>{_escape(text)}</{name}>"


def _is_name(name: str) -> bool:
    """Whether MQ and JMS take it for a property's: a Java identifier, of the Basic Multilingual Plane."""
    if not name.replace("$", "_").isidentifier() or max(name) > "\uffff":
        return False
    return not name.startswith(_RESERVED) and name.upper() not in _KEYWORDS


def _pack_folder(text: str) -> bytes:
    raw = text.encode("utf-8")
    raw = raw.ljust((len(raw) + 3) // 4 * 4)
    return len(raw).to_bytes(4, "big") + raw
