"""A form written quickly is the one that urllib writes."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.aws.form import encoded

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(st.dictionaries(TEXTS, TEXTS, max_size=4))
@example({"a": "100% + %25 = x y+z"})
@example({"Message": "".join(map(chr, range(256)))})
@example({})
def test_a_form_is_the_one_that_urllib_writes(form: dict[str, str]) -> None:
    assert encoded(form).decode() == urlencode(form)
