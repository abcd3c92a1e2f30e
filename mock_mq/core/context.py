"""Who put a message, where and when: the descriptor's context fields, and who may say so himself.

As in "Message context" and MQPMO's context options in the IBM MQ documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from mock_mq.constants import OpenOption, PutOption, Reason
from mock_mq.errors import MQError
from mock_mq.wire.structures import MessageDescriptor

_PASS = PutOption.PASS_IDENTITY_CONTEXT | PutOption.PASS_ALL_CONTEXT
_SET = PutOption.SET_IDENTITY_CONTEXT | PutOption.SET_ALL_CONTEXT
_ALL = _PASS | _SET | PutOption.DEFAULT_CONTEXT | PutOption.NO_CONTEXT
# What each asks of the MQOPEN: any of these, since the stronger options imply the weaker.
_ASKED: dict[PutOption, tuple[int, Reason]] = {
    PutOption.PASS_IDENTITY_CONTEXT: (
        OpenOption.PASS_IDENTITY_CONTEXT
        | OpenOption.PASS_ALL_CONTEXT
        | OpenOption.SET_IDENTITY_CONTEXT
        | OpenOption.SET_ALL_CONTEXT,
        Reason.NOT_OPEN_FOR_PASS_IDENT,
    ),
    PutOption.PASS_ALL_CONTEXT: (
        OpenOption.PASS_ALL_CONTEXT | OpenOption.SET_ALL_CONTEXT,
        Reason.NOT_OPEN_FOR_PASS_ALL,
    ),
    PutOption.SET_IDENTITY_CONTEXT: (
        OpenOption.SET_IDENTITY_CONTEXT | OpenOption.SET_ALL_CONTEXT,
        Reason.NOT_OPEN_FOR_SET_IDENT,
    ),
    PutOption.SET_ALL_CONTEXT: (OpenOption.SET_ALL_CONTEXT, Reason.NOT_OPEN_FOR_SET_ALL),
}
_IDENTITY = ("user", "accounting_token", "application_identity")
_ORIGIN = ("application_type", "application_name", "put_date", "put_time", "application_origin")
_NONE = MessageDescriptor()
_OPTIONS_KEPT = 256  # whose check went well: a program's are the same call by call


@lru_cache(16)
def _at(second: int) -> tuple[str, str]:
    """PutDate, and PutTime without its hundredths."""
    when = datetime.fromtimestamp(second, UTC)
    return f"{when:%Y%m%d}", f"{when:%H%M%S}"


@dataclass(frozen=True, slots=True)
class Putter:
    """Who is connected: a user, the program's name and its type (MQAT_*)."""

    user: str
    application: str
    application_type: int

    def context(self, now: float) -> MessageDescriptor:
        """A descriptor with the context of a message put at `now`, seconds since the epoch."""
        hundredths = _hundredths(now)
        date, time = _at(hundredths // 100)
        return _NONE.but(
            user=self.user[:12],
            application_type=self.application_type,
            application_name=self.application[:28],
            put_date=date,
            put_time=f"{time}{hundredths % 100:02d}",
        )


def _hundredths(seconds: float) -> int:
    return round(seconds * 1_000_000) // 10_000


@lru_cache(_OPTIONS_KEPT)
def check(wanted: int, opened: int) -> None:
    """Raises 2093, 2094, 2095 or 2096 where the handle was not opened for this option."""
    for option, (any_of, reason) in _ASKED.items():
        if wanted & option and not opened & any_of:
            raise MQError(reason)


@lru_cache(_OPTIONS_KEPT)
def passes(wanted: int) -> bool:
    """Whether the context is another message's. Raises 2046 for two context options at once."""
    if (wanted & _ALL).bit_count() > 1:
        raise MQError(Reason.OPTIONS_ERROR, "more than one context option")
    return bool(wanted & _PASS)


def fields(wanted: int, putter: Putter, now: float, passed: MessageDescriptor | None) -> Mapping[str, object]:
    """The context fields that the descriptor of a message put at `now` does not have from the program.

    `passed` is the message whose context is passed on, where one is.
    """
    if passed is None:
        return _own_fields(wanted & _ALL, putter, _hundredths(now))
    return _fields(wanted, putter.context(now), passed)


@lru_cache(64)
def _own_fields(wanted: int, putter: Putter, hundredths: int) -> Mapping[str, object]:
    """What is the same for all that is put in a hundredth of a second."""
    return _fields(wanted, putter.context(hundredths / 100), None)


def _fields(wanted: int, own: MessageDescriptor, passed: MessageDescriptor | None) -> Mapping[str, object]:
    identity = origin = own
    if wanted & PutOption.NO_CONTEXT:
        identity = origin = _NONE
    elif passed is not None:
        identity = passed
        origin = passed if wanted & PutOption.PASS_ALL_CONTEXT else own
    filled: dict[str, object] = {}
    if not wanted & _SET:
        filled |= {name: getattr(identity, name) for name in _IDENTITY}
    if not wanted & PutOption.SET_ALL_CONTEXT:
        filled |= {name: getattr(origin, name) for name in _ORIGIN}
    return filled
