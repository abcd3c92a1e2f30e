"""MQGMO_CONVERT: text, headers and PCF in another CCSID and encoding, or the warning why not."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from code_pages.ccsid import codec
from mock_mq.constants import GetOption
from mock_mq.wire.rfh2 import Rfh2
from tests.mock_mq.core.house import House, of_queue

CONVERT = GetOption.CONVERT
CCSIDS = (1208, 819, 1200, 37, 500, 1047)
IN_ALL = "".join(chr(c) for c in range(0x20, 0x7F)) + "äöüßéñ£"
BIG, LITTLE = 273, 546


class TestText:
    @pytest.mark.parametrize("source", CCSIDS)
    @pytest.mark.parametrize("target", CCSIDS)
    def test_given_any_pair_then_the_same_text(self, source: int, target: int) -> None:
        client = House().client()
        was, wanted = codec(source, BIG), codec(target, LITTLE)
        assert was
        assert wanted
        client.put(IN_ALL.encode(was), format="MQSTR", ccsid=source, encoding=BIG)
        got = client.get(CONVERT, ccsid=target, encoding=LITTLE)
        assert (got.reason, got.descriptor.ccsid, got.descriptor.encoding) == (0, target, LITTLE)
        assert bytes(got.data).decode(wanted) == IN_ALL

    @given(text=st.text(max_size=40), pair=st.permutations([1208, 1200]))
    def test_given_any_text_of_unicode_then_the_same(self, text: str, pair: list[int]) -> None:
        names = {1208: "utf-8", 1200: "utf-16-be"}
        client = House().client()
        client.put(text.encode(names[pair[0]]), format="MQSTR", ccsid=pair[0], encoding=BIG)
        got = client.get(CONVERT, ccsid=pair[1], encoding=BIG)
        assert bytes(got.data).decode(names[pair[1]]) == text

    def test_given_a_letter_the_target_does_not_have_then_its_substitute(self) -> None:
        client = House().client()
        client.put("5 €".encode(), format="MQSTR", ccsid=1208)
        assert client.get(CONVERT, ccsid=819).data == b"5 \x1a"

    def test_given_no_ccsid_asked_for_then_the_queue_managers(self) -> None:
        client = House().client()
        client.put("é".encode("latin-1"), format="MQSTR", ccsid=819)
        got = client.get(CONVERT, ccsid=0)
        assert (got.data, got.descriptor.ccsid) == ("é".encode(), 1208)

    def test_given_a_message_longer_once_converted_then_2080_and_it_stays(self) -> None:
        client = House().client()
        client.put("éé".encode("latin-1"), format="MQSTR", ccsid=819)
        got = client.get(CONVERT, room=3, ccsid=1208)
        assert (got.reason, got.length) == (2080, 4)
        assert client.get(CONVERT, room=4, ccsid=1208).data == "éé".encode()


class TestRefusals:
    @pytest.mark.parametrize(
        ("put", "asked", "reason"),
        [
            ({"format": "", "ccsid": 819}, 1208, 2110),
            ({"format": "MYOWN", "ccsid": 819}, 1208, 2110),
            ({"format": "MQSTR", "ccsid": 12345}, 1208, 2111),
            ({"format": "MQSTR", "ccsid": 819}, 54321, 2115),
            ({"format": "MQSTR", "ccsid": 1208}, 819, 2119),
            ({"format": "MQHRF2", "ccsid": 819}, 1208, 2110),
        ],
    )
    def test_given_what_cannot_be_converted_then_it_comes_as_it_is_with_a_warning(
        self, put: dict[str, object], asked: int, reason: int
    ) -> None:
        client = House().client()
        client.put(b"\xe9\xff", **put)  # type: ignore[arg-type]
        got = client.get(CONVERT, ccsid=asked)
        assert (got.reason, got.completion) == (reason, 1)
        assert (got.data, got.descriptor.ccsid) == (b"\xe9\xff", put["ccsid"])
        assert client.bodies() == []


class TestHeaders:
    def test_given_an_rfh2_with_text_behind_it_then_both_are_converted(self) -> None:
        folder = "<usr><colour>grün</colour></usr>"
        header = Rfh2(BIG, 500, "MQSTR", folders=(folder,))
        client = House().client()
        client.put(header.pack(BIG) + "Käse".encode("cp500"), format="MQHRF2", ccsid=500, encoding=BIG)
        got = client.get(CONVERT, ccsid=1208, encoding=LITTLE)
        read, length = Rfh2.unpack(got.data, LITTLE)
        assert got.reason == 0
        assert (read.ccsid, read.encoding, read.folders) == (1208, LITTLE, (folder,))
        assert got.data[length:] == "Käse".encode()

    def test_given_an_rfh2_with_bytes_of_no_format_then_they_stay_as_they_are(self) -> None:
        client = House().client()
        client.put(Rfh2(BIG, 500, "").pack(BIG) + b"\x00\xff", format="MQHRF2", encoding=BIG)
        got = client.get(CONVERT, ccsid=819, encoding=LITTLE)
        read, length = Rfh2.unpack(got.data, LITTLE)
        assert (got.data[length:], read.ccsid, read.encoding) == (b"\x00\xff", 500, BIG)

    def test_given_a_dead_letter_then_its_header_and_its_text(self) -> None:
        names = b"A.QUEUE".ljust(48) + b"QM1".ljust(48)
        header = b"DLH " + struct.pack(">ii", 1, 2053) + names + struct.pack(">ii8s", BIG, 500, b"MQSTR   ")
        header += struct.pack(">i", 6) + b"app".ljust(28) + b"20231114" + b"22132050"
        client = House().client()
        client.put(header + "Käse".encode("cp500"), format="MQDEAD", ccsid=819, encoding=BIG)
        got = client.get(CONVERT, ccsid=1208, encoding=LITTLE)
        assert struct.unpack("<ii", got.data[4:12]) == (1, 2053)
        assert struct.unpack("<ii", got.data[108:116]) == (LITTLE, 1208)
        assert got.data[172:] == "Käse".encode()

    @given(data=st.binary(max_size=200), name=st.sampled_from(["MQHRF2", "MQDEAD", "MQADMIN", "MQSTR"]))
    def test_given_any_bytes_under_a_header_s_format_then_converted_or_a_warning(
        self, data: bytes, name: str
    ) -> None:
        starts = {"MQHRF2": b"RFH \0\0\0\2", "MQDEAD": b"DLH \0\0\0\1", "MQADMIN": b"", "MQSTR": b""}
        client = of_queue().client()
        client.put(starts[name] + data, format=name, ccsid=819, encoding=BIG)
        got = client.get(CONVERT, ccsid=1208, encoding=LITTLE)
        assert got.reason in (0, 2110, 2111, 2119)
