"""Breaks a point in a way: a rule at the proxy or the queue manager, and what brings the call about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.assembly import BESIDE
from mock_mq.running import RunningQueueManager
from tests.fixtures.fault_proxy import FaultProxy, Rule
from tests.torture.cells import Deed, Point
from tests.torture.plan import QUEUE_MANAGER
from tests.torture.routes import IN, LEDGER, OUT, Route

_ALWAYS = 10_000
_LATE = 1.5
_A_WHILE = 1.0
"""Seconds: of a slow answer; and of a queue manager's absence."""
_SLOW = 20_000
"""Bytes a second."""
_NONSENSE = b"<html><body>It works!</body></html>"

_MQ: dict[Deed, tuple[str, dict[str, Any]]] = {
    Deed.KILL_BEFORE: ("delay", {"seconds": 60.0}),
    Deed.KILL_AFTER: ("silence", {}),
    Deed.DROP_BEFORE: ("drop", {}),
    Deed.DROP_AFTER: ("drop-after", {}),
    Deed.HANG: ("silence", {}),
    Deed.SLOW: ("delay", {"seconds": _LATE}),
    Deed.HALF: ("half", {}),
    Deed.NONSENSE: ("wrong", {}),
}
_CODES: dict[Deed, dict[str, tuple[int, str]]] = {
    Deed.THROTTLED: {
        "sns": (429, "Throttled"),
        "sqs": (400, "ThrottlingException"),
        "s3": (503, "SlowDown"),
    },
    Deed.FAILING: dict.fromkeys(("sns", "sqs", "s3"), (500, "InternalError")),
    Deed.UNAVAILABLE: dict.fromkeys(("sns", "sqs", "s3"), (503, "ServiceUnavailable")),
    Deed.EXPIRED: {
        "sns": (403, "ExpiredToken"),
        "sqs": (403, "ExpiredToken"),
        "s3": (400, "ExpiredToken"),
    },
    Deed.DENIED: {
        "sns": (403, "AuthorizationError"),
        "sqs": (403, "AccessDenied"),
        "s3": (403, "AccessDenied"),
    },
    Deed.KMS: {
        "sns": (400, "KMSAccessDenied"),
        "sqs": (400, "KmsAccessDenied"),
        "s3": (400, "KMS.DisabledException"),
    },
    Deed.GONE: {
        "sns": (404, "NotFound"),
        "sqs": (400, "com.amazonaws.sqs#QueueDoesNotExist"),
        "s3": (404, "NoSuchBucket"),
    },
    Deed.SKEW: {
        "sns": (403, "SignatureDoesNotMatch"),
        "sqs": (403, "SignatureDoesNotMatch"),
        "s3": (403, "RequestTimeTooSkewed"),
    },
    # S3 has no body to answer a put with: what says 200 has stored it.
    Deed.NONSENSE: {"sns": (200, ""), "sqs": (200, ""), "s3": (502, "")},
}
"""What AWS answers with, by service."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A point that is broken until `mend` is called. `lasts` is in seconds; 0 where it is up to the calls."""

    happened: Callable[[], int]
    mends: Sequence[Callable[[], None]] = field(repr=False)
    lasts: float = 0.0

    def mend(self) -> None:
        """Puts all of it right."""
        for each in self.mends:
            each()


def break_at(
    point: Point,
    deed: Deed,
    route: Route,
    proxy: FaultProxy,
    *,
    reason: int = 0,
    places: Sequence[int] = (),
    times: int = 1,
) -> Broken:
    """Breaks it for the next `times` calls; calls that are seldom made are brought about."""
    if point.call == QUEUE_MANAGER:
        return _break_queue_manager(deed, route.queue_manager)
    if point.is_mq:
        return _break_mq(point, deed, route, proxy, reason=reason, times=times)
    return _break_aws(point, deed, route, proxy, places=places, times=times)


def _break_mq(
    point: Point, deed: Deed, route: Route, proxy: FaultProxy, *, reason: int, times: int
) -> Broken:
    mq = route.queue_manager
    do, rule = ("fail", {"reason": reason}) if deed is Deed.ERROR else _MQ[deed]
    number = mq.fault(do, call=point.call, queue=_queue(point), times=times, **rule)
    mends = [lambda: mq.mend(number)]
    if point.call in ("MQCONN", "MQOPEN"):
        # One of a further connection's has none made anew: until it is the first's.
        first = mq.fault("drop", call="MQCMIT", times=1 + BESIDE)
        mends.append(lambda: mq.mend(first))
    elif point.call == "MQBACK" and point.route == "in":
        first = mq.fault("fail", call="MQPUT", queue=IN, reason=2053, times=1)
        mends.append(lambda: mq.mend(first))
    elif point.call == "MQBACK":
        # Until the route has no tries left, however many requests it has under way.
        mends.append(_ended(proxy.answer("PublishBatch", status=500, code="InternalError", times=_ALWAYS)))
        return Broken(lambda: mq.happened(number), mends, _A_WHILE)
    return Broken(lambda: mq.happened(number), mends)


def _queue(point: Point) -> str:
    if point.special == "ledger":
        return LEDGER
    return {"MQGET": OUT, "MQPUT": IN, "MQOPEN": OUT if point.route == "out" else IN}.get(point.call, "*")


def _break_aws(
    point: Point, deed: Deed, route: Route, proxy: FaultProxy, *, places: Sequence[int], times: int
) -> Broken:
    call = point.call
    where = {"large": route.payloads, "hopeless": route.letters}.get(point.special, "")
    rule: Rule
    match deed:
        case Deed.ERROR:
            rule = proxy.answer(call, status=point.status, code=point.code, times=times, where=where)
        case Deed.DROP_BEFORE | Deed.DROP_AFTER:
            rule = proxy.drop(call, after=deed is Deed.DROP_AFTER, times=times, where=where)
        case Deed.KILL_BEFORE | Deed.KILL_AFTER | Deed.HANG:
            rule = proxy.silence(call, after=deed is not Deed.KILL_BEFORE, times=times, where=where)
        case Deed.SLOW:
            rule = proxy.delay(call, seconds=_LATE, times=times, where=where)
        case Deed.HALF:
            rule = proxy.cut(call, times=times, where=where)
        case Deed.PARTIAL:
            failed = dict.fromkeys(places, ("InternalError", False))
            rule = proxy.fail_entries(call, failed, times=times)
        case _:
            status, code = _CODES[deed][_service(call)]
            body = b"" if code else _NONSENSE
            rule = proxy.answer(call, status=status, code=code, body=body, times=times, where=where)
    return Broken(lambda: rule.happened, [_ended(rule)])


def _service(call: str) -> str:
    if call == "PublishBatch":
        return "sns"
    return "s3" if call.endswith("Object") else "sqs"


def _ended(rule: Rule) -> Callable[[], None]:
    def end() -> None:
        rule.left = 0

    return end


def _break_queue_manager(deed: Deed, mq: RunningQueueManager) -> Broken:
    unlimited = mq.core.definition.max_connections

    def happened() -> int:
        return 1

    match deed:
        case Deed.DROP_BEFORE:
            mq.restart()
            return Broken(happened, ())
        case Deed.ERROR:
            mq.quiesce()
            return Broken(happened, (mq.restart,), _A_WHILE)
        case Deed.GONE:
            mq.stop()
            return Broken(happened, (mq.start,), _A_WHILE)
        case Deed.SLOW:
            mq.slow(_SLOW)
            return Broken(happened, (lambda: mq.slow(0),), _A_WHILE)
        case _:
            mq.limit_connections(0)
            mq.restart()
            return Broken(happened, (lambda: mq.limit_connections(unlimited),), _A_WHILE)
