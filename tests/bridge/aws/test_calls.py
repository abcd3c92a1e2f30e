"""Calls over real connections: kept open, timed, over TLS, through proxies, and what goes wrong with them."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.awsrequest import AWSPreparedRequest

from bridge.aws.session import Clients, TimeOuts
from bridge.aws.sns import SnsTopic
from bridge.errors import Stop
from bridge.message import Descriptor, Fault, Message
from tests.fixtures.aws import Aws
from tests.fixtures.certificates import Certificates

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
MANY = 60


def messages(count: int) -> list[Message]:
    return [Message(b"%d" % number, Descriptor(format="MQSTR")) for number in range(count)]


def confirmed(body: bytes) -> bytes:
    """PublishBatch's answer to a request of as many entries."""
    taken = b"".join(b"<member><Id>%d</Id></member>" % place for place in range(body.count(b".Id=")))
    answer = b"<%s><PublishBatchResult><Successful>%s</Successful></PublishBatchResult></%s>"
    return answer % (b"PublishBatchResponse", taken, b"PublishBatchResponse")


def silent(over: threading.Event) -> None:
    over.wait(30)


def plainly(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    told = confirmed(body)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(told)))
    handler.end_headers()
    handler.wfile.write(told)


@dataclass
class Sns:
    """Where requests go: an HTTP server that notes them. `answer` answers one."""

    port: int
    answer: Callable[[BaseHTTPRequestHandler, bytes], None] = plainly
    requests: list[Mapping[str, str]] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released whenever a connection's handler has ended."""


@contextmanager
def serving(context: ssl.SSLContext | None = None, protocol: str = "HTTP/1.1") -> Iterator[Sns]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
            found.connections.add(self.client_address)
            found.answer(self, body)

        def log_message(self, *_args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def process_request_thread(self, request: object, client_address: object) -> None:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
            found.ended.release()

        def handle_error(self, *_args: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        found = Sns(server.server_port)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture
def sns(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sns]:
    with serving() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{found.port}")
        yield found


@pytest.fixture
def secure(certificates: Certificates, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sns]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)
    with serving(context) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{found.port}")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificates.ca))
        yield found


def publish(*, read: float = 3.0, count: int = 1, topic: SnsTopic | None = None) -> Sequence[object]:
    return (topic or SnsTopic(Clients(time_outs=TimeOuts(connect=2, read=read)), TOPIC)).deliver(
        messages(count)
    )


def refusal(**more: float) -> str:
    """Why a message did not go, which is not its own fault."""
    topic = SnsTopic(Clients(time_outs=TimeOuts(connect=2, **more)), TOPIC)
    [found] = topic.deliver(messages(1))
    assert found
    assert found.fault is Fault.DESTINATION
    return found.reason


def test_connections_are_kept_and_no_more_are_made_than_are_used_at_a_time(sns: Sns) -> None:
    topic = SnsTopic(Clients(), TOPIC)
    for _ in range(5):
        assert publish(topic=topic, count=MANY) == [None] * MANY
    assert len(sns.requests) == 30
    assert len(sns.connections) <= 6


def test_a_connection_that_was_closed_there_is_not_used_again(sns: Sns) -> None:
    def last(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        plainly(handler, body)
        handler.close_connection = True  # unsaid, as by a server that has waited for long enough

    sns.answer = last
    topic = SnsTopic(Clients(), TOPIC)
    for _ in range(3):
        assert publish(topic=topic) == [None]
        assert sns.ended.acquire(timeout=10)
    assert len(sns.connections) == len(sns.requests) == 3


def test_a_server_that_keeps_no_connections_is_served(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(protocol="HTTP/1.0") as sns:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{sns.port}")
        topic = SnsTopic(Clients(), TOPIC)
        for _ in range(2):
            assert publish(topic=topic, count=MANY) == [None] * MANY


def test_an_answer_in_chunks_is_read(sns: Sns) -> None:
    def in_chunks(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for byte in confirmed(body):
            handler.wfile.write(b"1\r\n%c\r\n" % byte)
        handler.wfile.write(b"0\r\n\r\n")

    sns.answer = in_chunks
    topic = SnsTopic(Clients(), TOPIC)
    for _ in range(2):
        assert publish(topic=topic) == [None]
    assert len(sns.connections) == 1


def test_requests_that_are_never_answered_cost_the_time_of_one(sns: Sns) -> None:
    topic = SnsTopic(Clients(time_outs=TimeOuts(read=1)), TOPIC)
    assert publish(topic=topic) == [None]
    over = threading.Event()
    sns.answer = lambda _handler, _body: silent(over)
    began = time.monotonic()
    outcomes = topic.deliver(messages(100))
    took = time.monotonic() - began
    over.set()
    assert {each.fault for each in outcomes if each} == {Fault.DESTINATION}
    assert len([each for each in outcomes if each]) == 100
    assert 1 <= took < 5


def test_one_that_is_never_answered_spoils_none_of_those_beside_it(sns: Sns) -> None:
    topic = SnsTopic(Clients(time_outs=TimeOuts(read=1)), TOPIC)
    assert publish(topic=topic) == [None]
    over = threading.Event()

    def mostly(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if b".Message=5&" in body:
            silent(over)
        else:
            plainly(handler, body)

    sns.answer = mostly
    outcomes = topic.deliver(messages(MANY))
    over.set()
    assert outcomes[10:] == [None] * (MANY - 10)
    assert {each.fault for each in outcomes[:10] if each} == {Fault.DESTINATION}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", "broke off"),
        (b"", "broke off"),
        (b"SSH-2.0-secret\r\n", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", "can't be read; is it AWS"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n<html>secret</html>", "can't be read; is it AWS"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 6\r\n\r\nsecret", "can't be read; is it AWS"),
        (b"HTTP/1.1 302 Found\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nsecret...", "can't be read"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "refused with 503"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n", "broke off"),
    ],
)
def test_what_is_no_answer_of_awss_is_said_and_not_quoted(sns: Sns, told: bytes, reason: str) -> None:
    def raw(handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        handler.wfile.write(told)
        handler.close_connection = True

    sns.answer = raw
    topic = SnsTopic(Clients(time_outs=TimeOuts(read=2)), TOPIC)
    [found] = topic.deliver(messages(1))
    assert found
    assert reason in found.reason
    assert "secret" not in found.reason
    assert sns.ended.acquire(timeout=10)
    sns.answer = plainly
    assert publish(topic=topic) == [None]


def test_over_tls_the_endpoint_is_who_it_says(secure: Sns) -> None:
    topic = SnsTopic(Clients(), TOPIC)
    for _ in range(3):
        assert publish(topic=topic, count=MANY) == [None] * MANY
    assert len(secure.connections) <= 6


def test_an_endpoint_that_nobody_vouches_for_gets_nothing(
    secure: Sns, other_certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(other_certificates.ca))
    assert "SSLError" in refusal()
    monkeypatch.delenv("AWS_CA_BUNDLE")
    assert "SSLError" in refusal()
    assert secure.requests == []


def test_an_endpoint_of_another_name_gets_nothing(secure: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost.localdomain:{secure.port}")
    # A proxy by which any name leads to this machine.
    with tunnelling(certain=("127.0.0.1", secure.port)) as through:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{through.port}")
        assert "SSLError" in refusal()
    assert secure.requests == []


def test_an_endpoint_that_is_not_there_is_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert f'Could not connect to the endpoint URL: "{url}' in refusal()


@dataclass
class Through:
    """A proxy, and what it was asked."""

    port: int
    asked: list[bytes] = field(default_factory=list)


@contextmanager
def tunnelling(certain: tuple[str, int] | None = None, *, refuses: bool = False) -> Iterator[Through]:
    """A proxy that opens tunnels, to where it is asked or a `certain` place, and passes on other requests."""

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client, ExitStack() as stack:
            head = client.recv(65_536)
            through.asked.append(head)
            target = head.split(b" ")[1].decode()
            place = target.removeprefix("http://").split("/")[0].split(":")
            if refuses:
                client.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
                return
            server = stack.enter_context(socket.create_connection(certain or (place[0], int(place[1]))))
            if head.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 200 Go on\r\n\r\n")
            else:
                server.sendall(head)
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65_536)
                    if not data:
                        return
                    (server if ready is client else client).sendall(data)

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        through = Through(listening.getsockname()[1])
        threading.Thread(target=accept, daemon=True).start()
        yield through
        listening.shutdown(socket.SHUT_RDWR)


def test_through_a_proxy_what_is_encrypted_stays_so(secure: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnelling() as through:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass%20word@127.0.0.1:{through.port}")
        assert publish(count=MANY) == [None] * MANY
    told = base64.b64encode(b"user:pass word")
    assert through.asked
    for each in through.asked:
        assert each.startswith(f"CONNECT localhost:{secure.port} HTTP/1.".encode())
        assert b"Proxy-Authorization: Basic " + told in each
        assert b"Message" not in each
    assert not any("proxy-authorization" in each for each in secure.requests)
    assert len(secure.requests) == 6


def test_a_proxy_that_reads_is_asked_for_the_whole_url(sns: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnelling() as through:
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{through.port}")
        monkeypatch.setenv("NO_PROXY", "elsewhere")
        assert publish() == [None]
    assert through.asked[0].startswith(f"POST http://127.0.0.1:{sns.port}/ HTTP/1.1\r\n".encode())


def test_what_is_excepted_goes_through_no_proxy(sns: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert publish() == [None]


def test_a_proxy_that_refuses_is_named_without_its_password(
    secure: Sns, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tunnelling(refuses=True) as through:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{through.port}")
        reason = refusal()
    assert f'Failed to connect to proxy URL: "http://127.0.0.1:{through.port}"' in reason
    assert "secret" not in reason


def test_a_proxy_over_tls_is_refused_with_what_to_do(secure: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://user:secret@proxy.example:3129")
    with pytest.raises(Stop, match=r"^proxy https://proxy\.example: .*over http only.*NO_PROXY") as stop:
        SnsTopic(Clients(), TOPIC).connect()
    assert "secret" not in str(stop.value)


def test_a_request_says_who_asks_and_carries_a_sessions_token(
    sns: Sns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-token")
    assert publish() == [None]
    [request] = sns.requests
    assert "Boto3/" in request["user-agent"]
    assert "ibmmq-aws-bridge/" in request["user-agent"]
    assert request["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in request["authorization"].partition("SignedHeaders=")[2]
    assert request["host"] == f"127.0.0.1:{sns.port}"


def test_without_credentials_nothing_is_sent(sns: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no usable credentials (NoCredentialsError" in refusal()
    assert sns.requests == []


def test_what_is_sent_is_counted_as_boto3s_calls_are(sns: Sns) -> None:
    clients = Clients()
    SnsTopic(clients, TOPIC).deliver(messages(25))
    assert clients.requests == {"sns.PublishBatch": 3}


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize("variable", ["", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
@pytest.mark.parametrize("service", ["sns", "sqs"])
def test_an_endpoint_is_the_one_that_boto3_sends_to(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, service: str, variable: str, region: str
) -> None:
    class Seen(Exception):
        """Nothing is sent."""

    def see(request: AWSPreparedRequest, **_: object) -> None:
        raise Seen(request.url)

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    if variable:
        monkeypatch.setenv(variable, "true")
    clients = Clients(region=region)
    client = clients.sns() if service == "sns" else clients.sqs()
    client.meta.events.register("before-send", see)
    asked = {"sns": ("publish", {"TopicArn": TOPIC}), "sqs": ("get_queue_url", {"QueueName": "orders"})}
    operation, told = asked[service]
    with pytest.raises(Seen) as seen:
        getattr(client, operation)(**told)
    assert str(seen.value).rstrip("/") == client.meta.endpoint_url
