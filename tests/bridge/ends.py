"""A source, a sink and dead letters in memory: they implement the ports and can be told to fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bridge.errors import Away
from bridge.message import DeadLetter, Delivery, Descriptor, Message, Rejection

Outcome = Rejection | None


def message(number: int) -> Message:
    return Message(f"message {number}".encode(), Descriptor(message_id=number.to_bytes(24, "big")))


@dataclass
class MemorySource:
    """What is backed out comes again with a count one higher. Errors are raised once each."""

    waiting: deque[Delivery] = field(default_factory=deque)
    taken: list[Delivery] = field(default_factory=list)
    gone: list[Delivery] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    connect_errors: deque[Exception] = field(default_factory=deque)
    commit_errors: deque[Exception] = field(default_factory=deque)
    commit_takes_effect: bool = False
    after_take: Callable[[], None] = lambda: None
    closed: int = 0
    name: str = "mq:TEST"

    @classmethod
    def of(cls, *messages: Message, deliveries: int = 0) -> MemorySource:
        return cls(deque(Delivery(each, deliveries, each.body.decode()) for each in messages))

    def connect(self) -> None:
        if self.connect_errors:
            raise self.connect_errors.popleft()

    def take(self, limit: int) -> Sequence[Delivery]:
        assert not self.taken, "a unit of work is open"
        while self.waiting and len(self.taken) < limit:
            self.taken.append(self.waiting.popleft())
        if self.taken:
            self.units.append(len(self.taken))
        self.after_take()
        return list(self.taken)

    def commit(self) -> None:
        if self.commit_errors:
            error = self.commit_errors.popleft()
            if self.commit_takes_effect:
                self.gone += self.taken
                self.taken = []
            else:
                self.back_out()
            raise error
        self.gone += self.taken
        self.taken = []

    def back_out(self) -> None:
        again = [replace(each, deliveries=each.deliveries + 1) for each in self.taken]
        self.waiting.extendleft(reversed(again))
        self.taken = []

    def close(self) -> None:
        self.back_out()
        self.closed += 1


@dataclass
class MemorySink:
    """Takes everything, but for what `verdict` says of a message at its nth try (from 1).

    `groups` gives a message its group; by default none has one. `tells` says that it knows what it took.
    Errors are raised once each.
    """

    verdict: Callable[[Message, int], Outcome | Away] = lambda _message, _attempt: None
    arrived: list[Message] = field(default_factory=list)
    calls: list[list[Message]] = field(default_factory=list)
    groups: Callable[[Message], str] = lambda _message: ""
    tells: bool = False
    name: str = "sns:test"
    connects: int = 0
    connect_errors: deque[Exception] = field(default_factory=deque)
    closed: int = 0
    _tries: dict[bytes, int] = field(default_factory=dict)

    def connect(self) -> None:
        self.connects += 1
        if self.connect_errors:
            raise self.connect_errors.popleft()

    def group_of(self, message: Message) -> str:
        return self.groups(message)

    def has(self, message: Message) -> bool:
        return self.tells and message in self.arrived

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        self.calls.append(list(messages))
        outcomes: list[Outcome] = []
        for each in messages:
            attempt = self._tries[each.body] = self._tries.get(each.body, 0) + 1
            verdict = self.verdict(each, attempt)
            if isinstance(verdict, Away):
                raise verdict
            if verdict is None:
                self.arrived.append(each)
            outcomes.append(verdict)
        return outcomes

    def close(self) -> None:
        self.closed += 1


@dataclass
class MemoryDeadLetters:
    """Keeps letters, unless it is away."""

    letters: list[DeadLetter] = field(default_factory=list)
    errors: deque[Exception] = field(default_factory=deque)

    def keep(self, letter: DeadLetter) -> str:
        if self.errors:
            raise self.errors.popleft()
        self.letters.append(letter)
        return f"memory://{len(self.letters)}"
