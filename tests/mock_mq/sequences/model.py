"""What IBM's documentation says that each call of a sequence is answered, in plain lists.

It knows nothing of mock_mq's own core: it looks for every message from the start, every time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from mock_mq.constants import GetOption, OpenOption, PutOption
from tests.mock_mq.sequences.steps import BROWSES, CLIENTS, Outcome, Step

_INPUT = OpenOption.INPUT_AS_Q_DEF | OpenOption.INPUT_SHARED | OpenOption.INPUT_EXCLUSIVE
_ZEROS = "00" * 24


@dataclass
class Message:
    body: bytes
    priority: int
    persistence: int
    message_id: str
    correlation_id: str
    number: int
    put_by: int | None = None
    """The client whose unit of work it was put in."""
    got_by: int | None = None
    backouts: int = 0


@dataclass
class Queue:
    priority: int = 0
    persistence: int = 0
    limit: int = 5000
    fifo: bool = False
    sole: bool = False
    no_get: bool = False
    no_put: bool = False
    messages: list[Message] = field(default_factory=list)

    def place(self, message: Message) -> tuple[int, int]:
        return (0 if self.fifo else -message.priority, message.number)

    def in_order(self) -> list[Message]:
        seen = [each for each in self.messages if each.put_by is None and each.got_by is None]
        return sorted(seen, key=self.place)

    @property
    def depth(self) -> int:
        return sum(each.got_by is None for each in self.messages)


@dataclass
class Handle:
    queue: Queue
    name: str
    options: int
    exclusive: bool
    cursor: tuple[int, int] = (-100, 0)


class Model:
    """Answers a sequence."""

    def __init__(self) -> None:
        one = Queue(priority=4)
        self.queues = {
            "ONE": one,
            "SMALL": Queue(limit=3, persistence=1),
            "FIFO": Queue(fifo=True),
            "SOLE": Queue(sole=True),
            "OTHER.NAME": one,
        }
        self.alias_priority = 6
        self.alias = {"no_get": False, "no_put": False}
        self.handles: list[dict[str, Handle]] = [{} for _ in range(CLIENTS)]
        self.numbers = count(1)

    def answer(self, step: Step) -> Outcome:
        handle = self.handles[step["client"]].get(step["slot"])
        needs_handle = step["do"] in ("close", "put", "get", "depth", "inhibit")
        if (needs_handle and handle is None) or (step["do"] == "open" and handle is not None):
            return {"skipped": True}
        outcome: Outcome = getattr(self, step["do"])(step, handle)
        return outcome

    def open(self, step: Step, _handle: None) -> Outcome:
        queue = self.queues.get(step["queue"])
        if queue is None:
            return {"reason": 2085}
        options = step["options"]
        exclusive = bool(options & OpenOption.INPUT_EXCLUSIVE) or queue.sole
        if options & _INPUT:
            others = [
                each
                for mine in self.handles
                for each in mine.values()
                if each.queue is queue and each.options & _INPUT
            ]
            if any(each.exclusive for each in others) or (exclusive and others):
                return {"reason": 2042}
        opened = Handle(queue, step["queue"], options, exclusive)
        self.handles[step["client"]][step["slot"]] = opened
        return {"reason": 0}

    def close(self, step: Step, _handle: Handle) -> Outcome:
        del self.handles[step["client"]][step["slot"]]
        return {"reason": 0}

    def put(self, step: Step, handle: Handle) -> Outcome:
        if not handle.options & OpenOption.OUTPUT:
            return {"reason": 2039}
        return self._put(step, handle.queue, handle.name)

    def put1(self, step: Step, _handle: object) -> Outcome:
        queue = self.queues.get(step["queue"])
        return {"reason": 2085} if queue is None else self._put(step, queue, step["queue"])

    def _put(self, step: Step, queue: Queue, name: str) -> Outcome:
        aliased = name == "OTHER.NAME"
        if queue.no_put or (aliased and self.alias["no_put"]):
            return {"reason": 2051}
        if queue.depth >= queue.limit:
            return {"reason": 2053}
        priority = step["priority"]
        if priority < 0:
            priority = self.alias_priority if aliased else queue.priority
        persistence = step["persistence"]
        if persistence == 2:
            persistence = 0 if aliased else queue.persistence
        unit = step["client"] if step["options"] & PutOption.SYNCPOINT else None
        number = next(self.numbers)
        own = step["messageId"]
        message_id = f"new {number}" if own == _ZEROS else own
        queue.messages.append(
            Message(
                bytes.fromhex(step["body"]), priority, persistence, message_id, step["correlationId"],
                number, unit,
            )
        )  # fmt: skip
        return {"reason": 0}

    def get(self, step: Step, handle: Handle) -> Outcome:
        options = step["options"]
        browses = bool(options & BROWSES)
        queue = handle.queue
        if not browses and not handle.options & _INPUT:
            return {"reason": 2037}
        if (browses or options & GetOption.MSG_UNDER_CURSOR) and not handle.options & OpenOption.BROWSE:
            return {"reason": 2036}
        if queue.no_get or (handle.name == "OTHER.NAME" and self.alias["no_get"]):
            return {"reason": 2016}
        candidates = queue.in_order()
        if options & (GetOption.MSG_UNDER_CURSOR | GetOption.BROWSE_MSG_UNDER_CURSOR):
            candidates = [each for each in candidates if queue.place(each) == handle.cursor]
            if not candidates:
                return {"reason": 2034}
        else:
            if options & GetOption.BROWSE_NEXT:
                candidates = [each for each in candidates if queue.place(each) > handle.cursor]
            candidates = [
                each
                for each in candidates
                if step["messageId"] in (_ZEROS, each.message_id)
                and step["correlationId"] in (_ZEROS, each.correlation_id)
            ]
            if not candidates:
                return {"reason": 2033}
        return self._got(step, handle, candidates[0])

    def _got(self, step: Step, handle: Handle, message: Message) -> Outcome:
        options, room = step["options"], step["room"]
        too_long = len(message.body) > room
        if too_long and not options & GetOption.ACCEPT_TRUNCATED_MSG:
            return {"reason": 2080}
        if options & BROWSES:
            handle.cursor = handle.queue.place(message)
        elif options & GetOption.SYNCPOINT:
            message.got_by = step["client"]
        else:
            handle.queue.messages.remove(message)
        return {
            "reason": 2079 if too_long else 0,
            "body": message.body[:room].hex(),
            "priority": message.priority,
            "persistence": message.persistence,
            "correlationId": message.correlation_id,
            "backouts": message.backouts,
        }

    def depth(self, _step: Step, handle: Handle) -> Outcome:
        if not handle.options & OpenOption.INQUIRE:
            return {"reason": 2038}
        return {"reason": 2068} if handle.name == "OTHER.NAME" else {"reason": 0, "depth": handle.queue.depth}

    def inhibit(self, step: Step, handle: Handle) -> Outcome:
        if not handle.options & OpenOption.SET:
            return {"reason": 2040}
        name = f"no_{step['which']}"
        if handle.name == "OTHER.NAME":
            self.alias[name] = bool(step["value"])
        else:
            setattr(handle.queue, name, bool(step["value"]))
        return {"reason": 0}

    def commit(self, step: Step, _handle: object) -> Outcome:
        for queue in self.queues.values():
            queue.messages = [each for each in queue.messages if each.got_by != step["client"]]
            for each in queue.messages:
                if each.put_by == step["client"]:
                    each.put_by = None
        return {"reason": 0}

    def backout(self, step: Step, _handle: object) -> Outcome:
        for queue in set(map(id, self.queues.values())):
            self._back_out(next(each for each in self.queues.values() if id(each) == queue), step["client"])
        return {"reason": 0}

    def _back_out(self, queue: Queue, client: int) -> None:
        queue.messages = [each for each in queue.messages if each.put_by != client]
        for each in queue.messages:
            if each.got_by == client:
                each.got_by = None
                each.backouts += 1

    def reconnect(self, step: Step, handle: object) -> Outcome:
        self.commit(step, handle)
        self.handles[step["client"]].clear()
        return {"reason": 0}
