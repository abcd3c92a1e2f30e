"""What connections to the queue manager are made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bridge.credentials import Credentials
from bridge.key_repository import KeyRepository


@dataclass(slots=True, repr=False)
class Access:
    """The credentials in use and their key repository; both change when they are rotated.

    `keys` is None for plain TCP, `credentials` for a channel that asks for none.
    """

    credentials: Credentials | None = None
    keys: KeyRepository | None = None
    connections: set[object] = field(default_factory=set)
    """Those that are not ended. While there is one, MQ's client goes on with what the first was made with."""

    def valid_until(self) -> datetime | None:
        """When the first of the certificates in use expires, CAs counted; None without any."""
        return self.credentials.valid_until() if self.credentials else None

    def change(self, credentials: Credentials | None, keys: KeyRepository | None) -> None:
        """Has connections from now on made with these; the key repository there was is removed."""
        before, self.credentials, self.keys = self.keys, credentials, keys
        if before:
            before.close()

    def close(self) -> None:
        """Removes the key repository."""
        self.change(None, None)
