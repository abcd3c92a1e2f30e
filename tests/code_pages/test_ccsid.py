"""CCSIDs: MQ's numbers for code pages, and the codecs that text goes through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from code_pages import ebcdic
from code_pages.ccsid import codec

DOCUMENT = Path(__file__).parents[2] / "docs" / "messages.md"
NATIVE, REVERSED = 273, 546  # MQENC_NATIVE of a big-endian machine, and of x86

# Characters that move about between the EBCDIC pages, and their bytes by Java's tables.
MOVING = "#@$[\\]^`{|}~!¢£¦§¨¬¯µÄÅÆÇÉÑÖØÜÝÞàäåæçèéìðñòöøùüþ"
IN_EBCDIC = {
    37: "7b7c5bbae0bbb079c04fd0a15a4ab16ab5bd5fbca063679e687169ec80fcadae4443479c485451588c49cdcc70dddc8e",
    273: "7bb55b63ecfc5f7943bbdc594fb0b1cc7cbdbabca04a679e687169e0805aadae44c0479c485451588c49cd6a70ddd08e",
    277: "4a80679ee09f5f799cbb47dc4fb0b170b5bdbabca0635b7b687169ec7cfcadae4443d0c0485451588c49cdcc6adda18e",
    278: "63ec67b5719f5f5143bb47dc4fb0b1cc4abdbabca07b5b9e68e0697c80fcadae44c0d09c485479588c49cd6a70dda18e",
    280: "b1b55b9048515fdd44bb54584fb07bcd7cbdbabca063679e687169ec80fcadaec043479ce0d05aa18c496acc7079dc8e",
    284: "697c5b4ae05aba79c04fd0bdbbb0b149b5a15fbca063679e68717bec80fcadae4443479c485451588c6acdcc70dddc8e",
    285: "7b7c4ab1e0bbba79c04fd0bc5ab05b6ab5bd5fa1a063679e687169ec80fcadae4443479c485451588c49cdcc70dddc8e",
    297: "b1445b9048b55fa051bb54bd4fb07bdd5aa1babc7963679e687169ec80fcadae7c43479ce0d0c0588c49cdcc706adc8e",
    500: "7b7c5b4ae05a5f79c0bbd0a14fb0b16ab5bdbabca063679e687169ec80fcadae4443479c485451588c49cdcc70dddc8e",
    871: "7bac5baebe9eec8c8ebb9ccc4fb0b16ab5bdbabca063675a6871695f80fcad4a444347d0485451587949cda170dddcc0",
    1047: "7b7c5bade0bd5f79c04fd0a15a4ab16ab5bbb0bca063679e687169ec80fcbaae4443479c485451588c49cdcc70dddc8e",
    1140: "7b7c5bbae0bbb079c04fd0a15a4ab16ab5bd5fbca063679e687169ec80fcadae4443479c485451588c49cdcc70dddc8e",
    1141: "7bb55b63ecfc5f7943bbdc594fb0b1cc7cbdbabca04a679e687169e0805aadae44c0479c485451588c49cd6a70ddd08e",
    1142: "4a80679ee09f5f799cbb47dc4fb0b170b5bdbabca0635b7b687169ec7cfcadae4443d0c0485451588c49cdcc6adda18e",
    1143: "63ec67b5719f5f5143bb47dc4fb0b1cc4abdbabca07b5b9e68e0697c80fcadae44c0d09c485479588c49cd6a70dda18e",
    1144: "b1b55b9048515fdd44bb54584fb07bcd7cbdbabca063679e687169ec80fcadaec043479ce0d05aa18c496acc7079dc8e",
    1145: "697c5b4ae05aba79c04fd0bdbbb0b149b5a15fbca063679e68717bec80fcadae4443479c485451588c6acdcc70dddc8e",
    1146: "7b7c4ab1e0bbba79c04fd0bc5ab05b6ab5bd5fa1a063679e687169ec80fcadae4443479c485451588c49cdcc70dddc8e",
    1147: "b1445b9048b55fa051bb54bd4fb07bdd5aa1babc7963679e687169ec80fcadae7c43479ce0d0c0588c49cdcc706adc8e",
    1148: "7b7c5b4ae05a5f79c0bbd0a14fb0b16ab5bdbabca063679e687169ec80fcadae4443479c485451588c49cdcc70dddc8e",
    1149: "7bac5baebe9eec8c8ebb9ccc4fb0b16ab5bdbabca063675a6871695f80fcad4a444347d0485451587949cda170dddcc0",
}

PRINTED = [
    (37, "Hi [1] {2} @#$", "c88940baf1bb40c0f2d0407c7b5b"),
    (500, "Hi [1] {2} @#$", "c889404af15a40c0f2d0407c7b5b"),
    (1047, "Hi [1] {2} ^", "c88940adf1bd40c0f2d0405f"),
    (273, "Größe ß§ [ÄÜÖ]", "c7996aa18540a17c40634a5ae0fc"),
    (1141, "10 €", "f1f0409f"),
    (285, "£5 [x] ~", "5bf540b1a7bb40bc"),
    (1146, "5 €", "f5409f"),
    (1208, "€ 中文 🙂", "e282ac20e4b8ade6968720f09f9982"),
    (819, "é", "e9"),
    (850, "é", "82"),
    (437, "£", "9c"),
    (858, "€", "d5"),
    (923, "€", "a4"),
    (1252, "€", "80"),
    (5348, "€", "80"),
    (912, "Łódź", "a3f364bc"),
    (915, "Привет", "bfe0d8d2d5e2"),
    (1251, "Привет", "cff0e8e2e5f2"),
    (943, "日本", "93fa967b"),
    (1386, "中文", "d6d0cec4"),
    (949, "한글", "c7d1b1db"),
    (950, "中文", "a4a4a4e5"),
]


@pytest.mark.parametrize(("ccsid", "text", "data"), PRINTED, ids=[f"{each[0]}-{each[1]}" for each in PRINTED])
def test_a_text_is_the_bytes_that_its_code_page_gives_it(ccsid: int, text: str, data: str) -> None:
    name = codec(ccsid, NATIVE)
    assert name is not None
    assert bytes.fromhex(data).decode(name) == text
    assert text.encode(name) == bytes.fromhex(data)


@pytest.mark.parametrize("ccsid", IN_EBCDIC)
def test_the_characters_that_ebcdic_pages_differ_in_have_each_page_s_bytes(ccsid: int) -> None:
    name = codec(ccsid, NATIVE)
    assert name is not None
    assert MOVING.encode(name).hex() == IN_EBCDIC[ccsid]
    assert bytes.fromhex(IN_EBCDIC[ccsid]).decode(name) == MOVING


@pytest.mark.parametrize("ccsid", [1200, 13488, 17584])
def test_utf_16_has_the_byte_order_that_the_encoding_says(ccsid: int) -> None:
    assert "é🙂".encode(codec(ccsid, NATIVE) or "") == bytes.fromhex("00e9d83dde42")
    assert "é🙂".encode(codec(ccsid, REVERSED) or "") == bytes.fromhex("e9003dd842de")


@pytest.mark.parametrize("encoding", [NATIVE, REVERSED])
def test_utf_16_of_a_named_byte_order_has_that_one_whatever_the_encoding(encoding: int) -> None:
    assert "é".encode(codec(1201, encoding) or "") == b"\x00\xe9"
    assert "é".encode(codec(1202, encoding) or "") == b"\xe9\x00"


@pytest.mark.parametrize("ccsid", [*ebcdic.CCSIDS, 37, 500, 1140])
def test_every_byte_of_a_western_ebcdic_page_is_a_character_of_its_own(ccsid: int) -> None:
    name = codec(ccsid, NATIVE)
    assert name is not None
    text = bytes(range(256)).decode(name)
    assert len(set(text)) == 256
    assert text.encode(name) == bytes(range(256))
    assert set(text) - {"€", "¤"} == set(map(chr, range(256))) - {"€", "¤"}


@pytest.mark.parametrize("ccsid", sorted(ebcdic.CCSIDS))
def test_a_character_that_an_ebcdic_page_lacks_is_refused(ccsid: int) -> None:
    with pytest.raises(UnicodeEncodeError):
        "中".encode(codec(ccsid, NATIVE) or "")


@pytest.mark.parametrize("ccsid", [0, -1, -2, 65535, 930, 1388, 99999])
def test_a_ccsid_that_there_is_no_codec_for_has_none(ccsid: int) -> None:
    assert codec(ccsid, NATIVE) is None


def test_python_has_every_codec_that_a_ccsid_is_given() -> None:
    named = {name for ccsid in range(65536) if (name := codec(ccsid, NATIVE))}
    assert len(named) > 70
    for name in named:
        assert "A".encode(name).decode(name) == "A"


def test_the_document_lists_the_ccsids_that_there_are_and_no_other() -> None:
    listed = DOCUMENT.read_text(encoding="utf-8").partition("## CCSIDs")[2]
    rows = re.findall(r"^\| .* \| (.*) \|$", listed, re.MULTILINE)
    numbers = [int(each) for each in re.findall(r"\d+", " ".join(rows))]
    assert sorted(numbers) == [each for each in range(65536) if codec(each, NATIVE)]
