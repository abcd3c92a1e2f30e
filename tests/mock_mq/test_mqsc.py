"""MQSC lines: what they define, and what is said of those that can't be followed."""

from __future__ import annotations

import pytest

from mock_mq import mqsc
from mock_mq.constants import DefinitionType, QueueType
from mock_mq.core import Channel, Definition, QueueDefinition

NOTHING = Definition(queues=(), channels=())


def applied(*lines: str) -> Definition:
    return mqsc.apply("\n".join(lines), NOTHING)


def test_the_lines_that_people_have_are_followed() -> None:
    made = applied(
        "* what our payments need",
        "DEFINE QLOCAL(ORDERS.OUT) MAXDEPTH(20000) MAXMSGL(104857600) DEFPSIST(YES) +",
        "       BOTHRESH(3) BOQNAME(ORDERS.BACKOUT) DESCR('Orders, ''late'' ones too') REPLACE",
        "",
        "define ql('lower.case') put(disabled) get(enabled) noshare",
        "DEFINE QALIAS(ORDERS) TARGET(ORDERS.OUT)",
        "DEFINE QMODEL(REPLIES) DEFTYPE(PERMDYN);",
        "DEFINE CHANNEL(ORDERS.SVRCONN) CHLTYPE(SVRCONN) TRPTYPE(TCP) SSLCIPH(ANY_TLS12_OR_HIGHER) +",
        "       SSLPEER('CN=orders,O=Bank') MCAUSER('orders') MAXINST(10) SHARECNV(10)",
        "ALTER QMGR DEADQ(DEAD) MAXUMSGS(500)",
    )
    assert made.queues == (
        QueueDefinition(
            "ORDERS.OUT",
            max_depth=20_000,
            max_message_length=104_857_600,
            default_persistence=1,
            backout_threshold=3,
            backout_queue="ORDERS.BACKOUT",
            description="Orders, 'late' ones too",
        ),
        QueueDefinition("lower.case", put_inhibited=True, shareable=False),
        QueueDefinition("ORDERS", QueueType.ALIAS, target="ORDERS.OUT"),
        QueueDefinition("REPLIES", QueueType.MODEL, definition_type=DefinitionType.PERMANENT_DYNAMIC),
    )
    assert made.channels == (
        Channel(
            "ORDERS.SVRCONN",
            cipher_spec="ANY_TLS12_OR_HIGHER",
            peer_name="CN=orders,O=Bank",
            user="orders",
            max_instances=10,
        ),
    )
    assert (made.dead_letter_queue, made.max_uncommitted) == ("DEAD", 500)


def test_later_lines_alter_and_delete_what_earlier_ones_defined() -> None:
    made = applied(
        "DEFINE QLOCAL(A) MAXDEPTH(5)",
        "DEFINE QLOCAL(B)",
        "ALTER QLOCAL(A) GET(DISABLED)",
        "DELETE QLOCAL(B)",
    )
    assert made.queues == (QueueDefinition("A", max_depth=5, get_inhibited=True),)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["DEFINE QLOCAL(A)", "", "DEFINE QLOCAL(A)"], "line 3: QLOCAL(A) is defined already: add REPLACE"),
        (["ALTER QLOCAL(A) MAXDEPTH(1)"], "line 1: there is no QLOCAL(A) to alter: DEFINE it"),
        (["DELETE QLOCAL(A)"], "line 1: there is no QLOCAL(A) to delete"),
        (["DEFINE QLOCAL(A) MAXDEPTH(many)"], "line 1: MAXDEPTH(MANY) is not possible"),
        (["DEFINE QLOCAL(A) GET(PERHAPS)"], "line 1: GET(PERHAPS) is not possible"),
        (["DEFINE QLOCAL(A) COLOUR(RED)"], "line 1: COLOUR is no attribute known here"),
        (["DEFINE QALIAS(A)"], "line 1: QALIAS(A) has no TARGET(QUEUE)"),
        (["DEFINE QREMOTE(A) RNAME(B)"], "line 1: DEFINE QREMOTE is not known here"),
        (["DEFINE CHANNEL(A) CHLTYPE(SDR)"], "line 1: CHLTYPE(SDR): clients come in over SVRCONN"),
        (["DEFINE QLOCAL('has space')"], "line 1: QLOCAL(has space) has no name that MQ takes"),
        (["DEFINE QLOCAL(A) +"], "line 1: the text ends in the middle of a command"),
        (["DEFINE"], "line 1: 'DEFINE' is no command"),
        (["DEFINE QLOCAL(A) (("], "line 1: can't be read at"),
        (["START CHANNEL(A)"], "line 1: START CHANNEL is not known here"),
    ],
)
def test_the_first_line_that_can_not_be_followed_is_named_with_what_would_be_right(
    lines: list[str], told: str
) -> None:
    with pytest.raises(mqsc.MQSCError) as refused:
        applied(*lines)
    assert str(refused.value).startswith(told)
