"""Sequences of calls: three clients, two handles each, on queues of different kinds."""

from __future__ import annotations

import random
from typing import Any

from mock_mq.constants import GetOption, OpenOption, PutOption, QueueType
from mock_mq.core import QueueDefinition

Step = dict[str, Any]
"""A call: the `client` that makes it, what to `do`, the `slot` its handle is in, and its arguments."""
Outcome = dict[str, Any]
"""What it was answered: the `reason`, and of a message got what a program would look at."""

QUEUES = (
    QueueDefinition("ONE", default_priority=4),
    QueueDefinition("SMALL", max_depth=3, default_persistence=1),
    QueueDefinition("FIFO", priority_sequence=False),
    QueueDefinition("SOLE", shareable=False),
    QueueDefinition("OTHER.NAME", QueueType.ALIAS, target="ONE", default_priority=6),
)
CLIENTS = 3
_NAMES = (*("ONE",) * 4, *("SMALL",) * 2, "FIFO", "SOLE", "OTHER.NAME", "NONE")
_ALL = OpenOption.INPUT_SHARED | OpenOption.BROWSE | OpenOption.OUTPUT | OpenOption.INQUIRE | OpenOption.SET
_OPEN = (
    *(int(_ALL),) * 6,
    int(OpenOption.INPUT_EXCLUSIVE | OpenOption.OUTPUT | OpenOption.INQUIRE),
    int(OpenOption.INPUT_AS_Q_DEF | OpenOption.BROWSE),
    int(OpenOption.BROWSE),
    int(OpenOption.OUTPUT | OpenOption.INQUIRE),
)
_GET = (
    *(0,) * 4,
    int(GetOption.BROWSE_FIRST),
    *(int(GetOption.BROWSE_NEXT),) * 2,
    int(GetOption.MSG_UNDER_CURSOR),
    int(GetOption.BROWSE_MSG_UNDER_CURSOR),
)
BROWSES = GetOption.BROWSE_FIRST | GetOption.BROWSE_NEXT | GetOption.BROWSE_MSG_UNDER_CURSOR
_IDS = ("", "", "", "", "", "a1", "b2")


def identifier(short: str) -> str:
    """24 bytes in hexadecimal digits; zeros for an empty one."""
    return (short or "00") * 24


def sequence(seed: int, length: int) -> list[Step]:
    """The sequence of that seed: every client opens a queue first."""
    chance = random.Random(seed)
    steps = [_opening(chance, client, 0) for client in range(CLIENTS)]
    while len(steps) < length:
        step = _step(chance)
        steps.append(step | {"client": chance.randrange(CLIENTS), "slot": chance.choice("0001")})
    return steps


def _opening(chance: random.Random, client: int, slot: int) -> Step:
    return {
        "client": client,
        "slot": str(slot),
        "do": "open",
        "queue": chance.choice(_NAMES),
        "options": chance.choice(_OPEN),
    }


def _step(chance: random.Random) -> Step:
    kind = chance.choices(
        ("put", "get", "put1", "open", "close", "commit", "backout", "depth", "inhibit", "reconnect"),
        (30, 34, 3, 6, 3, 8, 8, 5, 3, 2),
    )[0]
    step: Step = {"do": kind}
    if kind == "open":
        step |= {"queue": chance.choice(_NAMES), "options": chance.choice(_OPEN)}
    if kind == "put1":
        step["queue"] = chance.choice(_NAMES)
    if kind in ("put", "put1"):
        step |= {
            "body": chance.randbytes(chance.choice((0, 3, 8, 40))).hex(),
            "priority": chance.choice((-1, 0, 4, 9)),
            "persistence": chance.choice((0, 1, 2)),
            "messageId": identifier(chance.choice(_IDS)),
            "correlationId": identifier(chance.choice(_IDS)),
            "options": int(chance.choice((PutOption.SYNCPOINT, PutOption.NO_SYNCPOINT))),
        }
    if kind == "get":
        options = chance.choice(_GET)
        if not options & BROWSES:
            options |= chance.choice((GetOption.SYNCPOINT, GetOption.NO_SYNCPOINT))
        if chance.random() < 0.2:
            options |= GetOption.ACCEPT_TRUNCATED_MSG
        step |= {
            "options": int(options),
            "messageId": identifier(chance.choice(_IDS)),
            "correlationId": identifier(chance.choice(_IDS)),
            "room": chance.choice((100, 100, 100, 5)),
        }
    if kind == "inhibit":
        step |= {"which": chance.choice(("get", "put")), "value": chance.choice((0, 0, 1))}
    return step
