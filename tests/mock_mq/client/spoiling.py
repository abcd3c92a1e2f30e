"""A server for tests: mock-mq's own session, whose replies are changed, held back or cut off on their way."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable

from mock_mq.core import Definition, QueueManager
from mock_mq.session import Session

Spoil = Callable[[int, bytes], bytes]
"""What to send in the place of a frame, given its number in the conversation from 1 on."""


class SpoilingServer:
    """One client at a time; each finds a queue manager of its own. `port` is on 127.0.0.1.

    Hangs up after frame number `last` of a conversation.
    """

    def __init__(self, spoil: Spoil, *, heartbeat: int = 300) -> None:
        self.spoil = spoil
        self.last = sys.maxsize
        self._heartbeat = heartbeat
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                with accepted, contextlib.suppress(OSError):
                    self._converse(accepted)

    def _converse(self, accepted: socket.socket) -> None:
        queue_manager = QueueManager(Definition(), time.time)
        session = Session(queue_manager, clock=time.monotonic, wake=lambda: None, heartbeat=self._heartbeat)
        number = 0
        while data := accepted.recv(65_536):
            session.receive(data)
            for frame in session.output():
                number += 1
                accepted.sendall(self.spoil(number, bytes(frame)))
                if number == self.last:
                    return
