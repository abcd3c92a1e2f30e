"""A sink in front of one or several others: changes each message, then chooses where it goes."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable, Sequence

from bridge.errors import Away, MappingError
from bridge.message import Fault, Message, Rejection
from bridge.ports import Sink
from bridge.shaping import facts
from bridge.shaping.change import Change
from bridge.shaping.pattern import Pattern

NOWHERE = "none of the route's destinations takes it: add one without `when`, or mend theirs"


def chosen(patterns: Sequence[Pattern | None], message: Message) -> int:
    """Which is the first to match, or to take them all (None); raises `MappingError` where none does."""
    known: facts.Known = {}
    for place, pattern in enumerate(patterns):
        if pattern is None or facts.matches(pattern, message, known):
            return place
    raise MappingError(NOWHERE)


class ChoosingSink:
    """Changes messages and delivers each to the one of its destinations that it is for. A `Sink`.

    `choose` says which that is, or raises `MappingError`. One that is away keeps nobody from the others,
    within a unit of work. A message that no destination takes, or that can't be changed, is rejected.
    """

    def __init__(
        self, sinks: Sequence[Sink], choose: Callable[[Message], int], change: Change | None = None
    ) -> None:
        self._sinks = sinks
        self._choose = choose
        self._change = change
        self._memo: dict[int, tuple[weakref.ref[Message], Message | None, int]] = {}
        """What became of messages that are still held by somebody: sinks know them by identity."""

    @property
    def name(self) -> str:
        """All of theirs."""
        return " or ".join(sink.name for sink in self._sinks)

    def connect(self) -> None:
        """Connects them all; raises `Away` for the first that is."""
        for sink in self._sinks:
            sink.connect()

    def group_of(self, message: Message) -> str:
        """The group at the destination that it is for."""
        try:
            changed, place = self._shaped(message)
        except MappingError:
            return ""
        group = self._sinks[place].group_of(changed)
        return f"{place}:{group}" if group else ""

    def has(self, message: Message) -> bool:
        """Whether the destination that it is for has it."""
        try:
            changed, place = self._shaped(message)
        except MappingError:
            return False
        return self._sinks[place].has(changed)

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """As the port says."""
        outcomes: list[Rejection | None] = [None] * len(messages)
        parts: defaultdict[int, list[tuple[int, Message]]] = defaultdict(list)
        for index, message in enumerate(messages):
            try:
                changed, place = self._shaped(message)
            except MappingError as e:
                outcomes[index] = Rejection(str(e), Fault.MESSAGE)
            else:
                parts[place].append((index, changed))
        away: list[Away] = []
        for place, part in parts.items():
            try:
                found = self._sinks[place].deliver([changed for _, changed in part])
            except Away as e:
                away.append(e)
                found = [Rejection(str(e), Fault.DESTINATION, slowly=e.slowly)] * len(part)
            for (index, _), outcome in zip(part, found, strict=True):
                outcomes[index] = outcome
        if away and len(away) == len(parts):
            raise away[0]
        return outcomes

    def close(self) -> None:
        """Closes them all."""
        for sink in self._sinks:
            sink.close()

    def _shaped(self, message: Message) -> tuple[Message, int]:
        """The message as changed, and its destination's place; raises `MappingError`."""
        key, memo = id(message), self._memo
        if key not in memo:
            changed = self._change.made_in(message) if self._change else message
            place = self._choose(changed)
            # Not the message itself, which nobody would forget then.
            kept = None if changed is message else changed
            memo[key] = (weakref.ref(message, lambda _: memo.pop(key, None)), kept, place)
        _, kept, place = memo[key]
        return kept or message, place
