"""Takes up credentials that were changed where they are kept, without a restart and without a loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event

import structlog

from bridge.access import Access
from bridge.credentials import Credentials
from bridge.errors import Away, Stop
from bridge.gate import Gate
from bridge.key_repository import KeyRepository

log = structlog.get_logger(__name__)

_LET_GO_WITHIN = 30.0
"""Seconds that routes are given to finish what they have in hand."""
_SAY_AGAIN_AFTER = 60.0

Read = Callable[[], Credentials | None]
"""Reads and checks the credentials; raises `Away` where they can't be had now, `Stop` where they are bad."""
Prepare = Callable[[Credentials | None], KeyRepository | None]
"""Makes a key repository of them; raises `Stop` where that can't be."""


class Rotation:
    """Looks `every` so many seconds. What is found is used if it can be; else what was in use stays so."""

    def __init__(self, read: Read, prepare: Prepare, access: Access, gate: Gate, *, every: float) -> None:
        self._read = read
        self._prepare = prepare
        self._access = access
        self._gate = gate
        self._every = every
        self._said = ("", 0.0)

    def run(self, stop: Event) -> None:
        """Looks until `stop` is set. Never raises."""
        while not stop.wait(self._every):
            try:
                self.look()
            except Exception as e:  # noqa: BLE001 - a bug of ours must not end the looking
                # Not its text, which may quote a secret.
                self._say("credentials_not_read", f"internal error: {type(e).__name__}")

    def look(self) -> None:
        """Looks once."""
        try:
            found = self._read()
            if found == self._access.credentials:
                self._said = ("", 0.0)
                return
            keys = self._prepare(found)
        except Away as e:
            self._say("credentials_not_read", str(e))
            return
        except Stop as e:
            self._say("credentials_refused", str(e))
            return
        began = time.monotonic()
        with self._gate.closed(_LET_GO_WITHIN) as late:
            # One that could not be backed out is not ended, though its route has come to the gate.
            free = not late and not self._access.connections
            if free:
                self._access.change(found, keys)
        if not free:
            if keys:
                keys.close()
            self._say("credentials_change_waits", _why(late))
            return
        until = found.valid_until() if found else None
        log.info(
            "credentials_changed",
            valid_until=until.isoformat() if until else None,
            after_seconds=round(time.monotonic() - began, 2),
        )

    def _say(self, event: str, reason: str) -> None:
        """Logs it; the same only once a minute."""
        said, when = self._said
        now = time.monotonic()
        if said != event + reason or now - when >= _SAY_AGAIN_AFTER:
            log.error(event, reason=reason, note="the credentials in use stay so")
            self._said = (event + reason, now)


def _why(late: Sequence[str]) -> str:
    if late:
        return f"in a call that has not returned for {_LET_GO_WITHIN:.0f} s: {', '.join(late)}"
    return "the queue manager does not back out a unit of work, so that its connection can't be ended"
