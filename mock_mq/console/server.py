"""The console's HTTP port. It answers its own page only: by host, by origin, and with a token for changes."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mock_mq.console import views
from mock_mq.core import QueueManager
from mock_mq.errors import MQError

log = logging.getLogger(__name__)

_PATIENCE = 5.0  # seconds that a browser may take over a request, and the queue manager over an answer
_LOOK_EVERY = 0.1  # seconds between two looks at whether to stop
_LONGEST_REQUEST = 1_048_576
_PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/console.js": ("console.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
Question = Callable[[QueueManager], Any]


class Console:
    """The console of a queue manager whose event loop is `loop`; anything it asks is asked there.

    `host` and `port` are where it listens: a port of 0 takes any free one. Raises `OSError` where it can't.
    """

    def __init__(
        self,
        queue_manager: QueueManager,
        loop: asyncio.AbstractEventLoop,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._queue_manager = queue_manager
        self._loop = loop
        self.token = secrets.token_urlsafe(32)
        self._server = _Server(self, host, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LOOK_EVERY,), name="console", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """What to type into a browser."""
        host, port = self._server.server_address[:2]
        name = host.decode() if isinstance(host, bytes | bytearray) else str(host)
        return f"http://{f'[{name}]' if ':' in name else name}:{port}/"

    def hosts(self) -> tuple[str, ...]:
        """The names that a browser may call it by."""
        own = urlsplit(self.url)
        return tuple(f"{name}:{own.port}" for name in (*_LOOPBACK, str(own.netloc.rpartition(":")[0])))

    def ask(self, question: Question) -> Any:
        """What `question` makes of the queue manager, asked on its thread; raises what it raises."""

        async def answer() -> Any:
            return question(self._queue_manager)

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result(_PATIENCE)

    def close(self) -> None:
        """Closes the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_PATIENCE)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, console: Console, host: str, port: int) -> None:
        self.console = console
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no event."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    server_version = "mock-mq"
    sys_version = ""

    def do_GET(self) -> None:
        """The page, or what it asks for."""
        if not self._is_ours():
            return
        path, query = self._parts()
        if "/".join(["", *path]) in _PAGE:
            self._page("/".join(["", *path]))
        elif path == ["api", "state"]:
            self._answer(views.queues)
        elif len(path) == 4 and path[:2] == ["api", "queues"] and path[3] == "messages":
            start = query.get("start", "0")
            if start.isdecimal():
                self._answer(lambda core: views.messages(core, path[2], int(start)))
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, "start is no number")
        elif len(path) == 5 and path[:2] == ["api", "queues"] and path[4].isdecimal():
            self._answer(lambda core: views.message(core, path[2], int(path[4])))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing by that name")

    def do_POST(self) -> None:
        """A change: asked for by the page, with its token."""
        if not self._is_ours():
            return
        token = self.headers.get("X-Mock-MQ-Token", "")
        if not hmac.compare_digest(token.encode(), self.server.console.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "not asked by this console's own page: load it again")
            return
        asked = self._body()
        path, _ = self._parts()
        if asked is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "not JSON, or longer than 1 MiB")
        elif len(path) == 4 and path[:2] == ["api", "queues"] and path[3] == "messages":
            self._answer(lambda core: views.put(core, path[2], asked))
        elif len(path) == 4 and path[:2] == ["api", "queues"] and path[3] == "clear":
            self._answer(lambda core: views.clear(core, path[2]))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing by that name")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests are no events."""

    def _is_ours(self) -> bool:
        """Whether a browser means this console: a foreign name leads here too, if its owner says so."""
        host = self.headers.get("Host", "")
        origin = self.headers.get("Origin")
        ours = self.server.console.hosts()
        if host in ours and origin in (None, f"http://{host}"):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, f"this console is not {host!r}")
        return False

    def _parts(self) -> tuple[list[str], dict[str, str]]:
        split = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        return [unquote(part) for part in split.path.split("/")[1:]], query

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_REQUEST:
            return None
        try:
            asked = json.loads(self.rfile.read(int(length)))
        except ValueError:
            return None
        return asked if isinstance(asked, dict) else None

    def _page(self, path: str) -> None:
        name, kind = _PAGE[path]
        content = files("mock_mq.console").joinpath("page", name).read_bytes()
        if path == "/":
            content = content.replace(b"{{token}}", self.server.console.token.encode())
        self._send(HTTPStatus.OK, kind, content)

    def _answer(self, question: Question) -> None:
        try:
            answer = self.server.console.ask(question)
        except MQError as e:
            self._refuse(HTTPStatus.CONFLICT, str(e))
        except (ValueError, TypeError) as e:
            self._refuse(HTTPStatus.BAD_REQUEST, str(e))
        except TimeoutError:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "the queue manager does not answer")
        else:
            self._send(HTTPStatus.OK, "application/json", json.dumps(answer).encode())

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, "application/json", json.dumps({"error": why}).encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
