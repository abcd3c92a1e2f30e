"""Message handles: properties on their way to a message or from one, kept in the client.

As in MQCRTMH, MQSETMP, MQINQMP and MQDLTMP of the IBM MQ documentation.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from mock_mq.constants import Reason
from mock_mq.errors import MQError
from mock_mq.wire.properties import Property, PropertyType, canonical

INQUIRE_NEXT, INQUIRE_UNDER_CURSOR = 0x8, 0x10
"""MQIMPO_INQ_*."""
_LONGEST_NAME = 4095
_NAME = re.compile(r"[^\W\d][\w$]*(\.[^\W\d][\w$]*)*")
_RESERVED = ("JMS", "usr.JMS")
_KEYWORDS = frozenset(["NULL", "TRUE", "FALSE", "NOT", "AND", "OR", "BETWEEN", "LIKE", "IN", "IS", "ESCAPE"])


class MessageHandle:
    """The properties of one message, by name, in the order in which they were set."""

    def __init__(self) -> None:
        self._properties: dict[str, Property] = {}
        self._last = ""

    def __iter__(self) -> Iterator[Property]:
        return iter(self._properties.values())

    def __bool__(self) -> bool:
        return bool(self._properties)

    def replace_all(self, properties: Iterable[Property]) -> None:
        """Has these and no others."""
        self._properties = {each.name: each for each in properties}
        self._last = ""

    def set(self, name: str, kind: PropertyType, value: object) -> None:
        """MQSETMP. Raises 2442 for a name that can't be."""
        known = _checked(name)
        for other in self._properties:
            # One can't be a folder and a value at once.
            if other.startswith(known + ".") or known.startswith(other + "."):
                raise MQError(Reason.PROPERTY_NAME_ERROR, f"{name}: there is {other}")
        self._properties[known] = Property(known, kind, value)  # type: ignore[arg-type]

    def delete(self, name: str) -> None:
        """MQDLTMP. Raises 2471 where there is none of that name."""
        if self._properties.pop(canonical(name), None) is None:
            raise MQError(Reason.PROPERTY_NOT_AVAILABLE, name)

    def inquire(self, name: str, options: int = 0) -> Property:
        """MQINQMP: the first property of a name, which may end in `%`, or the one after the last inquired.

        Raises 2471 where there is none (any more).
        """
        names = list(self._properties)
        start = 0
        if options & INQUIRE_UNDER_CURSOR:
            names = [each for each in names if each == self._last]
        elif options & INQUIRE_NEXT and self._last in names:
            start = names.index(self._last) + 1
        found = next((each for each in names[start:] if _fits(each, name)), None)
        if found is None:
            self._last = self._last if options & INQUIRE_NEXT else ""
            raise MQError(Reason.PROPERTY_NOT_AVAILABLE, name)
        self._last = found
        return self._properties[found]


class MessageHandles:
    """The message handles of a process; each belongs to a connection, and goes with it."""

    def __init__(self) -> None:
        self._handles: dict[int, tuple[int, MessageHandle]] = {}
        self._numbers = itertools.count(1)

    def create(self, connection: int) -> int:
        """MQCRTMH."""
        number = next(self._numbers)
        self._handles[number] = (connection, MessageHandle())
        return number

    def delete(self, number: int) -> None:
        """MQDLTMH; raises 2460."""
        if self._handles.pop(number, None) is None:
            raise MQError(Reason.HMSG_ERROR, str(number))

    def get(self, number: int) -> MessageHandle:
        """The handle of that number; raises 2460."""
        found = self._handles.get(number)
        if found is None:
            raise MQError(Reason.HMSG_ERROR, str(number))
        return found[1]

    def forget(self, connection: int) -> None:
        """A connection has ended, and its handles with it."""
        for number in [number for number, (owner, _) in self._handles.items() if owner == connection]:
            del self._handles[number]


def _checked(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise MQError(Reason.PROPERTY_NAME_TOO_BIG, f"{len(name)} characters")
    known = canonical(name)
    if not _NAME.fullmatch(known) or known.upper() in _KEYWORDS or name.startswith(_RESERVED):
        raise MQError(Reason.PROPERTY_NAME_ERROR, name)
    return known


def _fits(name: str, pattern: str) -> bool:
    if pattern in ("%", "usr.%"):
        return pattern == "%" or "." not in name
    if pattern.endswith(".%"):
        return name.startswith(pattern[:-1])
    return name == canonical(pattern)
