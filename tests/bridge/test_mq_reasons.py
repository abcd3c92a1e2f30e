"""Every reason code in use has an action, and says in words what is wrong."""

from __future__ import annotations

import pytest

from bridge import mq_reasons
from bridge.binding import load_binding
from bridge.mq_reasons import Action

RECONNECT = [2009, 2059, 2161, 2162, 2202, 2203, 2273, 2537, 2538, 2548, 2556, 2018, 2019, 2195, 2549, 2124]
WAIT = [2016, 2051, 2053, 2056, 2003, 2024, 2192]
SET_ASIDE = [2030, 2031, 2218, 2027, 2029, 2334]
PERSON = [2035, 2058, 2085, 2540, 2539, 2393, 2398, 2042]


@pytest.mark.parametrize(
    ("code", "action"),
    [
        *((code, Action.RECONNECT) for code in RECONNECT),
        *((code, Action.WAIT) for code in WAIT),
        *((code, Action.SET_ASIDE) for code in SET_ASIDE),
        *((code, Action.PERSON) for code in PERSON),
        (9999, Action.UNCLEAR),
    ],
)
def test_each_code_has_its_action(code: int, action: Action) -> None:
    assert mq_reasons.reason(code).action is action


def test_a_sentence_names_the_thing_what_is_wrong_and_what_to_do() -> None:
    said = mq_reasons.sentence(
        "queue ORDERS.OUT on QM1", 2035, doing="to get", remedy="grant GET to user bridge"
    )
    assert said == (
        "queue ORDERS.OUT on QM1: not authorised to get (2035 MQRC_NOT_AUTHORIZED): grant GET to user bridge"
    )


def test_an_unlisted_code_is_told_by_its_number() -> None:
    assert "(9999)" in mq_reasons.sentence("queue X on QM1", 9999)


def test_names_are_mqs_own() -> None:
    constants = load_binding("ibmmq").constants
    named = {code: mq_reasons.reason(code).name for code in range(2000, 2600) if mq_reasons.reason(code).name}
    assert len(named) > 60
    for code, name in named.items():
        assert getattr(constants, f"MQRC_{name}") == code
