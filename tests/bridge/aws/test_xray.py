"""X-Ray's trace header from a traceparent and back."""

from __future__ import annotations

import pytest

from bridge.aws import xray
from bridge.mapping import Attribute

TRACE, SPAN = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
# X-Ray's documentation, "Tracing header".
HEADER = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="


def sent(traceparent: str) -> object:
    return xray.beside({"traceparent": Attribute("String", traceparent)})


@pytest.mark.parametrize(("flags", "sampled"), [("01", "1"), ("00", "0"), ("03", "1"), ("02", "0")])
def test_a_traceparent_and_a_header_say_the_same(flags: str, sampled: str) -> None:
    header = HEADER + sampled
    value = {"DataType": "String", "StringValue": header}
    assert sent(f"00-{TRACE}-{SPAN}-{flags}") == {"MessageSystemAttributes": {"AWSTraceHeader": value}}
    assert xray.to_traceparent(header) == f"00-{TRACE}-{SPAN}-0{sampled}"


@pytest.mark.parametrize(
    "header",
    [
        f"Parent={SPAN};Sampled=1;Root=1-{TRACE[:8]}-{TRACE[8:]}",
        f"Self=1-67891234-12456789abcdef012345678; Root=1-{TRACE[:8]}-{TRACE[8:]}; Parent={SPAN}; Sampled=1",
        HEADER + "1;Lineage=a87bd80c:0|68fd508a:5",
    ],
)
def test_a_header_is_read_in_any_order_and_with_parts_of_others(header: str) -> None:
    assert xray.to_traceparent(header) == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"Parent={SPAN}",
        HEADER.partition(";")[0],
        HEADER.upper() + "1",
        HEADER.replace("-b", "-") + "1",
    ],
)
def test_a_header_without_a_trace_and_a_parent_says_nothing(header: str) -> None:
    assert xray.to_traceparent(header) == ""


@pytest.mark.parametrize(
    "traceparent", ["", "nonsense", f"00-{TRACE}-{SPAN}", f"00-{TRACE.upper()}-{SPAN}-01"]
)
def test_a_traceparent_that_is_none_makes_no_header(traceparent: str) -> None:
    assert sent(traceparent) == {}
    assert xray.beside({}) == xray.beside({"traceparent": Attribute("Binary", b"00")}) == {}


@pytest.mark.parametrize(("sampled", "flags"), [("Sampled=0", "00"), ("Sampled=?", "00"), ("", "00")])
def test_a_header_that_does_not_say_sampled_is_not(sampled: str, flags: str) -> None:
    assert xray.to_traceparent(HEADER.removesuffix("Sampled=") + sampled) == f"00-{TRACE}-{SPAN}-{flags}"
