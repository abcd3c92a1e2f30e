"""AWS as a process of its own: what a bridge asks of SNS, SQS, S3 and STS, each answer a fixed time late.

`python -m benchmarks.aws_stub` prints its ports once it listens. Any topic, queue and bucket is there. What
is published is noted by its number and thrown away; queues hold what `fill` and `offer` put there. Nothing is
authenticated. Times are monotonic seconds, which the processes of a machine share.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from benchmarks import control
from benchmarks.arrivals import Arrivals
from benchmarks.bodies import DIGITS, Bodies, serial_of
from benchmarks.http_server import Connection, Request, Response, header
from benchmarks.pacing import offer

ACCOUNT = "123456789012"
INLINE = 262_144
"""Bytes of the longest body that is in a message itself; others are in S3, with a pointer to them."""
_ACTION = re.compile(rb"Action=(\w+)")
_TOPIC = re.compile(rb"TopicArn=[^&]*%3A([^&]+)")
_IDS = re.compile(rb"\.Id=([^&]+)")
# A number, or a pointer. Each pattern begins with letters, which is what makes it quick.
_MESSAGES = re.compile(rb"Message=(?:(\d{12})|%5B[^&]*s3Key%22%3A\+?%22([^&]+?)%22)")
_MESSAGE_ID = b"00000000-0000-0000-0000-000000000000"
_JSON = b"application/x-amz-json-1.0"
_POINTER = "software.amazon.payloadoffloading.PayloadS3Pointer"
_THROTTLED = Response(
    b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttled</Code><Message>Rate exceeded</Message></Error>"
    b"<RequestId>0</RequestId></ErrorResponse>",
    429,
)
_WHO = Response(
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>" % ACCOUNT.encode()
)


@dataclass
class Quota:
    """So many messages a second, and at most those of one second at once."""

    rate: float
    _left: float = 0.0
    _at: float = field(default_factory=time.monotonic)

    def takes(self, messages: int) -> bool:
        """Whether so many more are within it; then they count."""
        now = time.monotonic()
        self._left = min(self.rate, self._left + (now - self._at) * self.rate)
        self._at = now
        if messages > self._left:
            return False
        self._left -= messages
        return True


@dataclass
class Queue:
    """An SQS queue: `waiting` are messages as ReceiveMessage tells them, `taken` those not deleted yet."""

    waiting: deque[tuple[str, bytes]] = field(default_factory=deque)
    taken: dict[str, bytes] = field(default_factory=dict)
    polls: deque[Callable[[], None]] = field(default_factory=deque)
    """Receives that wait: each takes what it may, or nothing where its client is gone."""

    def wake(self) -> None:
        """Gives what is waiting to those who wait for it."""
        while self.waiting and self.polls:
            self.polls.popleft()()

    def take(self, limit: int) -> list[bytes]:
        """Receives up to `limit` messages."""
        found = [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]
        self.taken.update(found)
        return [fragment for _, fragment in found]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever waits for an answer, which goes out when it is `due` and not before (the loop's seconds)."""

    connection: Connection
    loop: asyncio.AbstractEventLoop
    due: float

    @property
    def gone(self) -> bool:
        """Whether nobody waits any more."""
        return self.connection.gone

    def answer(self, response: Response) -> None:
        """Answers, now or later."""
        if self.due <= self.loop.time():
            self.connection.answer(response)
        else:
            self.loop.call_at(self.due, self.connection.answer, response)


class Stub:
    """See the module. `latency` is in seconds."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.requests: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By owner and operation."""
        self.published = Arrivals()
        self.deleted = Arrivals()
        self._quotas: dict[str, Quota] = {}
        self._queues: dict[str, Queue] = {}
        self._objects: dict[bytes, int] = {}
        """The number of each object that was put, by its key."""
        self._loop = asyncio.get_running_loop()

    @property
    def handlers(self) -> dict[str, control.Handler]:
        """What it can be told."""
        return {
            "set": self.set,
            "reset": self.reset,
            "requests": lambda owner: self.requests[owner],
            "fill": self.fill,
            "offer": self.offer,
            "published": self.published.wait,
            "deleted": self.deleted.wait,
            "published_at": self.published.times,
        }

    def set(self, latency: float, quotas: dict[str, float] | None = None) -> None:
        """The latency in seconds, and messages a second by topic or queue."""
        self.latency = latency
        self._quotas = {name: Quota(rate) for name, rate in (quotas or {}).items()}

    def reset(self) -> None:
        """Forgets what came."""
        self.requests.clear()
        self.published.reset()
        self.deleted.reset()
        self._objects.clear()

    def fill(self, queues: list[str], count: int, size: int, first: int) -> float:
        """Makes `count` messages in all visible at once, taking turns; returns when they were there."""
        bodies = Bodies(size)
        for number in range(count):
            name = queues[number % len(queues)]
            self._queue(name).waiting.append(_fragment(first + number, bodies, name))
        for name in queues:
            self._queue(name).wake()
        return time.monotonic()

    async def offer(self, queues: list[str], count: int, size: int, first: int, rate: float) -> list[float]:
        """The same at `rate` a second; returns when each became visible."""
        bodies = Bodies(size)

        def put(number: int) -> None:
            name = queues[number % len(queues)]
            self._queue(name).waiting.append(_fragment(first + number, bodies, name))
            self._queue(name).wake()

        return await offer(count, rate, put)

    def handle(self, request: Request, connection: Connection) -> None:
        """Follows a request; the answer goes out after the latency."""
        caller = Caller(connection, self._loop, self._loop.time() + self.latency)
        if target := header(request.head, b"x-amz-target"):
            self._sqs(target.rpartition(b".")[2].decode(), json.loads(request.body), caller)
        elif b"form-urlencoded" in header(request.head, b"content-type"):
            caller.answer(self._query(request.body))
        else:
            caller.answer(self._s3(request))

    def _count(self, name: str, operation: str) -> None:
        """Counts a request for the owner of a topic, queue or bucket: what its name begins with."""
        self.requests[name.partition("-")[0]][operation] += 1

    def _query(self, body: bytes) -> Response:
        found = _ACTION.search(body)
        action = found[1].decode() if found else ""
        if action == "GetCallerIdentity":
            return _WHO
        ids = _IDS.findall(body) if action == "PublishBatch" else []
        found = _TOPIC.search(body)
        topic = found[1].decode() if found else ""
        quota = self._quotas.get(topic)
        if quota and not quota.takes(len(ids) or 1):
            self._count(topic, "throttled")
            return _THROTTLED
        self._count(topic, f"sns.{action}")
        for serial, key in _MESSAGES.findall(body):
            self.published.add(int(serial) if serial else self._objects[unquote_to_bytes(key)])
        if action == "Publish":
            return Response(
                b"<PublishResponse><PublishResult><MessageId>%s</MessageId></PublishResult></PublishResponse>"
                % _MESSAGE_ID
            )
        members = b"".join(
            b"<member><Id>%s</Id><MessageId>%s</MessageId></member>" % (each, _MESSAGE_ID) for each in ids
        )
        return Response(
            b"<PublishBatchResponse><PublishBatchResult><Successful>%s</Successful><Failed/>"
            b"</PublishBatchResult></PublishBatchResponse>" % members
        )

    def _s3(self, request: Request) -> Response:
        method, path, _ = request.head.split(b" ", 2)
        key, _, query = path.partition(b"?")
        _, bucket, key = unquote_to_bytes(key).split(b"/", 2)
        self._count(bucket.decode(), f"s3.{method.decode()}")
        if method == b"PUT":
            if b"partNumber=" not in query or b"partNumber=1&" in query + b"&":
                self._objects[key] = serial_of(request.body)
            return Response()
        if method == b"POST":
            if query.startswith(b"uploads"):
                return Response(
                    b"<InitiateMultipartUploadResult><UploadId>0</UploadId></InitiateMultipartUploadResult>"
                )
            return Response(
                b'<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>'
            )
        if method == b"DELETE":
            return Response(status=204)
        serial, size = (int(each) for each in key.split(b"-"))
        if method == b"HEAD":
            return Response(length=size)
        number, rest = _bodies(size).halves(serial)
        return Response(number, kind=b"text/plain", rest=rest)

    def _sqs(self, action: str, asked: dict[str, Any], caller: Caller) -> None:
        name = asked.get("QueueName") or asked["QueueUrl"].rpartition("/")[2]
        self._count(name, f"sqs.{action}")
        queue = self._queue(name)
        match action:
            case "ReceiveMessage":
                self._receive(queue, asked, caller)
            case "DeleteMessage":
                self._delete(queue, asked["ReceiptHandle"])
                caller.answer(_json({}))
            case "DeleteMessageBatch":
                for each in asked["Entries"]:
                    self._delete(queue, each["ReceiptHandle"])
                caller.answer(_each_successful(asked["Entries"]))
            case "SendMessage" | "SendMessageBatch":
                entries = asked.get("Entries", [asked])
                for each in entries:
                    self._sent(each["MessageBody"])
                caller.answer(_json({"MessageId": "0"}) if entries == [asked] else _each_successful(entries))
            case "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch":
                entries = asked.get("Entries", [asked])
                for each in entries:
                    self._change(queue, each["ReceiptHandle"], each["VisibilityTimeout"])
                caller.answer(_each_successful(entries))
            case "GetQueueUrl":
                caller.answer(_json({"QueueUrl": f"http://127.0.0.1/{ACCOUNT}/{name}"}))
            case "GetQueueAttributes":
                caller.answer(_json({"Attributes": {"VisibilityTimeout": "30"}}))
            case _:
                caller.answer(_json({"__type": "UnsupportedOperation", "message": action}, status=400))

    def _receive(self, queue: Queue, asked: dict[str, Any], caller: Caller) -> None:
        limit = asked.get("MaxNumberOfMessages", 1)

        def take() -> None:
            if not caller.gone:
                found = b",".join(queue.take(limit))
                caller.answer(Response(b'{"Messages":[%s]}' % found, kind=_JSON))

        def end() -> None:
            if take in queue.polls:
                queue.polls.remove(take)
                take()

        wait = asked.get("WaitTimeSeconds", 0)
        if wait and not queue.waiting:
            queue.polls.append(take)
            self._loop.call_later(wait, end)
        else:
            take()

    def _sent(self, body: str) -> None:
        if body.startswith("["):  # a pointer
            self.published.add(self._objects[json.loads(body)[1]["s3Key"].encode()])
        else:
            self.published.add(int(body[:DIGITS]))

    def _delete(self, queue: Queue, receipt: str) -> None:
        if queue.taken.pop(receipt, None) is not None:
            self.deleted.add(int(receipt))

    def _change(self, queue: Queue, receipt: str, seconds: int) -> None:
        """Makes a message visible again where that is asked for at once; a time-out never ends here."""
        if not seconds and (fragment := queue.taken.pop(receipt, None)) is not None:
            queue.waiting.append((receipt, fragment))
            queue.wake()

    def _queue(self, name: str) -> Queue:
        return self._queues.setdefault(name, Queue())


def _json(told: object, status: int = 200) -> Response:
    return Response(json.dumps(told).encode(), status, _JSON)


def _each_successful(entries: list[dict[str, Any]]) -> Response:
    return _json({"Successful": [{"Id": each.get("Id", "0")} for each in entries], "Failed": []})


_bodies = lru_cache(maxsize=4)(Bodies)


def bucket_of(owner: str) -> str:
    """Where an owner's large bodies are."""
    return f"{owner}-payloads"


def _fragment(serial: int, bodies: Bodies, queue: str) -> tuple[str, bytes]:
    """A message's receipt handle, and the message as ReceiveMessage tells it."""
    number, rest = bodies.halves(serial)
    attributes: dict[str, Any] = {}
    if (size := len(number) + len(rest)) > INLINE:
        pointer = {"s3BucketName": bucket_of(queue.partition("-")[0]), "s3Key": f"{serial}-{size}"}
        attributes = {"ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(size)}}
        body = json.dumps([_POINTER, pointer])
    else:
        body = (number + rest).decode()
    message = {
        "MessageId": f"{serial:012d}",
        "ReceiptHandle": str(serial),
        "MD5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "Body": body,
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))},
        "MessageAttributes": attributes,
    }
    return str(serial), json.dumps(message).encode()


async def _serve() -> None:
    stub = Stub()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stub.handle), "127.0.0.1", 0, backlog=512)
    port = await control.serve(stub.handlers)
    listening = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"aws-stub: listening on {listening}, told what to do on {port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
