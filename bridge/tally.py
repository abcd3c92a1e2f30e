"""What a route has done. Counted by the threads that move its messages, read by whoever watches."""

from __future__ import annotations

import threading
from dataclasses import dataclass

_COUNTING = threading.Lock()


@dataclass(slots=True)
class Tally:
    """What a route has done since it started; bytes are bodies'. Shared by threads.

    `messages` have left their source. `delivered` and `dead_letters` got a home, and come again where their
    unit of work was backed out after it. `retries` are deliveries tried again within their unit of work;
    `filtered` left their source and went nowhere, for the route's filter did not match them. `offloads` are
    bodies that went through S3, put there or fetched from there. `possible_duplicates` were delivered, but
    could not be deleted from their source.
    """

    units: int = 0
    messages: int = 0
    delivered: int = 0
    delivered_bytes: int = 0
    dead_letters: int = 0
    dead_letter_bytes: int = 0
    filtered: int = 0
    filtered_bytes: int = 0
    back_outs: int = 0
    retries: int = 0
    offloads: int = 0
    possible_duplicates: int = 0

    def commit(self, messages: int) -> None:
        """Counts a unit of work of so many messages that have left their source."""
        with _COUNTING:
            self.units += 1
            self.messages += messages

    def back_out(self) -> None:
        """Counts a unit of work that went back."""
        with _COUNTING:
            self.back_outs += 1

    def deliver(self, messages: int, size: int) -> None:
        """Counts so many that their destination has confirmed, and the bytes of their bodies."""
        with _COUNTING:
            self.delivered += messages
            self.delivered_bytes += size

    def set_aside(self, size: int) -> None:
        """Counts a dead letter, and the bytes of its body."""
        with _COUNTING:
            self.dead_letters += 1
            self.dead_letter_bytes += size

    def leave_out(self, messages: int, size: int) -> None:
        """Counts so many that the filter left out, and the bytes of their bodies."""
        with _COUNTING:
            self.filtered += messages
            self.filtered_bytes += size

    def count_retries(self, messages: int) -> None:
        """Counts so many deliveries that are tried again."""
        with _COUNTING:
            self.retries += messages

    def count_offload(self) -> None:
        """One more body that went through S3: for the route's ends, which alone see it."""
        with _COUNTING:
            self.offloads += 1

    def count_possible_duplicates(self, messages: int) -> None:
        """So many more were delivered and are still in their source: for the source, which alone sees it."""
        with _COUNTING:
            self.possible_duplicates += messages
