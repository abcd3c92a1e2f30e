"""The test stand: a queue manager and an AWS emulator behind faults, and the bridge as a process between."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_mq.running import RunningQueueManager
from tests.fixtures.aws import Aws
from tests.fixtures.bridge import RunningBridge, StartBridge, eventually
from tests.fixtures.fault_proxy import FaultProxy
from tests.system.ends import send
from tests.torture.cells import Cell, Deed, Verdict

OUT, IN, LEDGER = "OUT", "IN", "LEDGER"
_POINTER = "software.amazon.payloadoffloading.PayloadS3Pointer"
_LARGE = 3_000  # characters: over the threshold of 1 KiB
_TOO_LARGE = {"out": 300_000, "in": 60_000}  # more than SNS takes without offload, and than the MQ queue does
LONGEST = 50_000
"""The MAXMSGL of the queue that messages go to."""
_MQ = {
    Deed.KILL_BEFORE: ("delay", {"seconds": 60.0}),
    Deed.KILL_AFTER: ("silence", {}),
    Deed.DROP_BEFORE: ("drop", {}),
    Deed.DROP_AFTER: ("drop-after", {}),
    Deed.HANG: ("silence", {}),
}


@dataclass(frozen=True)
class Stand:
    """All that a cell needs; each is the cell's own but for the emulator."""

    aws: Aws
    proxy: FaultProxy
    queue_manager: RunningQueueManager
    start_bridge: StartBridge

    def try_out(self, cell: Cell) -> tuple[Verdict, frozenset[str]]:
        """Breaks it, lets the bridge come back, and says what was found; and what had to be set aside."""
        started_at = time.monotonic()
        route = _Out(self) if cell.point.route == "out" else _In(self)
        texts = {f"{cell} {number}" for number in range(3)}
        special = f"{cell} {cell.point.special}".ljust(_LARGE, ".") if cell.point.special == "large" else ""
        too_large = f"{cell} hopeless".ljust(_TOO_LARGE[cell.point.route], ".")
        hopeless = too_large if cell.point.special == "hopeless" else ""
        to_send = (*sorted(texts), *filter(None, (special, hopeless)))
        # The fault is for the call that has the messages, and not for one that looks whether there are any.
        if isinstance(route, _Out):
            bridge = self._start(route, cell)
            eventually(route.is_taking, what="the route to take")
            happened = self._break(cell)
            route.send(*to_send)
        else:
            happened = self._break(cell)
            route.send(*to_send)
            bridge = self._start(route, cell)
        eventually(lambda: happened() > 0, within=60, what=f"{cell}")
        if cell.deed.kills:
            bridge.close()
            bridge = self._start(route, cell)
        eventually(lambda: route.left() == 0, within=90, what=f"the source of {cell} to be empty")
        assert bridge.stop() == 0, bridge.output
        assert "Traceback" not in bridge.output
        arrived, aside = route.found(), self._set_aside(route.letters)
        sent = frozenset(to_send)
        verdict = Verdict(sent, arrived, aside, route.left(), happened(), time.monotonic() - started_at)
        return verdict, frozenset(filter(None, (hopeless,)))

    def _start(self, route: _Out | _In, cell: Cell) -> RunningBridge:
        offload = {"bucket": route.payloads, "threshold": 1024, "delete_after_delivery": True}
        # Without offload there is what is too large for SNS.
        top: dict[str, Any] = {} if cell.point.special == "hopeless" else {"offload": offload}
        # The shortest heartbeat: a queue manager that hangs is noticed after two of them.
        return self.start_bridge(
            self.queue_manager, route.settings, dead_letters=route.letters, heartbeat=1, **top
        )

    def _break(self, cell: Cell) -> Callable[[], int]:
        point, deed = cell.point, cell.deed
        if point.is_mq:
            do, rule = _MQ.get(deed, ("fail", {"reason": point.reason}))
            queue = {"MQGET": OUT, "MQPUT": IN}.get(point.call, "*")
            number = self.queue_manager.fault(do, call=point.call, queue=queue, times=1, **rule)
            return lambda: self.queue_manager.happened(number)
        before = self.proxy.count(point.call)
        if deed is Deed.ERROR:
            self.proxy.answer(point.call, status=point.status, code=point.code)
        elif deed in (Deed.DROP_BEFORE, Deed.DROP_AFTER):
            self.proxy.drop(point.call, after=deed is Deed.DROP_AFTER)
        else:
            self.proxy.silence(point.call, after=deed is not Deed.KILL_BEFORE)
        return lambda: self.proxy.count(point.call) - before

    def _set_aside(self, bucket: str) -> Counter[str]:
        """The dead letters that are complete, by their bodies."""
        places = [key.removesuffix("/letter.json") for key in self.aws.keys(bucket) if "letter" in key]
        for place in places:
            json.loads(self.aws.object(bucket, f"{place}/letter.json"))
        return Counter(self.aws.object(bucket, f"{place}/body").decode() for place in places)


class _Out:
    """MQ -> SNS, and a queue that has subscribed."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        topic, self._subscribed = stand.aws.make_topic()
        self.letters, self.payloads = stand.aws.make_bucket(), stand.aws.make_bucket()
        self.settings = {"name": "out", "from": {"mq": OUT}, "to": {"sns": topic}}

    def is_taking(self) -> bool:
        return bool(self._stand.queue_manager.calls("MQGET", OUT))

    def send(self, *texts: str) -> None:
        for text in texts:
            self._stand.queue_manager.put(OUT, text)

    def left(self) -> int:
        # Those in hand too, which CURDEPTH leaves out: they come back where their connection ends.
        return self._stand.queue_manager.ask(lambda core: sum(1 for _ in core.queue(OUT).messages()))

    def found(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for each in self._stand.aws.read_all(self._subscribed):
            found[self._text(each["Body"])] += 1
        return found

    def _text(self, body: str) -> str:
        if "S3BucketName" not in body and "s3BucketName" not in body:
            return body
        _, where = json.loads(body)
        return self._stand.aws.object(where["s3BucketName"], where["s3Key"]).decode()


class _In:
    """SQS -> MQ, with a ledger."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        # What a killed bridge had in hand comes again only after that time.
        self._incoming = stand.aws.make_queue(VisibilityTimeout="2")
        self.letters, self.payloads = stand.aws.make_bucket(), stand.aws.make_bucket()
        self.settings = {
            "name": "in",
            "from": {"sqs": self._incoming, "wait": 1},
            "to": {"mq": IN, "ledger": LEDGER},
        }

    def send(self, *texts: str) -> None:
        send(self._stand.aws, self._incoming, *(text for text in texts if len(text) != _LARGE))
        for text in (text for text in texts if len(text) == _LARGE):
            key = self._stand.aws.name("payload")
            self._stand.aws.s3.put_object(Bucket=self.payloads, Key=key, Body=text.encode())
            self._stand.aws.sqs.send_message(
                QueueUrl=self._incoming,
                MessageBody=json.dumps([_POINTER, {"s3BucketName": self.payloads, "s3Key": key}]),
                MessageAttributes={
                    "ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(text))}
                },
            )

    def left(self) -> int:
        return sum(self._stand.aws.counts(self._incoming))

    def found(self) -> Counter[str]:
        return Counter(each.data.decode() for each in self._stand.queue_manager.browse(IN))
