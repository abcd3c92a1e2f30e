"""What a route is made of: a source, a sink, and a place for dead letters.

A further system is one new module that implements `Source` or `Sink`; the pump knows neither MQ nor AWS.
Every method may raise `Away` or `Stop` (bridge.errors) and nothing else for a fault of the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.message import DeadLetter, Delivery, Message, Rejection


class Source(Protocol):
    """Where messages come from, a unit of work at a time. Used by one thread."""

    @property
    def name(self) -> str:
        """For logs and dead letters: `mq:ORDERS.OUT`, `sqs:orders-in`."""
        ...

    def connect(self) -> None:
        """Connects and opens what is not so already; called before every unit of work."""
        ...

    def take(self, limit: int) -> Sequence[Delivery]:
        """Takes up to `limit` messages into a new unit of work; empty when none came within the wait.

        Waits for the first message only. The unit stays open until `commit` or `back_out`. More may be taken
        in hand meanwhile, as many as the next unit may have.
        """
        ...

    def commit(self) -> None:
        """Ends the unit of work: its messages are gone from the source for good.

        Raises `Away` when the outcome is unknown: the messages may be handed out again. Where that takes
        requests of its own they may be under way yet: what fails of them a later `take` raises, and hands out
        again as `arrived`; `close` waits for them.
        """
        ...

    def back_out(self) -> None:
        """Ends the unit of work: its messages go back. Never raises: a lost connection does so by itself."""
        ...

    def close(self) -> None:
        """Backs out what is open and closes. Never raises; `connect` may follow."""
        ...


class Sink(Protocol):
    """Where messages go. Used by one thread."""

    @property
    def name(self) -> str:
        """For logs and dead letters: `sns:arn:...`, `sqs:orders`, `mq:ORDERS.IN`."""
        ...

    def connect(self) -> None:
        """Connects and opens what is not so already; called before every unit of work."""
        ...

    def group_of(self, message: Message) -> str:
        """Messages of one group arrive in the order in which they were taken; "" where order is no matter."""
        ...

    def has(self, message: Message) -> bool:
        """Whether it arrived earlier, as far as the destination can tell: False where it can't."""
        ...

    def deliver(self, messages: Sequence[Message]) -> Sequence[Rejection | None]:
        """Tries each message once; None for one that the destination has confirmed, in the same order.

        Raises `Away` only where the destination has confirmed none of them.
        """
        ...

    def close(self) -> None:
        """Closes. Never raises; `connect` may follow."""
        ...


class DeadLetters(Protocol):
    """Where messages are set aside. Shared by threads."""

    def keep(self, letter: DeadLetter) -> str:
        """Keeps the letter and returns where, for the log; raises `Away` when it is not safely kept."""
        ...
