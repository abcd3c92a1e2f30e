"""The console's port: whom it answers, and what."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_mq.console import Console
from mock_mq.running import RunningQueueManager

QUEUE = "DEV.QUEUE.1"


def ask(
    console: Console, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, Any, http.client.HTTPMessage]:
    where = urlsplit(console.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port or 0, timeout=10)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    is_json = answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(content) if is_json else content.decode(), answer.headers


def post(console: Console, path: str, asked: Any, **headers: str) -> tuple[int, Any]:
    token = {"X_Mock_MQ_Token": console.token} | headers
    status, told, _ = ask(console, "POST", path, json.dumps(asked).encode(), **token)
    return status, told


def test_it_listens_on_loopback_only(console: Console) -> None:
    assert console.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_a_foreign_name_that_leads_here_gets_nothing(console: Console, host: str) -> None:
    for method in ("GET", "POST"):
        status, told, _ = ask(console, method, "/api/state", b"{}", Host=host)
        assert (status, list(told)) == (403, ["error"])


def test_a_foreign_page_gets_nothing(console: Console) -> None:
    assert ask(console, "GET", "/api/state", Origin="http://evil.example")[0] == 403


def test_a_change_needs_the_pages_token(console: Console, queue_manager: RunningQueueManager) -> None:
    queue_manager.put(QUEUE, "kept")
    assert post(console, f"/api/queues/{QUEUE}/clear", {}, X_Mock_MQ_Token="guess")[0] == 403
    assert queue_manager.depth(QUEUE) == 1
    assert post(console, f"/api/queues/{QUEUE}/clear", {}) == (200, {"removed": 1})


def test_nothing_but_the_page_itself_may_run_in_it(console: Console) -> None:
    status, page, headers = ask(console, "GET", "/")
    assert status == 200
    assert console.token in page
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/queues/NO.SUCH/messages", 409),
        (f"/api/queues/{QUEUE}/messages?start=x", 400),
        (f"/api/queues/{QUEUE}/messages/99", 409),
        ("/api/nothing", 404),
        ("/../server.py", 404),
        ("/page/index.html", 404),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(console: Console, path: str, status: int) -> None:
    answered, told, _ = ask(console, "GET", path)
    assert answered == status
    assert told["error"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"text": "x", "ccsid": 4711}, 400),
        ({"text": "ł", "ccsid": 819}, 400),
        ({"text": "x", "ccsid": "many"}, 400),
        ([], 400),
        ({"text": "x", "format": "MQSTR"}, 200),
    ],
)
def test_what_cannot_be_put_is_refused(console: Console, asked: Any, status: int) -> None:
    assert post(console, f"/api/queues/{QUEUE}/messages", asked)[0] == status


def test_a_long_queue_comes_in_pages_and_a_long_body_in_part(
    console: Console, queue_manager: RunningQueueManager
) -> None:
    for number in range(150):
        queue_manager.put(QUEUE, bytes([number]) * (200_000 if number == 0 else 1))
    first, second = (
        ask(console, "GET", f"/api/queues/{QUEUE}/messages?start={start}")[1] for start in (0, 100)
    )
    assert (len(first["messages"]), first["more"]) == (100, True)
    assert (len(second["messages"]), second["more"]) == (50, False)
    number = first["messages"][0]["number"]
    message = ask(console, "GET", f"/api/queues/{QUEUE}/messages/{number}")[1]
    assert (message["length"], message["shown"], len(message["rows"])) == (200_000, 65_536, 4096)
