"""The bridge's HTTP port: a page, /healthz, /readyz, /metrics. Read only; no body and no secret in it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

import structlog

from bridge.errors import Stop
from bridge.metrics import CONTENT_TYPE, text
from bridge.view import View

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 16
_PATIENCE = 5.0
"""Seconds that a client may take over its request."""
_LOOK_EVERY = 0.1
"""Seconds between two looks at whether to stop."""

HEALTH, READINESS, METRICS = "/healthz", "/readyz", "/metrics"
_ROUTES = "/routes"
"""What the page shows."""
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "frame-ancestors 'none'"
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: str, port: int, view: View) -> None:
        self.view = view
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)
        if ":" in address:
            self.address_family = socket.AF_INET6
        super().__init__((address, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers on a thread of its own, or not at all where too many are under way."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As it is called on that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no event."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    server_version = "bridge"
    sys_version = ""

    def do_GET(self) -> None:
        """Answers one request."""
        path = self.path.partition("?")[0]
        if path == HEALTH:
            stuck = self.server.view.stuck()
            self._json({"alive": not stuck, "stuck": stuck}, well=not stuck)
        elif path == READINESS:
            report = self.server.view.report()
            self._json(report, well=report["ready"])
        elif path == METRICS:
            self._send(HTTPStatus.OK, CONTENT_TYPE, text(self.server.view))
        elif path == _ROUTES:
            self._json(self.server.view.details(), well=True)
        elif path in _PAGE:
            name, kind = _PAGE[path]
            self._send(HTTPStatus.OK, kind, files("bridge").joinpath("page", name).read_bytes())
        else:
            known = ["/", HEALTH, READINESS, METRICS]
            self._send(HTTPStatus.NOT_FOUND, "application/json", json.dumps({"paths": known}).encode())

    do_HEAD = do_GET  # noqa: N815 - as above

    def _json(self, content: Any, *, well: bool) -> None:
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        self._send(status, "application/json", json.dumps(content).encode() + b"\n")

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Says nothing: whoever asks is asked every few seconds."""


@contextmanager
def serving(address: str, port: int, view: View) -> Iterator[int]:
    """Serves until left; gives the port. Raises `Stop` where it can't be opened."""
    try:
        server = _Server(address, port, view)
    except OSError as e:
        raise Stop(
            f"http: can't listen on {address}:{port}: {e.strerror}: give another http.port (0 takes any), "
            "or an http.address of this machine's"
        ) from None
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_EVERY,), name="http", daemon=True)
        thread.start()
        log.info("http_listening", address=address, port=server.server_port)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
