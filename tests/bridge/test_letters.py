from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.letters import Selection, moment

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end", "meant"),
    [
        ("45m", False, "2026-02-03T11:15:00+00:00"),
        ("2h", False, "2026-02-03T10:00:00+00:00"),
        ("3d", False, "2026-01-31T12:00:00+00:00"),
        ("2026-02-01", False, "2026-02-01T00:00:00+00:00"),
        ("2026-02-01", True, "2026-02-01T23:59:59.999999+00:00"),
        ("2026-02-01T03:04", True, "2026-02-01T03:04:00+00:00"),
        ("2026-02-01T03:04+02:00", False, "2026-02-01T01:04:00+00:00"),
        ("2026-02-01T03:04Z", False, "2026-02-01T03:04:00+00:00"),
    ],
)
def test_a_time_is_so_long_ago_or_as_iso_8601_has_it_in_utc(text: str, end: bool, meant: str) -> None:
    assert moment(text, NOW, end=end).isoformat() == meant


@pytest.mark.parametrize("text", ["yesterday", "2", "h", "-2h", "2026-13-01", "999999d", ""])
def test_what_is_no_time_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write 2h, 3d or 45m"):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("selection", "prefix", "meant"),
    [
        (Selection(), "orders/2026/02/03/0a-1", True),
        (Selection(routes=("orders",)), "orders/2026/02/03/0a-1", True),
        (Selection(routes=("orders",)), "orders-2/2026/02/03/0a-1", False),
        (Selection(since=NOW), "orders/2026/02/03/0a-1", True),
        (Selection(since=NOW), "orders/2026/02/02/0a-1", False),
        (Selection(until=NOW), "orders/2026/02/03/0a-1", True),
        (Selection(until=NOW), "orders/2026/02/04/0a-1", False),
        (Selection(since=NOW), "somewhere/else", True),
    ],
)
def test_a_prefix_tells_whether_a_letter_may_be_meant(selection: Selection, prefix: str, meant: bool) -> None:
    assert selection.may_want(prefix) is meant
